/** A source over ssh: the real ssh client against a server on loopback. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SshServer } from './ssh-server.ts';
import { POLICIES, Workshop } from './workshop.ts';

describe('a source over ssh', () => {
  const workshop = new Workshop();
  const remote = workshop.repository('remote');
  const client = workshop.sshKey('client');
  const stranger = workshop.sshKey('stranger');
  const host = workshop.sshKey('host');
  const otherHost = workshop.sshKey('other-host');
  const server = new SshServer(host.file, client.publicKey);
  const secret = join(workshop.root, 'a secret, 100 %');
  let first = '';

  /** As a Secret is mounted: readable by its group, which ssh would refuse of a key. */
  const mount = (key: string, knownHosts: string): void => {
    mkdirSync(secret, { recursive: true });
    writeFileSync(join(secret, 'identity'), readFileSync(key));
    chmodSync(join(secret, 'identity'), 0o644);
    writeFileSync(join(secret, 'known_hosts'), knownHosts);
  };
  const open = () =>
    workshop.open([{ url: `ssh://git@127.0.0.1:${server.port}${remote.directory}`, secretRef: { directory: secret } }]);

  before(async () => {
    first = remote.commit(POLICIES);
    await server.listen();
  });
  after(async () => {
    await workshop.close();
    await server.close();
  });

  it('serves what the repository holds, by a key that the server knows and a host that the client knows', async () => {
    mount(client.file, server.knownHost());
    const source = open();
    await source.start();
    assert.deepEqual(source.status().problems, []);
    assert.equal(source.status().serving, first);
    assert.ok(server.commands.every((command) => command.startsWith("git-upload-pack '")));
    assert.ok(!workshop.holds(workshop.state, readFileSync(client.file, 'utf8').split('\n')[1] ?? ''));
  });

  it('keeps the last good snapshot and repeats what ssh says, when key or host are not the ones', async () => {
    mount(client.file, server.knownHost());
    const source = open();
    await source.start();
    const failure = async (): Promise<string> => {
      const { problems, serving } = await source.sync();
      assert.equal(serving, first);
      assert.equal(problems.length, 1);
      return problems[0]?.message ?? '';
    };

    mount(stranger.file, server.knownHost());
    assert.match(await failure(), /Permission denied \(publickey\)/);

    mount(client.file, server.knownHost(otherHost.publicKey.split(' ').slice(0, 2).join(' ')));
    assert.match(await failure(), /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed/);

    mount(client.file, '');
    assert.match(await failure(), /Host key verification failed|No .* host key is known/);

    const next = remote.commit({ 'overlay.tpl': 'spec: {priority: 1}' });
    mount(client.file, server.knownHost());
    const { problems, serving } = await source.sync();
    assert.deepEqual(problems, []);
    assert.equal(serving, next);
  });
});
