import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { openAccess } from './access.ts';

const folder = mkdtempSync(join(tmpdir(), 'meshgate-access-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function kubeconfig(user: object, cluster: object = {}, context: object = {}): string {
  const file = join(folder, `${files++}.json`);
  const config = {
    clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1/prefix/', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', ...context } }],
    'current-context': 'x',
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

const invalid = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof Error && 'code' in error);
  assert.equal(error.code, 'CLUSTER_CONFIG_INVALID');
  assert.match(error.message, message);
  return true;
};

describe('the access to a cluster', () => {
  it("is the current context's server, with the namespace of its context", async () => {
    const access = await openAccess({ kubeconfig: kubeconfig({ token: 't' }, {}, { namespace: 'mesh' }) });
    assert.deepEqual([access.server, access.namespace], ['https://127.0.0.1:1/prefix', 'mesh']);
    assert.equal((await openAccess({ kubeconfig: kubeconfig({ token: 't' }) })).namespace, 'default');
    await access.close();
  });

  it('logs in with tokens, names and files', async () => {
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, 'of-a-file');
    for (const [user, expected] of [
      [{ token: 't' }, 'Bearer t'],
      [{ username: 'u', password: 'p' }, `Basic ${Buffer.from('u:p').toString('base64')}`],
      [{ 'auth-provider': { name: 'tokenFile', config: { tokenFile } } }, 'Bearer of-a-file'],
    ] as const) {
      const access = await openAccess({ kubeconfig: kubeconfig(user) });
      assert.equal((await access.authorize()).headers.authorization, expected);
      await access.close();
    }
  });

  it('keeps one pool of connections, until certificates change', async () => {
    const ca = join(folder, 'ca.pem');
    writeFileSync(ca, 'one');
    const access = await openAccess({ kubeconfig: kubeconfig({ token: 't' }, { 'certificate-authority': ca }) });
    const { dispatcher } = await access.authorize();
    assert.equal((await access.authorize()).dispatcher, dispatcher);
    writeFileSync(ca, 'two');
    assert.notEqual((await access.authorize()).dispatcher, dispatcher);
    await access.close();
  });

  it('says what is wrong with a kubeconfig', async () => {
    const broken = join(folder, 'broken');
    writeFileSync(broken, 'a: [');
    await assert.rejects(openAccess({ kubeconfig: join(folder, 'none') }), invalid(/none can not be read: ENOENT/));
    await assert.rejects(openAccess({ kubeconfig: broken }), invalid(/broken can not be read/));
    const file = kubeconfig({ token: 't' });
    await assert.rejects(openAccess({ kubeconfig: file, context: 'y' }), invalid(/has no context "y"/));
    await assert.rejects(openAccess({ kubeconfig: 'in-cluster' }), invalid(/this is no pod/));
    const socks = await openAccess({ kubeconfig: kubeconfig({ token: 't' }, { 'proxy-url': 'socks5://127.0.0.1:1' }) });
    await assert.rejects(socks.authorize(), invalid(/SOCKS proxies are not supported/));
    const lost = await openAccess({ kubeconfig: kubeconfig({ token: 't' }, { 'certificate-authority': '/nowhere' }) });
    await assert.rejects(lost.authorize(), invalid(/Can not log in .*ENOENT/));
  });
});
