/** Gateways as processes of their own, with state folders of their own, in one cluster. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { request } from 'undici';
import { parseAllDocuments } from 'yaml';
import type { ReadyLine } from '../../../gateway/gateway.ts';
import type { RolloutDescription } from '../../../gateway/rollout/describe.ts';
import { GatewayProcess, makeFolders } from '../gateway/process.ts';
import type { Workbench } from './workbench.ts';

const HEAD = 'apiVersion: meshgate.dev/v1alpha1\n';
const revision = (name: string) =>
  `---\n${HEAD}kind: MeshRevision\nmetadata: {name: ${name}}\nspec: {mesh: shop, template: {template: {file: ${name}.tpl}, policy: enabled}}\n`;
/** A mesh that a rollout moves from v1 to v2, whose pods get the image `proxy:REVISION`. */
export const FILES = `${HEAD}kind: Mesh
metadata: {name: shop}
spec: {provider: template, defaultRevision: v1, paths: [/inject]}
${revision('v1')}${revision('v2')}---
${HEAD}kind: RevisionRollout
metadata: {name: move}
spec: {mesh: shop, from: v1, to: v2, analysis: {interval: 1s, stepWeight: 4}}
`;
export const REVIEW = JSON.stringify({
  kind: 'AdmissionReview',
  apiVersion: 'admission.k8s.io/v1',
  request: {
    ...{ uid: 'u', kind: { group: '', version: 'v1', kind: 'Pod' }, namespace: 'shop', operation: 'CREATE' },
    object: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'a', image: 'a:1' }] },
    },
  },
});

export class GatewayBench {
  readonly #ends: (() => void)[] = [];

  /** @param files the mesh and its revisions, and the tag of the image that pods get where it is not the revision's name; `state` is its state folder. */
  start(
    kubeconfig: string,
    files: string | { readonly mesh: string; readonly tag: string } = FILES,
    ...more: readonly string[]
  ): { gateway: GatewayProcess; state: string } {
    const { mesh, tag } = typeof files === 'string' ? { mesh: files, tag: null } : files;
    const { policy, state, remove } = makeFolders();
    writeFileSync(join(policy, 'mesh.yaml'), mesh);
    for (const name of ['v1', 'v2'])
      writeFileSync(
        join(policy, `${name}.tpl`),
        `spec:\n  containers:\n  - {name: proxy, image: "proxy:${tag ?? name}"}\n`,
      );
    const gateway = new GatewayProcess([
      ...['serve', '--source', policy, '--state', state, '--workers', '1', '--kubeconfig', kubeconfig],
      ...['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--drain-delay', '0', ...more],
    ]);
    this.#ends.push(() => {
      gateway.child.kill('SIGKILL');
      remove();
    });
    return { gateway, state };
  }

  stop(): void {
    for (const end of this.#ends) end();
  }
}

export async function read<T>(url: string): Promise<T> {
  return (await (await request(url)).body.json()) as T;
}
export const rolloutOf = ({ admin }: ReadyLine) => read<RolloutDescription>(`${admin}/api/v1/rollouts/move`);
export interface ClusterStatus {
  readonly cluster: {
    namespace: string;
    conditions: { what: string; status: string; reason: string; message: string }[];
  };
}

/** The roles of the documentation, for an account of this test. */
export async function grant(bench: Workbench, namespace: string, account: string): Promise<void> {
  const text = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'cluster.md'), 'utf8');
  const yaml = [...text.matchAll(/```yaml\n(apiVersion: rbac.*?)```/gs)].map(([, block]) => block).join('---\n');
  const own = yaml
    .replaceAll('mesh-system', namespace)
    .replaceAll('name: meshgate,', `name: ${account},`)
    .replaceAll('name: meshgate-cluster', `name: meshgate-cluster-${namespace}`);
  for (const document of parseAllDocuments(own)) {
    const object = document.toJS() as { kind: string; metadata: { namespace?: string } };
    const place = object.metadata.namespace === undefined ? '' : `/namespaces/${object.metadata.namespace}`;
    await bench.create(`/apis/rbac.authorization.k8s.io/v1${place}/${object.kind.toLowerCase()}s`, object);
  }
}
