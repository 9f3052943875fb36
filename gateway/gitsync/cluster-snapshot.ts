/** From a ClusterSnapshot document to what requests look things up in. */
import type { OwnerRecord } from '../../workers/protocol.ts';
import type { ClusterSnapshot, Problem } from '../snapshot.ts';
import { fieldProblem } from './policy-file.ts';
import type { Placed } from './policy-set.ts';
import type { FieldPath } from './yaml-document.ts';

/** Namespaces, owners and nodes by name; each may stand there once. */
export function buildClusterSnapshot(
  { file, document }: Placed<'ClusterSnapshot'>,
  prefix: string,
): { cluster: ClusterSnapshot; problems: readonly Problem[] } {
  const { spec, name } = document;
  const problems: Problem[] = [];
  const duplicate = (path: FieldPath, what: string) =>
    problems.push(
      fieldProblem('NAME_DUPLICATE', prefix + file, document, path, `${what} stands twice in cluster snapshot ${name}`),
    );

  const namespaces = new Map<string, { labels: Record<string, string>; annotations: Record<string, string> }>();
  for (const [index, { name: namespace, labels = {}, annotations = {} }] of (spec.namespaces ?? []).entries()) {
    if (namespaces.has(namespace)) duplicate(['spec', 'namespaces', index, 'name'], `namespace ${namespace}`);
    namespaces.set(namespace, { labels, annotations });
  }
  const owners = new Map<string, OwnerRecord>();
  for (const [index, { apiVersion, kind, metadata }] of (spec.owners ?? []).entries()) {
    const key = `${kind}/${metadata.namespace}/${metadata.name}`;
    if (owners.has(key)) duplicate(['spec', 'owners', index, 'metadata', 'name'], key);
    const ownerReferences = (metadata.ownerReferences ?? []).map((owner) => ({
      apiVersion: owner.apiVersion,
      kind: owner.kind,
      name: owner.name,
      ...(owner.controller === undefined ? {} : { controller: owner.controller }),
    }));
    owners.set(key, { apiVersion, kind, name: metadata.name, namespace: metadata.namespace, ownerReferences });
  }
  const nodes = spec.nodes ?? [];
  const names = new Set<string>();
  for (const [index, node] of nodes.entries()) {
    if (names.has(node.name)) duplicate(['spec', 'nodes', index, 'name'], `node ${node.name}`);
    names.add(node.name);
  }
  return { cluster: { name, namespaces, owners, nodes }, problems };
}
