/** What a ClusterSnapshot says, told from Kubernetes objects as kubectl prints them: namespaces, nodes, ReplicaSets and Jobs. */
import type { JsonObject } from '../../workers/template/value.ts';
import type { ClusterSnapshotSpec } from '../gitsync/kinds.ts';
import { objectAt, objectsAt, textAt, textsAt } from './objects.ts';

type Namespaces = NonNullable<ClusterSnapshotSpec['namespaces']>[number];
type Owner = NonNullable<ClusterSnapshotSpec['owners']>[number];
type Node = NonNullable<ClusterSnapshotSpec['nodes']>[number];

/** Annotations of tools that repeat a whole object; nothing decides by them. */
const BULKY_ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';
/** The kinds that own pods and may be owned themselves. */
const OWNER_KINDS: ReadonlySet<string> = new Set(['ReplicaSet', 'Job', 'ReplicationController']);
const VERSION = /^v?\d+\.\d+/;

/** Namespaces, owners and nodes, each in the order of the objects, the first of a name. Objects of other kinds are passed over. */
export function clusterOfObjects(objects: readonly JsonObject[]): ClusterSnapshotSpec {
  const namespaces = new Map<string, Namespaces>();
  const owners = new Map<string, Owner>();
  const nodes = new Map<string, Node>();
  for (const object of objects) {
    const kind = textAt(object, 'kind');
    const metadata = objectAt(object, 'metadata');
    const name = textAt(metadata, 'name');
    if (name === '') continue;
    if (kind === 'Namespace') addFirst(namespaces, name, namespaceOf(name, metadata));
    else if (kind === 'Node') addFirst(nodes, name, nodeOf(name, object));
    else if (OWNER_KINDS.has(kind)) {
      const owner = ownerOf(object, kind, name, metadata);
      if (owner !== null) addFirst(owners, `${kind}/${owner.metadata.namespace}/${name}`, owner);
    }
  }
  return { namespaces: [...namespaces.values()], owners: [...owners.values()], nodes: [...nodes.values()] };
}

function addFirst<T>(map: Map<string, T>, key: string, value: T | null): void {
  if (value !== null && !map.has(key)) map.set(key, value);
}

function namespaceOf(name: string, metadata: JsonObject): Namespaces {
  const { [BULKY_ANNOTATION]: _, ...annotations } = textsAt(metadata, 'annotations');
  return { name, labels: textsAt(metadata, 'labels'), annotations };
}

/** Null for a node that does not tell its version. */
function nodeOf(name: string, node: JsonObject): Node | null {
  const kubeletVersion = textAt(objectAt(objectAt(node, 'status'), 'nodeInfo'), 'kubeletVersion');
  return VERSION.test(kubeletVersion) ? { name, kubeletVersion } : null;
}

/** Null for one without owners of its own in a namespace: nothing is to be climbed there. */
function ownerOf(object: JsonObject, kind: string, name: string, metadata: JsonObject): Owner | null {
  const namespace = textAt(metadata, 'namespace');
  if (namespace === '') return null;
  const ownerReferences = objectsAt(metadata, 'ownerReferences').map((owner) => ({
    apiVersion: textAt(owner, 'apiVersion'),
    kind: textAt(owner, 'kind'),
    name: textAt(owner, 'name'),
    controller: owner['controller'] === true,
  }));
  return {
    apiVersion: textAt(object, 'apiVersion') || 'apps/v1',
    kind,
    metadata: { name, namespace, ownerReferences },
  };
}
