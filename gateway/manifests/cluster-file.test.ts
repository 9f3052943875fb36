import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namespaceContext, readClusterFile } from './cluster-file.ts';
import { ManifestError } from './documents.ts';

const SNAPSHOT = `apiVersion: meshgate.dev/v1alpha1
kind: ClusterSnapshot
metadata: {name: east}
spec:
  namespaces: [{name: shop, labels: {team: a}, annotations: {}}]
  nodes: [{name: n1, kubeletVersion: v1.33.0}]
`;

test('a ClusterSnapshot is read as the gateway reads it', async () => {
  const cluster = await readClusterFile(SNAPSHOT);
  assert.equal(cluster.name, 'east');
  assert.deepEqual(namespaceContext(cluster, 'shop'), {
    namespace: { labels: { team: 'a' }, annotations: {} },
    owners: {},
    nodes: [{ name: 'n1', kubeletVersion: 'v1.33.0' }],
    nodesKnown: true,
  });
  assert.equal(namespaceContext(cluster, 'other').namespace, null);
  assert.equal(namespaceContext(null, 'shop').nodesKnown, false);
});

test('namespaces and nodes as kubectl prints them do as well', async () => {
  const cluster = await readClusterFile(
    JSON.stringify({
      kind: 'List',
      items: [
        { kind: 'Namespace', metadata: { name: 'shop', labels: { team: 'a' } } },
        { kind: 'Node', metadata: { name: 'n1' }, status: { nodeInfo: { kubeletVersion: 'v1.34.1' } } },
        { kind: 'Node', metadata: { name: 'odd' }, status: {} },
        {
          kind: 'ReplicaSet',
          metadata: {
            name: 'web-1',
            namespace: 'shop',
            ownerReferences: [{ kind: 'Deployment', name: 'web', apiVersion: 'apps/v1', controller: true }],
          },
        },
      ],
    }),
  );
  assert.deepEqual(cluster.namespaces.get('shop'), { labels: { team: 'a' }, annotations: {} });
  assert.deepEqual(cluster.nodes, [{ name: 'n1', kubeletVersion: 'v1.34.1' }]);
  assert.equal(cluster.owners.get('ReplicaSet/shop/web-1')?.ownerReferences[0]?.name, 'web');
});

test('a file with neither, with several, or with a wrong snapshot is refused', async () => {
  const wrong = SNAPSHOT.replace('nodes:', 'node:');
  for (const text of ['kind: Service\n', `${SNAPSHOT}---\n${SNAPSHOT}`, wrong]) {
    await assert.rejects(readClusterFile(text), ManifestError, text);
  }
});
