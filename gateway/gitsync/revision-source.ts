/** From a MeshRevision document to what a worker compiles: every text it refers to, its defaults, and a digest over all of it. */
import type {
  IstioRevisionSpec,
  LinkerdRevisionSpec,
  NativeSidecars,
  RevisionSource,
  TemplateRevisionSpec,
  VclusterHandling,
} from '../../workers/protocol.ts';
import type { Problem, Provider } from '../snapshot.ts';
import { digestOf } from './canonical-json.ts';
import type { MeshRevisionSpec, TextReference } from './kinds.ts';
import type { PolicyDocumentOf } from './policy-file.ts';
import type { References, ResolvedText } from './references.ts';

export const DEFAULT_INJECT_KEY = 'meshgate.dev/inject';
const DEFAULT_CONTROL_PLANE_NAMESPACE = 'linkerd';

export interface ResolvedRevision {
  readonly source: RevisionSource;
  /** Where each text came from, by the field's name: for the positions of what the compiler finds. */
  readonly texts: ReadonlyMap<string, ResolvedText>;
}

/** The provider whose block a revision has; its schema has seen to there being exactly one. */
export function providerOf(spec: MeshRevisionSpec): Provider {
  if (spec.istio !== undefined) return 'istio';
  return spec.linkerd !== undefined ? 'linkerd' : 'template';
}

/** The references of a revision by field, in the order of the schema. */
export function referencesOf(spec: MeshRevisionSpec): readonly (readonly [field: string, reference: TextReference])[] {
  const { istio, linkerd, template } = spec;
  if (istio !== undefined) {
    const { injectConfig, values, meshConfig } = istio;
    return Object.entries({ injectConfig, values, meshConfig });
  }
  if (linkerd !== undefined) return Object.entries({ values: linkerd.values, trustAnchors: linkerd.trustAnchors });
  if (template === undefined) return [];
  const { template: text, values } = template;
  return values === undefined ? [['template', text]] : Object.entries({ template: text, values });
}

/** Resolves every text of a revision; null when one of them can not be had, with all problems there are. */
export function resolveRevision(
  file: string,
  document: PolicyDocumentOf<'MeshRevision'>,
  { nativeSidecars, vcluster }: { readonly nativeSidecars: NativeSidecars; readonly vcluster: VclusterHandling },
  references: References,
): { revision: ResolvedRevision | null; problems: readonly Problem[] } {
  const { spec } = document;
  const texts = new Map<string, ResolvedText>();
  const problems: Problem[] = [];
  for (const [field, reference] of referencesOf(spec)) {
    const site = { file, document, path: ['spec', providerOf(spec), field] };
    const { resolved, problems: found } = references.resolve(site, reference);
    problems.push(...found);
    if (resolved !== null) texts.set(field, resolved);
  }
  if (problems.length > 0) return { revision: null, problems };
  const text = (field: string) => texts.get(field)?.text ?? '';
  const content = { mesh: spec.mesh, name: document.name, spec: workerSpec(document, nativeSidecars, text), vcluster };
  return { revision: { source: { digest: digestOf(content), ...content }, texts }, problems };
}

function workerSpec(
  { name, spec }: PolicyDocumentOf<'MeshRevision'>,
  nativeSidecars: NativeSidecars,
  text: (field: string) => string,
): IstioRevisionSpec | LinkerdRevisionSpec | TemplateRevisionSpec {
  if (spec.istio !== undefined) {
    const { release, revision, platform, compliancePolicy, env } = spec.istio;
    return {
      provider: 'istio',
      injectConfig: text('injectConfig'),
      values: text('values'),
      meshConfig: text('meshConfig'),
      ...(release === undefined ? {} : { release }),
      revision: revision ?? name,
      platform: platform ?? '',
      compliancePolicy: compliancePolicy ?? '',
      env: env ?? {},
      nativeSidecars,
    };
  }
  if (spec.linkerd !== undefined) {
    const { controlPlaneNamespace, release, version } = spec.linkerd;
    return {
      provider: 'linkerd',
      values: text('values'),
      trustAnchors: text('trustAnchors'),
      controlPlaneNamespace: controlPlaneNamespace ?? DEFAULT_CONTROL_PLANE_NAMESPACE,
      ...(release === undefined ? {} : { release }),
      ...(version === undefined ? {} : { version }),
    };
  }
  return {
    provider: 'template',
    template: text('template'),
    values: text('values'),
    injectKey: spec.template?.injectKey ?? DEFAULT_INJECT_KEY,
    policy: spec.template?.policy ?? 'disabled',
  };
}
