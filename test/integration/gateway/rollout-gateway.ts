/** A gateway with a mesh of templates that a rollout moves, and load for it. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { request } from 'undici';
import type { ReadyLine } from '../../../gateway/gateway.ts';
import { placeOf } from '../../../gateway/rollout/cohort.ts';
import type { RolloutDescription } from '../../../gateway/rollout/describe.ts';
import { readAdminAccess } from '../../../gateway/server/admin-access.ts';
import { patchText, TestClient } from './harness.ts';
import { GatewayProcess, makeFolders, readFile } from './process.ts';

export const GOOD = (image: string) => `spec:\n  containers:\n  - {name: proxy, image: "${image}"}\n`;
/** Fails for every pod, which is a denial that a revision's author has to answer for. */
export const DENYING = '{{ fail "not today" }}\n';

const HEAD = 'apiVersion: meshgate.dev/v1alpha1\n';
function revision(name: string): string {
  return `---\n${HEAD}kind: MeshRevision\nmetadata: {name: ${name}}\nspec: {mesh: shop, template: {template: {file: ${name}.tpl}, policy: enabled}}\n`;
}

export function files(defaultRevision: string, from: string, to: string, analysis: string, suspend = false): string {
  return `${HEAD}kind: Mesh
metadata: {name: shop}
spec: {provider: template, defaultRevision: ${defaultRevision}, paths: [/inject]}
${revision('v1')}${revision('v2')}${revision('v3')}---
${HEAD}kind: RevisionRollout
metadata: {name: move}
spec: {mesh: shop, from: ${from}, to: ${to}, suspend: ${suspend}, analysis: ${analysis}}
`;
}

export function podOf(workload: string, uid: string): string {
  const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: workload, uid: 'x', controller: true };
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${workload}-0`, ownerReferences: [owner] },
    spec: { containers: [{ name: 'app', image: 'app:1', resources: {} }] },
  };
  return JSON.stringify({
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: { uid, kind: { group: '', version: 'v1', kind: 'Pod' }, namespace: 'shop', operation: 'CREATE', object },
  });
}

export const place = (workload: string) => placeOf('move', 'shop', { kind: 'StatefulSet', name: workload });

/** Pods of many workloads without pause. */
export class Load {
  readonly #client: TestClient;
  #ending = false;
  readonly #done: Promise<unknown>;
  broken = 0;
  constructor(client: TestClient) {
    this.#client = client;
    this.#done = Promise.all(Array.from({ length: 4 }, (_, lane) => this.#run(lane)));
  }
  async #run(lane: number): Promise<void> {
    for (let n = lane; !this.#ending; n += 4) {
      const workload = `w${n % 200}`;
      const answer = await this.#client.post('/inject?timeout=5s', podOf(workload, `u-${n}`));
      if (answer.status !== 200) this.broken += 1;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
  async end(): Promise<void> {
    this.#ending = true;
    await this.#done;
  }
}

/** Two listening processes; the rollout is called `move`, the mesh `shop`. */
export class RolloutGateway {
  readonly folders = makeFolders();
  #started: { readonly process: GatewayProcess; readonly ready: ReadyLine; readonly client: TestClient } | null = null;

  get process(): GatewayProcess {
    return this.#there().process;
  }

  get ready(): ReadyLine {
    return this.#there().ready;
  }

  get client(): TestClient {
    return this.#there().client;
  }

  #there() {
    assert.ok(this.#started !== null, 'not started');
    return this.#started;
  }

  /** Also after it was killed, on the same state folder. */
  async start(): Promise<void> {
    const { policy, state } = this.folders;
    const process = new GatewayProcess([
      ...['serve', '--source', policy, '--state', state, '--processes', '2', '--workers', '2'],
      ...['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--drain-delay', '0'],
    ]);
    const ready = await process.ready();
    const client = new TestClient(ready.admission, readFile(ready.ca), { connections: 8 });
    this.#started = { process, ready, client };
  }

  readonly write = (name: string, text: string): void => writeFileSync(join(this.folders.policy, name), text);

  /** Templates of v1, v2 and v3, and the mesh. */
  writeAll(mesh: string): void {
    this.write('overlay.tpl', '');
    for (const n of [1, 2, 3]) this.write(`v${n}.tpl`, GOOD(`proxy:${n}`));
    this.write('mesh.yaml', mesh);
  }

  readonly status = async (): Promise<RolloutDescription> => {
    const answer = await request(`${this.ready.admin}/api/v1/rollouts/move`);
    return (await answer.body.json()) as RolloutDescription;
  };

  readonly until = async (what: string, holds: (now: RolloutDescription) => boolean): Promise<RolloutDescription> => {
    let now: RolloutDescription | null = null;
    for (let i = 0; i < 300; i++) {
      now = await this.status();
      if (holds(now)) return now;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return assert.fail(`${what}: ${JSON.stringify(now)}\n${this.process.stderr.slice(-2_000)}`);
  };

  readonly post = async (action: string, token?: string) => {
    const headers = { authorization: `Bearer ${token ?? (await readAdminAccess(this.folders.state)).token}` };
    const answer = await request(`${this.ready.admin}/api/v1/rollouts/move/${action}`, { method: 'POST', headers });
    return { status: answer.statusCode, body: (await answer.body.json()) as { code?: string; message?: string } };
  };

  /** Of the proxy in a pod of the workload. */
  readonly imageOf = async (workload: string) => {
    return /proxy:\d/.exec(patchText(await this.client.post('/inject', podOf(workload, 'u'))))?.[0];
  };

  async end(): Promise<void> {
    await this.client.close();
    this.process.child.kill('SIGKILL');
    this.folders.remove();
  }
}
