/** A policy folder from a Linkerd control plane: Mesh, MeshRevision with its texts beside it, ClusterSnapshot. */
import { stringify } from 'yaml';
import { API_VERSION, type ClusterSnapshotSpec, type MeshRevisionSpec, type MeshSpec } from '../gitsync/kinds.ts';
import type { OnError } from '../snapshot.ts';

export interface LinkerdRevisionParts {
  readonly name: string;
  readonly values: string;
  readonly valuesComment: string;
  readonly trustAnchors: string;
  readonly controlPlaneNamespace: string;
  readonly release: string | undefined;
  readonly injectorVersion: string | null;
}

export interface LinkerdFolderOptions {
  readonly mesh: string;
  readonly cluster: string;
  readonly onError: OnError | null;
  readonly ignoredNamespaces: readonly string[];
}

/** The path of Linkerd's own webhook. */
const LINKERD_PATH = '/';

/** Texts by path, relative to the folder. */
export function linkerdPolicyFolder(
  revision: LinkerdRevisionParts,
  cluster: ClusterSnapshotSpec,
  { mesh, cluster: clusterName, onError, ignoredNamespaces }: LinkerdFolderOptions,
): ReadonlyMap<string, string> {
  const { name } = revision;
  const hasCluster = [cluster.namespaces, cluster.owners, cluster.nodes].some((list) => (list ?? []).length > 0);
  const meshSpec: MeshSpec = {
    provider: 'linkerd',
    paths: [LINKERD_PATH],
    defaultRevision: name,
    ...(onError === null ? {} : { onError }),
    ...(ignoredNamespaces.length === 0 ? {} : { ignoredNamespaces }),
    ...(hasCluster ? { cluster: clusterName } : {}),
  };
  const { controlPlaneNamespace, release, injectorVersion } = revision;
  const revisionSpec: MeshRevisionSpec = {
    mesh,
    linkerd: {
      values: { file: 'values.yaml' },
      trustAnchors: { file: 'trust-anchors.pem' },
      controlPlaneNamespace,
      ...(release === undefined ? {} : { release }),
      ...(injectorVersion === null ? {} : { version: injectorVersion }),
    },
  };
  const files = new Map([
    ['mesh.yaml', document('Mesh', mesh, meshSpec, 'Made from the objects of a cluster by `meshgate import linkerd`.')],
    [`${name}/revision.yaml`, document('MeshRevision', name, revisionSpec, revision.valuesComment)],
    [`${name}/values.yaml`, revision.values],
    [`${name}/trust-anchors.pem`, revision.trustAnchors],
  ]);
  if (hasCluster) {
    const comment =
      'The cluster as it was then. Annotations of namespaces decide about injection, and pods inherit settings from them.';
    files.set('cluster.yaml', document('ClusterSnapshot', clusterName, withDecidingAnnotations(cluster), comment));
  }
  return files;
}

function document(kind: string, name: string, spec: object, comment: string): string {
  return `# ${comment}\n${stringify({ apiVersion: API_VERSION, kind, metadata: { name }, spec }, { lineWidth: 120 })}`;
}

/** Annotations of namespaces that anything decides by; others change too often, and may be nobody else's business. */
const DECIDING = /^(?:[a-z0-9.-]+\.)?(?:linkerd\.io|istio\.io|meshgate\.dev)\//;

function withDecidingAnnotations(cluster: ClusterSnapshotSpec): ClusterSnapshotSpec {
  const namespaces = cluster.namespaces?.map(({ name, labels = {}, annotations = {} }) => {
    const kept = Object.entries(annotations).filter(([key]) => DECIDING.test(key));
    return {
      name,
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      ...(kept.length === 0 ? {} : { annotations: Object.fromEntries(kept) }),
    };
  });
  const lists = Object.entries({ ...cluster, namespaces });
  return Object.fromEntries(lists.filter(([, list]) => list !== undefined && list.length > 0));
}
