import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NEWEST_MINOR } from '../releases.ts';
import { holdApplicationUntilProxyStarts } from './config.ts';
import { effectiveMeshConfig } from './effective-mesh.ts';
import { ProtoJsonWriter } from './proto-json.ts';
import type { ResolvedProxyConfig } from './proxy-config-source.ts';
import { MAX_CACHED_ANNOTATIONS, ProxyConfigSource, ProxyConfigTexts } from './proxy-config-source.ts';

const MESH = effectiveMeshConfig('defaultConfig:\n  proxyMetadata: {A: "1"}\n');

function source(mode: 'webhook' | 'kube-inject' = 'webhook'): ProxyConfigSource {
  return new ProxyConfigSource(MESH, { mode, minor: NEWEST_MINOR });
}

function resolved(from: ProxyConfigSource, annotation?: string): ResolvedProxyConfig {
  const outcome = from.get(annotation);
  assert.ok(outcome.ok);
  return outcome.resolved;
}

test('equal annotations share one configuration', () => {
  const configs = source();
  assert.equal(resolved(configs), resolved(configs));
  assert.equal(resolved(configs, 'concurrency: 3'), resolved(configs, 'concurrency: 3'));
  assert.notEqual(resolved(configs, 'concurrency: 3'), resolved(configs, 'concurrency: 4'));
});

test('the cache forgets what was unused longest', () => {
  const configs = source();
  const first = resolved(configs, 'concurrency: 1');
  const second = resolved(configs, 'concurrency: 2');
  for (let n = 3; n <= MAX_CACHED_ANNOTATIONS; n++) resolved(configs, `concurrency: ${n}`);
  assert.equal(resolved(configs, 'concurrency: 1'), first, 'used again');
  resolved(configs, 'concurrency: 0');
  assert.equal(resolved(configs, 'concurrency: 1'), first, 'kept');
  assert.notEqual(resolved(configs, 'concurrency: 2'), second, 'forgotten');
});

test('a bad annotation is an outcome, not an exception', () => {
  for (const annotation of ['concurrency: many', 'a: [', 'statusPort: 0', '- x']) {
    const outcome = source().get(annotation);
    assert.equal(outcome.ok, false, annotation);
    assert.ok(!outcome.ok && outcome.problems.length > 0);
  }
});

test('unknown fields are accepted, metadata is merged', () => {
  const { config } = resolved(
    source(),
    'proxyMetadata: {B: "2"}\nnoSuchField: 1\nholdApplicationUntilProxyStarts: true',
  );
  assert.deepEqual({ ...config.proxyMetadata }, { A: '1', B: '2' });
  assert.equal(holdApplicationUntilProxyStarts(config), true);
});

test('only kube-inject shows the annotation in .MeshConfig', () => {
  const annotation = 'concurrency: 7';
  const plain = resolved(source('kube-inject'));
  assert.notEqual(resolved(source('kube-inject'), annotation).meshRef.data, plain.meshRef.data);
  const webhook = source('webhook');
  assert.equal(resolved(webhook, annotation).meshRef, resolved(webhook).meshRef);
});

test('texts are written once for a configuration', () => {
  const texts = new ProxyConfigTexts(new ProtoJsonWriter(NEWEST_MINOR));
  const { config } = resolved(source(), 'drainDuration: 60s\nterminationDrainDuration: 1500ms');
  const text = '{"drainDuration":"60s","proxyMetadata":{"A":"1"},"terminationDrainDuration":"1.500s"}';
  assert.equal(texts.write(config), text);
  assert.equal(texts.write(config), text);
});
