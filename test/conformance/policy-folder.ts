/**
 * A policy folder that serves every case of a corpus at once: a revision for each configuration, a ClusterSnapshot for what is known
 * around the requests, a mesh for each pair of provider, cluster and native sidecars.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterContext, RevisionSource } from '../../workers/protocol.ts';
import type { JsonObject } from '../../workers/template/value.ts';
import type { ReviewCase } from './review-case.ts';

const API_VERSION = 'meshgate.dev/v1alpha1';

interface Cluster {
  readonly name: string;
  readonly context: Pick<ClusterContext, 'owners' | 'ownersKnown' | 'nodes'>;
  /** null: nothing may be known about it. */
  readonly namespaces: Map<string, ClusterContext['namespace']>;
}

interface MeshOfFolder {
  readonly name: string;
  readonly provider: string;
  readonly cluster: string | null;
  readonly nativeSidecars: string | null;
  /** Revision name by its specification. */
  readonly revisions: Map<string, { readonly name: string; readonly spec: RevisionSource['spec'] }>;
}

/** Collects cases, then writes the folder. */
export class ConformanceFolder {
  readonly #root: string;
  /** By owners and nodes; cases whose namespaces agree share one. */
  readonly #clusters = new Map<string, Cluster[]>();
  readonly #meshes = new Map<string, MeshOfFolder>();
  #clusterCount = 0;

  constructor(root: string) {
    this.#root = root;
    mkdirSync(join(root, 'texts'), { recursive: true });
  }

  /** Makes room for a case. Returns the URL path that serves it; null where policy files can not say what it is about. */
  add(recorded: ReviewCase): string | null {
    if (hasNamelessOwner(recorded.cluster)) return null;
    const { provider, spec } = recorded;
    const cluster = this.#clusterOf(recorded);
    const nativeSidecars = spec.provider === 'istio' ? spec.nativeSidecars : null;
    const key = JSON.stringify([provider, cluster, nativeSidecars]);
    const mesh: MeshOfFolder = this.#meshes.get(key) ?? {
      ...{ name: `mesh-${this.#meshes.size}`, provider, cluster, nativeSidecars },
      revisions: new Map(),
    };
    this.#meshes.set(key, mesh);
    const digest = JSON.stringify(spec);
    const revision = mesh.revisions.get(digest) ?? { name: `r-${mesh.revisions.size}`, spec };
    mesh.revisions.set(digest, revision);
    const pairs = provider === 'istio' ? recorded.path.replace(/^\/inject\/?/, '') : '';
    return `/inject/mesh/${mesh.name}/rev/${revision.name}${pairs === '' ? '' : `/${pairs}`}`;
  }

  #clusterOf({ cluster, body }: ReviewCase): string | null {
    const { owners, nodes, nodesKnown } = cluster;
    const ownersKnown = cluster.ownersKnown === true;
    const isUnknown = cluster.namespace === null && !nodesKnown && !ownersKnown && Object.keys(owners).length === 0;
    if (isUnknown) return null;
    const key = JSON.stringify([owners, ownersKnown, nodes]);
    const group = this.#clusters.get(key) ?? [];
    this.#clusters.set(key, group);
    const namespace = namespaceOf(body);
    const fits = ({ namespaces }: Cluster) =>
      !namespaces.has(namespace) || same(namespaces.get(namespace) ?? null, cluster.namespace);
    let found = group.find(fits);
    if (found === undefined) {
      const name = `cluster-${this.#clusterCount++}`;
      found = { name, context: { owners, ownersKnown, nodes }, namespaces: new Map() };
      group.push(found);
    }
    found.namespaces.set(namespace, cluster.namespace);
    return found.name;
  }

  /** Writes all documents. */
  write(): void {
    const documents: JsonObject[] = [];
    for (const mesh of this.#meshes.values()) {
      const [first] = mesh.revisions.values();
      documents.push({
        ...head('Mesh', mesh.name),
        spec: {
          provider: mesh.provider,
          defaultRevision: first?.name ?? '',
          ...(mesh.cluster === null ? {} : { cluster: mesh.cluster }),
          ...(mesh.nativeSidecars === null ? {} : { nativeSidecars: mesh.nativeSidecars }),
        },
      });
      for (const { name, spec } of mesh.revisions.values()) {
        documents.push({ ...head('MeshRevision', name), spec: { mesh: mesh.name, ...this.#revisionSpec(spec) } });
      }
    }
    // A cluster that is alone would count for meshes without one.
    const clusters = [...this.#clusters.values()].flat();
    documents.push(...clusters.map(clusterDocument), ...['unused-1', 'unused-2'].map(emptyCluster));
    for (const [index, document] of documents.entries()) {
      writeFileSync(join(this.#root, `document-${index}.yaml`), JSON.stringify(document));
    }
  }

  #revisionSpec(spec: RevisionSource['spec']): JsonObject {
    switch (spec.provider) {
      case 'istio': {
        const { injectConfig, values, meshConfig, release, revision, platform, compliancePolicy, env } = spec;
        const texts = this.#texts({ injectConfig, values, meshConfig });
        const given = release === undefined ? {} : { release };
        return { istio: { ...texts, ...given, revision, platform, compliancePolicy, env: { ...env } } };
      }
      case 'linkerd': {
        const { values, trustAnchors, controlPlaneNamespace, release, version } = spec;
        const given = { ...(release === undefined ? {} : { release }), ...(version === undefined ? {} : { version }) };
        return { linkerd: { ...this.#texts({ values, trustAnchors }), controlPlaneNamespace, ...given } };
      }
      default:
        throw new Error(`no cases are recorded for provider ${spec.provider}`);
    }
  }

  /** Texts go to files of their own, one for all that are equal. */
  #texts(texts: Readonly<Record<string, string>>): JsonObject {
    const entries = Object.entries(texts).map(([field, text]) => {
      const file = `texts/${createHash('sha256').update(text).digest('hex').slice(0, 16)}.txt`;
      writeFileSync(join(this.#root, file), text);
      return [field, { file }] as const;
    });
    return Object.fromEntries(entries);
  }
}

/** Linkerd's own tests have owners without a name, which no cluster has. */
function hasNamelessOwner({ owners }: ClusterContext): boolean {
  return Object.values(owners).some(
    ({ name, ownerReferences }) => name === '' || ownerReferences.some((reference) => reference.name === ''),
  );
}

function head(kind: string, name: string): JsonObject {
  return { apiVersion: API_VERSION, kind, metadata: { name } };
}

function emptyCluster(name: string): JsonObject {
  return { ...head('ClusterSnapshot', name), spec: {} };
}

function clusterDocument({ name, context, namespaces }: Cluster): JsonObject {
  const known = [...namespaces].flatMap(([namespace, record]) =>
    record === null ? [] : [{ name: namespace, labels: { ...record.labels }, annotations: { ...record.annotations } }],
  );
  const owners = Object.values(context.owners).map(({ apiVersion, kind, name: owner, namespace, ownerReferences }) => ({
    ...{ apiVersion, kind },
    metadata: { name: owner, namespace, ownerReferences: ownerReferences.map((reference) => ({ ...reference })) },
  }));
  // A snapshot with owners knows all of them.
  const nobody = { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'nobody', namespace: 'nowhere' } };
  const listed = context.ownersKnown === true && owners.length === 0 ? [nobody] : owners;
  const nodes = context.nodes.map((node) => ({ ...node }));
  return { ...head('ClusterSnapshot', name), spec: { namespaces: known, owners: listed, nodes } } as JsonObject;
}

/** The namespace whose record counts: the pod's own, else the request's. */
function namespaceOf(body: string): string {
  try {
    const { request } = JSON.parse(body) as {
      request?: { namespace?: string; object?: { metadata?: { namespace?: string } } };
    };
    return request?.object?.metadata?.namespace || request?.namespace || '';
  } catch {
    return '';
  }
}

function same(a: ClusterContext['namespace'], b: ClusterContext['namespace']): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
