/** The webhook receiver through the admin server, with the headers that each Git server sends. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, it } from 'node:test';
import type { SnapshotEntry, SourceControl, SourceStatus } from '../snapshot.ts';
import { sourceRoutes } from '../status/source-routes.ts';
import { createLogger } from '../telemetry/logger.ts';
import { AdminServer } from './admin-server.ts';

const SECRET = 'a-secret-of-some-length';
const ADMIN_TOKEN = 'f'.repeat(64);
const STATUS: SourceStatus = {
  serving: 'a',
  fromState: false,
  observed: 'a',
  lastAttemptAt: null,
  lastSuccessAt: null,
  problems: [],
};

class Recorder implements SourceControl {
  triggered = 0;
  readonly rollbacks: (string | null)[] = [];
  trigger(): void {
    this.triggered += 1;
  }
  async snapshots(): Promise<readonly SnapshotEntry[]> {
    return [];
  }
  async rollback(to: string | null): Promise<SnapshotEntry> {
    this.rollbacks.push(to);
    return { id: '0', revision: 'a', digest: 'sha256:0', loadedAt: '', serving: true };
  }
}

const folder = mkdtempSync(join(tmpdir(), 'meshgate-hook-'));
const tokenFile = join(folder, 'token');
let control = new Recorder();
let server: AdminServer;
let url = '';

before(async () => {
  server = new AdminServer({
    readiness: () => {
      throw new Error('not asked for');
    },
    metrics: async () => ({ contentType: '', text: '' }),
    status: async () => ({}),
    routes: sourceRoutes({
      status: () => STATUS,
      control: {
        trigger: () => control.trigger(),
        snapshots: () => control.snapshots(),
        rollback: (to) => control.rollback(to),
      },
      hookTokenFile: tokenFile,
      adminToken: ADMIN_TOKEN,
      logger: createLogger('silent'),
    }),
  });
  url = `http://127.0.0.1:${await server.listen({ host: '127.0.0.1', port: 0 })}`;
});
after(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  control = new Recorder();
  writeFileSync(tokenFile, `${SECRET}\n`);
});

const hmac = (body: string, algorithm = 'sha256', secret = SECRET) =>
  createHmac(algorithm, secret).update(body).digest('hex');

async function call(headers: Readonly<Record<string, string>>, body = '{"ref":"refs/heads/main"}'): Promise<number> {
  const answer = await fetch(`${url}/hooks/git`, { method: 'POST', headers, body });
  await answer.arrayBuffer();
  return answer.status;
}

it('takes the signatures of GitHub, GitLab, Gitea, Forgejo and the generic one', async () => {
  const body = '{"ref":"refs/heads/main"}';
  for (const headers of [
    { 'x-hub-signature-256': `sha256=${hmac(body)}`, 'x-github-event': 'push' },
    { 'x-gitlab-token': SECRET, 'x-gitlab-event': 'Push Hook' },
    { 'x-gitea-signature': hmac(body), 'x-gitea-event': 'push' },
    { 'x-forgejo-signature': hmac(body) },
    { 'x-signature': `sha256=${hmac(body)}` },
    { 'x-signature': `sha512=${hmac(body, 'sha512')}` },
  ]) {
    assert.equal(await call(headers as Record<string, string>, body), 202, JSON.stringify(headers));
  }
  assert.equal(control.triggered, 6);
});

it('refuses whatever is not signed with the secret over this very body', async () => {
  const body = '{"ref":"refs/heads/main"}';
  for (const headers of [
    {},
    { 'x-hub-signature-256': `sha256=${hmac(`${body} `)}` },
    { 'x-hub-signature-256': `sha256=${hmac(body, 'sha256', 'another-secret-of-length')}` },
    { 'x-hub-signature-256': hmac(body) },
    { 'x-hub-signature-256': 'sha256=' },
    { 'x-signature': `md5=${hmac(body, 'md5')}` },
    { 'x-gitlab-token': `${SECRET}x` },
    { 'x-gitlab-token': '' },
    { 'x-hub-signature-256': 'nonsense', 'x-gitlab-token': SECRET },
  ]) {
    assert.equal(await call(headers as Record<string, string>, body), 401, JSON.stringify(headers));
  }
  assert.equal(control.triggered, 0);
});

it('bounds the body, wants POST, and counts a new secret at once', async () => {
  const large = 'x'.repeat(26 * 1024 * 1024);
  const status = await call({ 'x-hub-signature-256': `sha256=${hmac(large)}` }, large).catch(() => 413);
  assert.equal(status, 413);
  assert.equal((await fetch(`${url}/hooks/git`)).status, 405);
  writeFileSync(tokenFile, 'another-secret-of-length');
  assert.equal(await call({ 'x-gitlab-token': SECRET }), 401);
  assert.equal(await call({ 'x-gitlab-token': 'another-secret-of-length' }), 202);
  writeFileSync(tokenFile, 'short');
  assert.equal(await call({ 'x-gitlab-token': 'short' }), 503);
  rmSync(tokenFile);
  assert.equal(await call({ 'x-gitlab-token': '' }), 503);
  assert.equal(control.triggered, 1);
});

it('a rollback wants the token of the state folder', async () => {
  const roll = (headers: Record<string, string>) => fetch(`${url}/api/v1/rollback?to=abc`, { method: 'POST', headers });
  for (const authorization of ['', 'Bearer ', `Bearer ${'e'.repeat(64)}`, ADMIN_TOKEN]) {
    assert.equal((await roll({ authorization })).status, 401);
  }
  assert.equal((await fetch(`${url}/api/v1/rollback`)).status, 405);
  assert.deepEqual(control.rollbacks, []);
  assert.equal((await roll({ authorization: `Bearer ${ADMIN_TOKEN}` })).status, 200);
  assert.deepEqual(control.rollbacks, ['abc']);
});
