/** What is told of a cluster that answers late, and not everything. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ClusterSnapshot } from '../snapshot.ts';
import { openAccess } from './access.ts';
import { ClusterClient } from './cluster-client.ts';
import { ClusterContext } from './cluster-context.ts';

const REPLICA_SETS = JSON.stringify({
  kind: 'List',
  metadata: { resourceVersion: '1' },
  items: [
    {
      metadata: {
        name: 'odd',
        namespace: 'shop',
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'even', uid: 'u', controller: true }],
      },
    },
  ],
});

test('owners that are read after the start are told, though namespaces and nodes are refused', {
  timeout: 20_000,
}, async () => {
  const late: ServerResponse[] = [];
  let open = false;
  const server = createServer((request, response) => {
    if (!request.url?.includes('/replicasets')) response.writeHead(403).end('{"kind":"Status","code":403}');
    else if (request.url.includes('watch=')) response.writeHead(200).flushHeaders();
    else if (open) response.end(REPLICA_SETS);
    else late.push(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const folder = mkdtempSync(join(tmpdir(), 'meshgate-context-'));
  const kubeconfig = join(folder, 'config.json');
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const cluster = { server: address, 'insecure-skip-tls-verify': true };
  const contexts = [{ name: 'x', context: { cluster: 'c', user: 'u' } }];
  const users = [{ name: 'u', user: { token: 'secret' } }];
  writeFileSync(
    kubeconfig,
    JSON.stringify({ clusters: [{ name: 'c', cluster }], users, contexts, 'current-context': 'x' }),
  );
  const client = new ClusterClient(await openAccess({ kubeconfig }));
  const told = Promise.withResolvers<ClusterSnapshot>();
  const context = new ClusterContext({
    client,
    onState: () => undefined,
    onChange: told.resolve,
    onOwners: () => assert.fail('nothing was told before'),
  });
  try {
    await context.start();
    assert.equal(late.length, 1, 'the list is still awaited');
    open = true;
    for (const response of late) response.end(REPLICA_SETS);
    assert.deepEqual([...(await told.promise).owners.keys()], ['ReplicaSet/shop/odd']);
  } finally {
    await context.stop();
    await client.close();
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
