/** What two revisions made of the same review, compared: the outcomes first, and the pods where there are two. Pure. */
import type { Outcome } from '../../workers/protocol.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../workers/template/value.ts';
import { APPLICATION, type Change } from './change.ts';
import { comparePods } from './compare-pods.ts';

export interface InjectionResult {
  readonly outcome: Outcome;
  /** The request's object with the patch applied; the object itself where there is none. */
  readonly pod: JsonObject;
}

/** @param object the request's object: its containers are the application's. */
export function compareResults(object: JsonObject, from: InjectionResult, to: InjectionResult): readonly Change[] {
  const [was, is] = [from.outcome, to.outcome].map(outcomeWords);
  if (was !== undefined && is !== undefined && was.name !== is.name) {
    return [{ kind: 'outcome', action: 'changed', path: [was.name, is.name], from: was.message, to: is.message }];
  }
  if (refused(from.outcome) || refused(to.outcome)) return [];
  return comparePods(from.pod, to.pod, applicationContainers(object));
}

/** `injected`, `skipped (HOST_NETWORK)`, `denied (ANNOTATION_INVALID)` with its message. */
function outcomeWords(outcome: Outcome): { readonly name: string; readonly message: string | undefined } {
  switch (outcome.kind) {
    case 'patched':
      return { name: 'injected', message: undefined };
    case 'skipped':
      return { name: `skipped (${(outcome.reasons ?? [outcome.reason]).join(', ')})`, message: undefined };
    case 'denied':
    case 'failed':
      return { name: `${outcome.kind} (${outcome.code})`, message: outcome.message };
  }
}

function refused({ kind }: Outcome): boolean {
  return kind === 'denied' || kind === 'failed';
}

/** Names by which the meshes' own injectors know their containers: a pod that has one beforehand settles something about it. */
const MESH_CONTAINERS: ReadonlySet<string> = new Set([
  ...['istio-proxy', 'istio-init', 'istio-validation', 'enable-core-dump'],
  ...['linkerd-proxy', 'linkerd-init', 'linkerd-network-validator', 'linkerd-debug', APPLICATION],
]);

function applicationContainers(object: JsonObject): ReadonlySet<string> {
  const spec = object['spec'];
  if (!isJsonObject(spec)) return new Set();
  const lists = ['containers', 'initContainers', 'ephemeralContainers'].map((list) => spec[list]);
  const names = lists.flatMap((list) => (Array.isArray(list) ? list.map(nameOf) : []));
  return new Set(names.filter((name) => name !== '' && !MESH_CONTAINERS.has(name)));
}

function nameOf(container: JsonValue): string {
  const name = isJsonObject(container) ? container['name'] : undefined;
  return typeof name === 'string' ? name : '';
}
