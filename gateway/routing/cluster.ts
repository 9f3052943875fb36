/**
 * What a review needs to know about its cluster: a small part of a ClusterSnapshot, as it goes to a worker with the review.
 */
import type { ClusterContext, OwnerRecord } from '../../workers/protocol.ts';
import type { ReviewHeader } from '../admission/decode.ts';
import { MemberWalk } from '../admission/json-members.ts';
import type { ClusterSnapshot, Mesh, Snapshot } from '../snapshot.ts';

/** How far owners are followed; Kubernetes' own chains are Pod, ReplicaSet, Deployment and something above. */
const OWNER_DEPTH = 5;
/** Namespaces whose context is kept ready. */
const CONTEXT_LIMIT = 4_096;

const OPEN_BRACE = 123;

type Nodes = ClusterContext['nodes'];
type Owners = ClusterContext['owners'];

const NO_OWNERS: Owners = Object.freeze(Object.create(null) as Record<string, OwnerRecord>);
/** For a review whose cluster nothing is known about. */
export const UNKNOWN_CLUSTER: ClusterContext = Object.freeze({
  namespace: null,
  owners: NO_OWNERS,
  ownersKnown: false,
  nodes: [],
  nodesKnown: false,
});

/** The parts of a pod that point elsewhere in the cluster. */
interface PodLinks {
  readonly namespace: string;
  readonly nodeName: string;
  readonly owners: readonly { readonly kind: string; readonly name: string }[];
}

/**
 * One cluster as reviews see it. Contexts without owners are made once a namespace and shared, so that a batch of reviews carries
 * them once. Of the nodes, one stands for all with the same kubelet version: no more than the versions can matter to a pod, except
 * for the node that the pod names.
 */
export class ClusterView {
  readonly #cluster: ClusterSnapshot;
  readonly #nodes: Nodes;
  readonly #contexts = new Map<string, ClusterContext>();

  constructor(cluster: ClusterSnapshot) {
    this.#cluster = cluster;
    const versions = new Map<string, Nodes[number]>();
    for (const node of cluster.nodes) if (!versions.has(node.kubeletVersion)) versions.set(node.kubeletVersion, node);
    this.#nodes = [...versions.values()];
  }

  /** `ownNamespace`: whether the namespace that the pod itself names comes before the request's. */
  contextFor(header: ReviewHeader, ownNamespace: boolean): ClusterContext {
    if (this.#cluster.owners.size === 0 && this.#cluster.nodes.length === 0 && !ownNamespace) {
      return this.#shared(header.namespace);
    }
    const links = podLinks(header.object());
    const name = ownNamespace && links.namespace !== '' ? links.namespace : header.namespace;
    const shared = this.#shared(name);
    const owners = this.#owners(links, name);
    const nodes = this.#nodesFor(links.nodeName);
    return owners === NO_OWNERS && nodes === this.#nodes ? shared : { ...shared, owners, nodes };
  }

  /** Labels of a namespace; undefined where nothing is known of it. */
  namespaceLabels(namespace: string): Readonly<Record<string, string>> | undefined {
    return this.#cluster.namespaces.get(namespace)?.labels;
  }

  /** What is known about a namespace; null when nothing is. */
  namespace(name: string): ClusterContext['namespace'] {
    return this.#cluster.namespaces.get(name) ?? null;
  }

  owner(kind: string, namespace: string, name: string): OwnerRecord | undefined {
    return this.#cluster.owners.get(`${kind}/${namespace}/${name}`);
  }

  #shared(namespace: string): ClusterContext {
    const kept = this.#contexts.get(namespace);
    if (kept !== undefined) return kept;
    const context: ClusterContext = {
      namespace: this.#cluster.namespaces.get(namespace) ?? null,
      owners: NO_OWNERS,
      ownersKnown: this.#cluster.ownersComplete ?? this.#cluster.owners.size > 0,
      nodes: this.#nodes,
      nodesKnown: this.#cluster.nodes.length > 0,
    };
    if (this.#contexts.size >= CONTEXT_LIMIT) this.#contexts.clear();
    this.#contexts.set(namespace, context);
    return context;
  }

  #owners(links: PodLinks, namespace: string): Owners {
    const known = this.#cluster.owners;
    if (known.size === 0 || links.owners.length === 0) return NO_OWNERS;
    const found: Record<string, OwnerRecord> = Object.create(null);
    let level = links.owners;
    let any = false;
    for (let depth = 0; depth < OWNER_DEPTH && level.length > 0; depth++) {
      const next: { kind: string; name: string }[] = [];
      for (const owner of level) {
        const key = `${owner.kind}/${namespace}/${owner.name}`;
        const record = known.get(key);
        if (record === undefined || Object.hasOwn(found, key)) continue;
        found[key] = record;
        any = true;
        next.push(...record.ownerReferences);
      }
      level = next;
    }
    return any ? found : NO_OWNERS;
  }

  #nodesFor(nodeName: string): Nodes {
    if (nodeName === '' || this.#nodes.some((node) => node.name === nodeName)) return this.#nodes;
    const node = this.#cluster.nodes.find(({ name }) => name === nodeName);
    return node === undefined ? this.#nodes : [...this.#nodes, node];
  }
}

/**
 * Chooses a cluster: the one the URL's `cluster` names, else the mesh's, else the one that is watched, else the only one there is; null when
 * that says none.
 */
export function chooseCluster(
  snapshot: Snapshot,
  mesh: Mesh,
  params: Readonly<Record<string, string>>,
  watched: ClusterSnapshot | null = null,
): ClusterSnapshot | null {
  const asked = params.cluster === undefined ? undefined : snapshot.clusters.get(params.cluster);
  if (asked !== undefined) return asked;
  if (mesh.cluster !== null) return snapshot.clusters.get(mesh.cluster) ?? null;
  if (watched !== null) return watched;
  if (snapshot.clusters.size !== 1) return null;
  const [only] = snapshot.clusters.values();
  return only ?? null;
}

const KEY_METADATA = Buffer.from('metadata');
const KEY_NAMESPACE = Buffer.from('namespace');
const KEY_OWNER_REFERENCES = Buffer.from('ownerReferences');
const KEY_SPEC = Buffer.from('spec');
const KEY_NODE_NAME = Buffer.from('nodeName');

/** Looks into the pod without parsing it where that is possible; what is not valid JSON has no links (the worker refuses it). */
function podLinks(object: Buffer): PodLinks {
  let namespace = '';
  let nodeName = '';
  let references: unknown;
  const pod = new MemberWalk(object, 0);
  while (pod.next()) {
    if (pod.isKey(KEY_METADATA) && object[pod.start] === OPEN_BRACE) {
      const metadata = new MemberWalk(object, pod.start);
      while (metadata.next()) {
        if (metadata.isKey(KEY_NAMESPACE)) namespace = metadata.stringValue();
        else {
          metadata.skip();
          if (metadata.isKey(KEY_OWNER_REFERENCES)) references = parse(object.subarray(metadata.start, metadata.end));
        }
      }
      if (metadata.odd) return parsedLinks(parse(object));
      pod.end = metadata.end;
    } else if (pod.isKey(KEY_SPEC) && object[pod.start] === OPEN_BRACE) {
      const spec = new MemberWalk(object, pod.start);
      while (spec.next()) {
        if (spec.isKey(KEY_NODE_NAME)) nodeName = spec.stringValue();
        else spec.skip();
      }
      if (spec.odd) return parsedLinks(parse(object));
      pod.end = spec.end;
    } else pod.skip();
  }
  return pod.odd ? parsedLinks(parse(object)) : { namespace, nodeName, owners: ownersOf(references) };
}

function parsedLinks(pod: unknown): PodLinks {
  const metadata = read(pod, 'metadata');
  return {
    namespace: readString(metadata, 'namespace'),
    nodeName: readString(read(pod, 'spec'), 'nodeName'),
    owners: ownersOf(read(metadata, 'ownerReferences')),
  };
}

function ownersOf(references: unknown): PodLinks['owners'] {
  if (!Array.isArray(references)) return [];
  return references.map((reference) => ({ kind: readString(reference, 'kind'), name: readString(reference, 'name') }));
}

function parse(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString());
  } catch {
    return undefined;
  }
}

function read(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function readString(value: unknown, name: string): string {
  const found = read(value, name);
  return typeof found === 'string' ? found : '';
}
