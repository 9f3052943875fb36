/** Reads objects of a live cluster once, for a command. */
import type { JsonObject } from '../../workers/template/value.ts';
import { readObjects } from '../manifests/objects.ts';
import { type AccessOptions, openAccess } from './access.ts';
import { ClusterClient, type Query } from './cluster-client.ts';
import { ClusterError } from './cluster-error.ts';
import { listPages } from './list-pages.ts';

export interface ObjectQuery {
  /** `/api/v1/namespaces` */
  readonly path: string;
  readonly query?: Query;
  /** What a result lacks without these objects; such a list may be refused. Left out: it may not. */
  readonly lacking?: string;
}

export interface ReadObjects {
  readonly objects: readonly JsonObject[];
  /** What was refused, and what is lacking for it. */
  readonly findings: readonly string[];
}

/** All objects, as kubectl prints them. Rejects with ClusterError: CLUSTER_CONFIG_INVALID, _UNREACHABLE, _REFUSED, _FAILED. */
export async function readClusterObjects(access: AccessOptions, queries: readonly ObjectQuery[]): Promise<ReadObjects> {
  const client = new ClusterClient(await openAccess(access));
  const objects: JsonObject[] = [];
  const findings: string[] = [];
  try {
    for (const { path, query, lacking } of queries) {
      try {
        for await (const { kind, apiVersion, items } of listPages(client, path, { query })) {
          objects.push(...readObjects(JSON.stringify({ kind, apiVersion, items })));
        }
      } catch (error) {
        const refused = error instanceof ClusterError && error.status === 403;
        if (!refused || lacking === undefined) throw error;
        findings.push(`${error.message}: ${lacking}`);
      }
    }
    return { objects, findings };
  } finally {
    await client.close();
  }
}

/** What an import looks at. @param namespace of the control plane; `injector` are the labels of the injector's Deployment. */
export function importQueries(namespace: string, injector: string): readonly ObjectQuery[] {
  return [
    { path: `/api/v1/namespaces/${namespace}/configmaps` },
    {
      path: `/apis/apps/v1/namespaces/${namespace}/deployments`,
      query: { labelSelector: injector },
      lacking: "the release is told without the injector's image",
    },
    {
      path: '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
      lacking: 'tags and webhook settings are left out',
    },
    { path: '/api/v1/namespaces', lacking: 'namespaces are left out' },
    { path: '/api/v1/nodes', lacking: "the nodes' versions are left out" },
  ];
}
