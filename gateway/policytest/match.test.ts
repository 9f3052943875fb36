import assert from 'node:assert/strict';
import { it } from 'node:test';
import { differences } from './match.ts';

const POD = {
  metadata: { labels: { app: 'web' } },
  spec: {
    hostNetwork: false,
    containers: [
      { name: 'web', args: ['a', 'b'], ports: [{ name: 'http', containerPort: 80 }, { containerPort: 81 }] },
      {
        name: 'proxy',
        volumeMounts: [
          { name: 'data', mountPath: '/a' },
          { name: 'data', mountPath: '/b', readOnly: true },
        ],
      },
    ],
  },
};

it('takes a part for the whole', () => {
  assert.deepEqual(differences({ metadata: { labels: { app: 'web' } } }, POD, ''), []);
  assert.deepEqual(differences({ spec: { containers: [{ name: 'proxy' }], hostNetwork: false } }, POD, ''), []);
});

it('finds items by name, port and mount path, or by their contents', () => {
  const part = {
    spec: {
      containers: [
        { name: 'web', ports: [{ containerPort: 80, name: 'http' }] },
        { name: 'proxy', volumeMounts: [{ mountPath: '/b', readOnly: true }] },
        { args: ['a', 'b'] },
      ],
    },
  };
  assert.deepEqual(differences(part, POD, ''), []);
});

it('tells every difference with its place', () => {
  const part = {
    metadata: { labels: { app: 'api', team: 'x' }, annotations: {} },
    spec: {
      hostNetwork: null,
      containers: [{ name: 'web', args: ['a'], ports: [{ containerPort: 82 }] }, { name: 'gone' }, { image: 'x' }],
    },
  };
  assert.deepEqual(differences(part, POD, ''), [
    'metadata.labels.app is "web", and must be "api"',
    'metadata.labels.team is not there, and must be "x"',
    'metadata.annotations is not there, and must be {}',
    'spec.hostNetwork is false, and must not be there',
    'spec.containers[web].args is ["a","b"], and must be ["a"]',
    'spec.containers[web].ports[82] is not there',
    'spec.containers[gone] is not there',
    'spec.containers has no item like {"image":"x"}',
  ]);
});

it('tells a wrong type, and takes null as absent', () => {
  assert.deepEqual(differences({ a: [1], b: { c: 1 }, d: null }, { a: 1, b: 2, d: null }, ''), [
    'a is 1, and must be a list',
    'b is 2, and must be a mapping',
  ]);
});
