/** A cluster from one file: a ClusterSnapshot, or the namespaces and nodes as kubectl prints them. */
import type { ClusterContext } from '../../workers/protocol.ts';
import { buildClusterSnapshot } from '../gitsync/cluster-snapshot.ts';
import { MAX_POLICY_FILE_BYTES } from '../gitsync/limits.ts';
import { parsePolicyFile } from '../gitsync/policy-file.ts';
import { createSchemaCheck } from '../gitsync/schema-check.ts';
import type { ClusterSnapshot } from '../snapshot.ts';
import { clusterOfObjects } from './cluster-objects.ts';
import { ManifestError } from './documents.ts';
import { readObjects } from './objects.ts';

/**
 * Reads the file's one ClusterSnapshot; without any, its Namespaces, Nodes, ReplicaSets and Jobs. Throws ManifestError for a file with
 * neither, with several snapshots, or with a wrong one.
 */
export async function readClusterFile(text: string): Promise<ClusterSnapshot> {
  const { signal } = new AbortController();
  const { documents, problems } = await parsePolicyFile(text, createSchemaCheck(), MAX_POLICY_FILE_BYTES, signal);
  const [problem] = problems;
  if (problem !== undefined) throw new ManifestError(problem.message, problem.position.line);
  const snapshots = documents.flatMap((document) => (document.kind === 'ClusterSnapshot' ? [document] : []));
  const [document, another] = snapshots;
  if (another !== undefined) throw new ManifestError('there are several ClusterSnapshots');
  if (document === undefined) return clusterOfDump(text);
  const { cluster, problems: duplicates } = buildClusterSnapshot({ file: '', document }, '');
  const [duplicate] = duplicates;
  if (duplicate !== undefined) throw new ManifestError(duplicate.message, duplicate.line ?? 0);
  return cluster;
}

function clusterOfDump(text: string): ClusterSnapshot {
  const { namespaces = [], owners = [], nodes = [] } = clusterOfObjects(readObjects(text));
  if (namespaces.length + nodes.length === 0) {
    throw new ManifestError('there is neither a ClusterSnapshot nor a Namespace or Node');
  }
  return {
    name: '',
    namespaces: new Map(
      namespaces.map(({ name, labels = {}, annotations = {} }) => [name, { labels, annotations }] as const),
    ),
    owners: new Map(
      owners.map(({ apiVersion, kind, metadata: { name, namespace, ownerReferences = [] } }) => [
        `${kind}/${namespace}/${name}`,
        { apiVersion, kind, name, namespace, ownerReferences },
      ]),
    ),
    nodes,
  };
}

/** What is known around the pods of a namespace, without owners; null for a cluster that nothing is known about. */
export function namespaceContext(cluster: ClusterSnapshot | null, namespace: string): ClusterContext {
  const nodes = cluster?.nodes ?? [];
  return {
    namespace: cluster?.namespaces.get(namespace) ?? null,
    owners: {},
    nodes,
    nodesKnown: nodes.length > 0,
  };
}
