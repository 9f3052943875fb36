/** Merging into a typed pod is a strategic merge whose whole result is read as a pod. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normalizePod } from '../../kube/typed-pod.ts';
import { strategicMergePatch } from '../../merge/strategic-merge.ts';
import type { JsonObject } from '../../template/value.ts';
import { plainOverlay } from './typed-lists.ts';
import { mergeOverlay } from './typed-merge.ts';

const POD = normalizePod({
  metadata: {
    name: 'pod',
    labels: { app: 'web' },
    annotations: { a: 'b' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Job', name: 'job', uid: '1' }],
  },
  spec: { containers: [{ name: 'app' }] },
});

const METADATA: readonly JsonObject[] = [
  { labels: { version: 'v1' } },
  { labels: { app: null } },
  { labels: { app: 'x' }, annotations: { c: 'd', e: '' } },
  { annotations: { a: null } },
  { annotations: { b: '\ud800' } },
  { labels: {}, annotations: {} },
  { labels: null },
  { creationTimestamp: null },
  { creationTimestamp: '2026-11-29T10:00:00.5Z', labels: { x: 'y' } },
  { name: null, labels: { x: 'y' } },
  { generateName: '' },
  { Labels: { x: 'y' } },
  { finalizers: ['x'], unknown: 1 },
  { ownerReferences: [{ uid: '1', controller: true }] },
];

test('metadata of every kind merges as a strategic merge says, in typed form', () => {
  for (const metadata of METADATA) {
    const merged = mergeOverlay(POD, plainOverlay({ metadata }));
    const whole = normalizePod(strategicMergePatch(POD, { metadata }));
    assert.equal(JSON.stringify(merged.metadata), JSON.stringify(whole.metadata), JSON.stringify(metadata));
  }
});

test('metadata that is no metadata is refused', () => {
  for (const metadata of [{ labels: { x: 1 } }, { annotations: { x: ['y'] } }, { name: 5 }] as JsonObject[]) {
    assert.throws(() => mergeOverlay(POD, plainOverlay({ metadata })), { name: 'TypedPodError' });
  }
});
