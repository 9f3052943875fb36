/**
 * The `template` provider: any other mesh, as a Go template that yields a pod overlay. The overlay is merged into the pod as
 * `kubectl patch` merges, so a template that does not mention something leaves it alone.
 */
import { diff } from '../../jsonpatch/diff.ts';
import { provePatch } from '../../jsonpatch/prove.ts';
import { normalizePod, TypedPodError } from '../../kube/typed-pod.ts';
import { MergeError } from '../../merge/merge-error.ts';
import { strategicMergePatch } from '../../merge/strategic-merge.ts';
import type { RevisionSource, TemplateRevisionSpec } from '../../protocol.ts';
import { compileTemplate, type TemplateSet } from '../../template/engine.ts';
import { TemplateError } from '../../template/errors.ts';
import type { FuncMap } from '../../template/func.ts';
import { helmFuncs } from '../../template/funcs/helm.ts';
import { sprigFuncs } from '../../template/funcs/sprig.ts';
import type { GoRef, JsonObject } from '../../template/value.ts';
import { YamlError } from '../../yaml/error.ts';
import { parseYaml } from '../../yaml/parse.ts';
import {
  type CompiledRevision,
  CompileError,
  type CompileProblem,
  type InjectDecision,
  type InjectRequest,
} from '../provider.ts';
import { Denial, REASONS } from '../reason.ts';
import { holdsAdditions, noteAdditions, withoutAdditions } from './additions.ts';
import { templateData } from './data.ts';
import { whySkipped } from './decide.ts';
import { isObject } from './members.ts';
import { overlayFault } from './overlay-check.ts';
import { readStatus, withStatus } from './status.ts';

/** A template runs for each pod, so it may do far less than one that is rendered once for a whole chart. */
const LIMITS = { steps: 1_000_000, outputLength: 1024 * 1024 };
/** Overlays kept by the text they came from: most pods of a workload get the same. */
const MAX_KEPT_OVERLAYS = 64;
/** Of the digest, in the status annotation. */
const DIGEST_LENGTH = 12;

interface Compiled {
  readonly source: RevisionSource;
  readonly spec: TemplateRevisionSpec;
  readonly digest: string;
  readonly overlayOf: (data: GoRef) => JsonObject;
  readonly dataOf: (pod: JsonObject, request: InjectRequest) => GoRef;
}

/**
 * Compiles a template revision.
 * @throws CompileError TEMPLATE_SYNTAX (field `template`), TEMPLATE_VALUES_SYNTAX or TEMPLATE_VALUES_TYPE (field `values`).
 */
export function compileTemplateRevision(source: RevisionSource): CompiledRevision {
  const { spec } = source;
  if (spec.provider !== 'template') throw new TypeError(`${spec.provider} revision given to the template provider`);
  const problems: CompileProblem[] = [];
  const values = readValues(spec.values, problems);
  const set = readTemplate(spec.template, problems);
  if (values === null || set === null) throw new CompileError(problems);
  const compiled: Compiled = {
    source,
    spec,
    digest: source.digest.slice(0, DIGEST_LENGTH),
    overlayOf: overlayReader(set),
    dataOf: templateData(source, values),
  };
  return { source, release: null, warnings: [], inject: (request) => decide(compiled, request) };
}

function readValues(text: string, problems: CompileProblem[]): JsonObject | null {
  try {
    const values = parseYaml(text) ?? {};
    if (isObject(values)) return values;
    problems.push({
      code: 'TEMPLATE_VALUES_TYPE',
      field: 'values',
      message: 'the values are not a mapping',
      line: 1,
      column: 1,
    });
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    const position = error.line > 0 ? { line: error.line, column: Math.max(1, error.column) } : {};
    problems.push({ code: 'TEMPLATE_VALUES_SYNTAX', field: 'values', message: error.message, ...position });
  }
  return null;
}

function readTemplate(text: string, problems: CompileProblem[]): TemplateSet | null {
  const funcs: FuncMap = new Map([...sprigFuncs(), ...helmFuncs()]);
  try {
    return compileTemplate('overlay', text, funcs, { limits: LIMITS });
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const position = error.line > 0 ? { line: error.line, column: error.column } : {};
    problems.push({ code: error.code, field: 'template', message: error.detail, ...position });
    return null;
  }
}

/** Renders and reads overlays, checked; the last ones are kept by their text, which is all that they depend on. */
function overlayReader(set: TemplateSet): (data: GoRef) => JsonObject {
  const kept = new Map<string, JsonObject>();
  return (data) => {
    const text = set.render(data);
    const known = kept.get(text);
    if (known !== undefined) return known;
    const overlay = readOverlay(text);
    if (kept.size >= MAX_KEPT_OVERLAYS) {
      const [oldest] = kept.keys();
      if (oldest !== undefined) kept.delete(oldest);
    }
    kept.set(text, overlay);
    return overlay;
  };
}

/** Throws Denial OVERLAY_MALFORMED, OVERLAY_INVALID. */
function readOverlay(text: string): JsonObject {
  let overlay: unknown;
  try {
    overlay = parseYaml(text) ?? {};
  } catch (error) {
    if (error instanceof YamlError) throw new Denial('OVERLAY_MALFORMED', error.message);
    throw error;
  }
  if (!isObject(overlay as JsonObject)) throw new Denial('OVERLAY_MALFORMED');
  const fault = overlayFault(overlay as JsonObject);
  if (fault !== null) throw new Denial('OVERLAY_INVALID', fault);
  return overlay as JsonObject;
}

function decide(compiled: Compiled, request: InjectRequest): InjectDecision {
  try {
    return inject(compiled, request);
  } catch (error) {
    if (error instanceof Denial) return { kind: 'denied', code: error.code, message: error.message };
    if (error instanceof TemplateError) {
      const code = error.code === 'TEMPLATE_LIMIT' ? 'TEMPLATE_LIMIT' : 'TEMPLATE_FAILED';
      return { kind: 'denied', code, message: `${REASONS[code].sentence}: ${error.message}` };
    }
    const message = error instanceof Error ? error.message : String(error);
    return { kind: 'failed', code: 'INTERNAL', message: `${REASONS.INTERNAL.sentence}: ${message}` };
  }
}

function inject(compiled: Compiled, request: InjectRequest): InjectDecision {
  const { source, spec, digest } = compiled;
  const { object } = request;
  const skip = whySkipped(spec, request);
  if (skip !== null) return { kind: 'skipped', reason: skip };
  const status = readStatus(object, source.mesh);
  const injected = status !== null && holdsAdditions(object, status.added);
  if (injected && status.revision === source.name && status.digest === digest) {
    return { kind: 'skipped', reason: 'ALREADY_INJECTED' };
  }
  // What another revision made is taken back first; a status that the pod does not bear out is a copied annotation.
  const before = injected ? withoutAdditions(withStatus(object, source.mesh, null), status.added) : object;
  const overlay = compiled.overlayOf(compiled.dataOf(typed(before), request));
  const merged = merge(before, overlay);
  if (merged === object) return { kind: 'skipped', reason: 'OVERLAY_EMPTY' };
  const after =
    merged === before && injected
      ? merged
      : withStatus(merged, source.mesh, { revision: source.name, digest, added: noteAdditions(before, merged) });
  const patch = diff(object, after);
  if (provePatch(object, after, patch)) return { kind: 'patched', patch };
  return { kind: 'failed', code: 'PATCH_UNPROVED', message: REASONS.PATCH_UNPROVED.sentence };
}

/** The pod as Go's types see it, for the template. Throws Denial POD_MALFORMED. */
function typed(object: JsonObject): JsonObject {
  try {
    return normalizePod(object);
  } catch (error) {
    if (error instanceof TypedPodError) throw new Denial('POD_MALFORMED', error.message);
    throw error;
  }
}

/** An empty overlay gives the pod itself. Throws Denial OVERLAY_UNMERGEABLE. */
function merge(pod: JsonObject, overlay: JsonObject): JsonObject {
  if (Object.keys(overlay).length === 0) return pod;
  try {
    return strategicMergePatch(pod, overlay);
  } catch (error) {
    if (error instanceof MergeError) throw new Denial('OVERLAY_UNMERGEABLE', error.message);
    throw error;
  }
}
