/** An Istio revision, compiled: everything that its pods share is worked out once, here. */
import { PatchProver } from '../../jsonpatch/prover.ts';
import type { IstioRevisionSpec, NativeSidecars } from '../../protocol.ts';
import { TemplateError } from '../../template/errors.ts';
import type { FuncMap } from '../../template/func.ts';
import { istioFuncs } from '../../template/funcs/istio.ts';
import type { JsonObject } from '../../template/value.ts';
import { YamlError } from '../../yaml/error.ts';
import { parseYaml } from '../../yaml/parse.ts';
import { compileOverlay, type Overlay } from '../overlay/overlay.ts';
import { CompileError, type CompileOptions, type CompileProblem } from '../provider.ts';
import type { RevisionRelease, ToldRelease } from '../release/told.ts';
import type { Selection } from './decide.ts';
import { type Features, featuresAt } from './features.ts';
import { CONFIG_FIELD, type InjectConfig, placeOfTemplate, readInjectConfig } from './inject-config.ts';
import { enablePrometheusMerge, inboundTrafficPolicyMode, type MeshConfig } from './mesh/config.ts';
import { effectiveMeshConfig } from './mesh/effective-mesh.ts';
import type { MergeMode } from './mesh/effective-proxy-config.ts';
import { MeshConfigError, problemText } from './mesh/mesh-error.ts';
import { ProtoJsonWriter } from './mesh/proto-json.ts';
import { ProxyConfigSource } from './mesh/proxy-config-source.ts';
import { nativeSetting } from './native-sidecars.ts';
import { stringAt } from './pod.ts';
import type { PostSettings } from './post-process.ts';
import { NEWEST_RELEASE, tellIstioRelease } from './releases.ts';
import type { TemplateChoice } from './select-templates.ts';
import { StatusEncoder } from './status.ts';
import { SHARED_FIELDS, type TemplateData, templateData } from './template-data.ts';
import { type AnnotationChecks, annotationChecks } from './validate-annotations.ts';
import { readValues, type Values, valuesEnv } from './values.ts';

export interface IstioRevision {
  readonly release: RevisionRelease;
  readonly warnings: readonly CompileProblem[];
  readonly features: Features;
  readonly nativeSidecars: NativeSidecars;
  readonly openShift: boolean;
  readonly values: Values;
  readonly selection: Selection;
  readonly choice: TemplateChoice;
  readonly overlays: ReadonlyMap<string, Overlay>;
  readonly proxyConfigs: ProxyConfigSource;
  readonly annotationChecks: AnnotationChecks;
  readonly data: TemplateData;
  readonly post: PostSettings;
  readonly prover: PatchProver;
}

const OPENSHIFT = 'openshift';
/** istiod's own variables for what a revision may say itself. */
const PLATFORM = 'PLATFORM';
const COMPLIANCE_POLICY = 'COMPLIANCE_POLICY';
const VALUES_FIELD = 'values';
const MESH_FIELD = 'meshConfig';
const RELEASE_FIELD = 'release';

/** Collects what is wrong with the three texts, so that all of it is told at once. */
class Problems {
  readonly list: CompileProblem[] = [];
  add(...problems: readonly CompileProblem[]): null {
    this.list.push(...problems);
    return null;
  }
}

function tellRelease(spec: IstioRevisionSpec, values: Values | null, problems: Problems): ToldRelease {
  const told = tellIstioRelease(spec.release, values?.tree ?? null);
  if (told !== undefined) return told;
  const message = `${JSON.stringify(spec.release)} is no release of Istio, such as 1.24.6 or 1.24`;
  problems.add({ code: 'RELEASE_INVALID', field: RELEASE_FIELD, message });
  return { release: NEWEST_RELEASE, warnings: [] };
}

function compileMesh(text: string, minor: number, problems: Problems): MeshConfig | null {
  try {
    return effectiveMeshConfig(text, minor);
  } catch (error) {
    if (!(error instanceof MeshConfigError)) throw error;
    return problems.add(
      ...error.problems.map((problem) => ({
        code: problem.code,
        field: MESH_FIELD,
        message: problemText(problem),
        ...(problem.line === undefined ? {} : { line: problem.line, column: problem.column ?? 1 }),
      })),
    );
  }
}

function compileValues(text: string, problems: Problems): Values | null {
  let tree: JsonObject;
  try {
    const value = parseYaml(text);
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      return problems.add({ code: 'VALUES_TYPE', field: VALUES_FIELD, message: 'the values must be a mapping' });
    }
    tree = value;
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    const place = error.line > 0 ? { line: error.line, column: Math.max(error.column, 1) } : {};
    return problems.add({ code: error.code, field: VALUES_FIELD, message: error.message, ...place });
  }
  const read = readValues(tree);
  problems.add(...read.problems);
  return read.values;
}

/** A template's own lines and columns, as those of the configuration that holds it. */
function templateProblem(config: string, name: string, text: string, error: TemplateError): CompileProblem {
  const problem = { code: error.code, field: CONFIG_FIELD, message: `templates.${name}: ${error.message}` };
  const place = error.line > 0 ? placeOfTemplate(config, name, text) : undefined;
  if (place === undefined) return problem;
  return { ...problem, line: place.line + error.line, column: place.indent + error.column };
}

function compileTemplates(
  spec: IstioRevisionSpec,
  templates: InjectConfig['templates'],
  funcs: FuncMap,
  { checked = false, budget }: CompileOptions,
  problems: Problems,
): ReadonlyMap<string, Overlay> {
  const overlays = new Map<string, Overlay>();
  for (const [name, text] of templates) {
    try {
      overlays.set(name, compileOverlay(text, funcs, { shared: SHARED_FIELDS, checked, budget }));
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      problems.add(templateProblem(spec.injectConfig, name, text, error));
    }
  }
  return overlays;
}

/**
 * Compiles a revision. Throws CompileError with the problems of all three texts: YAML_…, INJECT_CONFIG_TYPE, TEMPLATE_SYNTAX,
 * TEMPLATE_LIMIT (field injectConfig), VALUES_TYPE (values), MESH_CONFIG_… (meshConfig), RELEASE_INVALID (release). `mode`: how a
 * pod's own proxy configuration is merged.
 */
export function compileIstio(
  spec: IstioRevisionSpec,
  mode: MergeMode = 'webhook',
  options: CompileOptions = {},
): IstioRevision {
  const problems = new Problems();
  const values = compileValues(spec.values, problems);
  const { release, warnings } = tellRelease(spec, values, problems);
  const features = featuresAt(release);
  const mesh = compileMesh(spec.meshConfig, release.line, problems);
  const { config, problems: configProblems } = readInjectConfig(spec.injectConfig);
  problems.add(...configProblems);
  // Templates read istiod's environment, which this is not: the values and the revision say it.
  const native = nativeSetting(spec.nativeSidecars, { ...valuesEnv(values?.tree), ...spec.env }, features);
  const funcs = istioFuncs({ env: native.env, protoJson: new ProtoJsonWriter(release.line), features });
  const overlays = compileTemplates(spec, config?.templates ?? new Map(), funcs, options, problems);
  if (problems.list.length > 0 || mesh === null || values === null || config === null) {
    throw new CompileError(problems.list);
  }
  const proxyConfigs = new ProxyConfigSource(mesh, { mode, minor: release.line });
  return {
    release,
    warnings,
    features,
    nativeSidecars: native.mode,
    openShift: (spec.platform || stringAt(native.env, PLATFORM)) === OPENSHIFT,
    values,
    selection: config.selection,
    choice: config.choice,
    overlays,
    proxyConfigs,
    annotationChecks: annotationChecks(features, (value) => {
      const outcome = proxyConfigs.get(value);
      return outcome.ok ? undefined : outcome.problems.map(problemText).join(', ');
    }),
    data: templateData(
      {
        values: values.tree,
        revision: spec.revision,
        inboundTrafficPolicyMode: inboundTrafficPolicyMode(mesh),
        compliancePolicy: spec.compliancePolicy || (stringAt(native.env, COMPLIANCE_POLICY) ?? ''),
      },
      features,
    ),
    post: {
      features,
      metrics: { enabled: enablePrometheusMerge(mesh), statusPort: mesh.defaultConfig?.statusPort ?? 0 },
      rewriteProbes: values.rewriteProbes,
      status: new StatusEncoder(spec.revision),
      injectedAnnotations: config.injectedAnnotations,
    },
    prover: new PatchProver(),
  };
}
