import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseYamlExact } from '../yaml/parse.ts';
import { decodeResource, ResourceError } from './resource-decode.ts';
import { encodeResource } from './resource-encode.ts';
import { ResourceTypes } from './resource-types.ts';

interface Vector {
  readonly yaml: string;
  readonly kind?: string;
  readonly json?: unknown;
  readonly error?: string;
}

const KINDS = [
  'Deployment',
  'ReplicationController',
  'ReplicaSet',
  'Job',
  'DaemonSet',
  'StatefulSet',
  'Pod',
  'Namespace',
];
const NAMES = new Map([...KINDS, 'CronJob', 'Service'].map((name) => [name.toLowerCase(), `v1.${name}`]));

function readVectors(): Vector[] {
  const file = join(import.meta.dirname, '..', '..', 'test', 'vectors', 'resources', 'vectors.ndjson');
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Vector);
}

/** Integers beyond 2^53 are rounded in the vectors as JSON.parse reads them. */
function withNumbers(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, each) => (typeof each === 'bigint' ? Number(each) : each)));
}

function run({ yaml, kind }: Vector, types: ResourceTypes): unknown {
  const type = types.structOf(kind === undefined ? 'v1.TypeMeta' : (NAMES.get(kind) ?? kind));
  return withNumbers(encodeResource(type, decodeResource(type, parseYamlExact(yaml), 'yaml')));
}

test('resources are read and written as Linkerd does', () => {
  const types = new ResourceTypes();
  const vectors = readVectors();
  assert.ok(vectors.length > 100);
  assert.ok(vectors.filter(({ error }) => error !== undefined).length > 5);
  for (const vector of vectors) {
    if (vector.error === undefined) {
      assert.deepEqual(run(vector, types), vector.json, vector.yaml);
    } else {
      assert.throws(() => run(vector, types), { name: ResourceError.name, message: vector.error }, vector.yaml);
    }
  }
});

test('a number is no text for encoding/json', () => {
  const type = new ResourceTypes().structOf('v1.Pod');
  const pod = { metadata: { labels: { a: 1 } } };
  assert.throws(() => decodeResource(type, pod, 'json'), {
    message: 'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
  });
});

test('a label called __proto__ is a label', () => {
  const type = new ResourceTypes().structOf('v1.Pod');
  const pod = parseYamlExact('metadata: {labels: {__proto__: x, constructor: z}}');
  const written = encodeResource(type, decodeResource(type, pod, 'yaml')) as { metadata: { labels: object } };
  assert.deepEqual(Object.entries(written.metadata.labels), [
    ['__proto__', 'x'],
    ['constructor', 'z'],
  ]);
});
