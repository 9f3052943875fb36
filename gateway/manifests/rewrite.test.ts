import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResourceOutcome } from '../../workers/inject/workload.ts';
import { transformWorkloads } from '../../workers/inject/workload.ts';
import type { JsonObject } from '../../workers/template/value.ts';
import { rewriteManifests } from './rewrite.ts';

/** Marks Pods, refuses those called bad, and leaves everything else alone. */
function mark(resource: JsonObject): ResourceOutcome {
  return transformWorkloads(resource, (workload) => {
    const { kind, metadata } = workload as { kind?: string; metadata?: JsonObject };
    if (kind !== 'Pod') return { kind: 'untouched', skipped: [] };
    const name = String(metadata?.['name']);
    const outcome = { kind: 'Pod', name, code: 'X', message: 'no' };
    if (name === 'bad') return { kind: 'denied', denied: [outcome], skipped: [] };
    if (name === 'left') return { kind: 'untouched', skipped: [outcome] };
    return { kind: 'changed', resource: { ...workload, marked: true }, skipped: [] };
  });
}

const SERVICE = '# a comment\nkind: Service   # and another\nspec: {b: 1, a: 2}\n';
const POD = 'kind: Pod\nmetadata: {name: web}\n';
const MARKED = 'kind: Pod\nmarked: true\nmetadata:\n  name: web\n';

test('documents that stay keep their bytes, each is followed by a separator', () => {
  const { text, changed } = rewriteManifests(`${SERVICE}---\n${POD}---\n# the end`, mark);
  assert.equal(text, `${SERVICE}---\n${MARKED}---\n# the end\n---\n`);
  assert.equal(changed, 1);
});

test('what came as JSON leaves as JSON, untouched to the byte', () => {
  const pod = '{"kind": "Pod", "metadata": {"name": "web"}}';
  assert.deepEqual(JSON.parse(rewriteManifests(pod, mark).text), {
    kind: 'Pod',
    metadata: { name: 'web' },
    marked: true,
  });
  const service = '{ "kind":"Service" }';
  assert.equal(rewriteManifests(service, mark).text, service);
  assert.equal(rewriteManifests(pod, mark, 'yaml').text, `${MARKED}---\n`);
});

test('several documents become a List in JSON', () => {
  const { text } = rewriteManifests(`${SERVICE}---\n${POD}`, mark, 'json');
  const list = JSON.parse(text) as { kind: string; items: { kind: string }[] };
  assert.deepEqual([list.kind, list.items.map(({ kind }) => kind)], ['List', ['Service', 'Pod']]);
});

test('items of a List are changed in their places', () => {
  const list = `kind: List\nitems:\n- ${POD.replace('\n', '\n  ')}- kind: Service\n`;
  const { text } = rewriteManifests(list, mark);
  assert.equal(
    text,
    'items:\n- kind: Pod\n  marked: true\n  metadata:\n    name: web\n- kind: Service\nkind: List\n---\n',
  );
});

test('refused and skipped workloads are told, and change nothing', () => {
  const file = 'kind: Pod\nmetadata: {name: bad}\n---\nkind: Pod\nmetadata: {name: left}\n';
  const { text, denied, skipped, changed } = rewriteManifests(file, mark);
  assert.deepEqual([denied.map(({ name }) => name), skipped.map(({ name }) => name), changed], [['bad'], ['left'], 0]);
  assert.equal(text, `${file}---\n`);
});

test('integers that no number holds keep their digits', () => {
  const large = '9007199254740993';
  const pod = `kind: Pod\nmetadata: {name: web, big: ${large}}\nspec:\n  list: [{name: a, big: ${large}}, ${large}]\n`;
  const { text } = rewriteManifests(pod, mark);
  assert.equal(text.match(new RegExp(large, 'g'))?.length, 3);
  assert.match(text, /^marked: true$/m);
  assert.equal(rewriteManifests(pod, mark, 'json').text.match(new RegExp(`: ?${large}|^ *${large}$`, 'gm'))?.length, 3);
  const changed = rewriteManifests(pod, (resource) => {
    const { spec } = resource as { spec: { list: JsonObject[] } };
    const list = [
      { name: 'new' },
      ...spec.list.map((item) => (typeof item === 'object' ? { ...item, more: 1 } : item)),
    ];
    return { kind: 'changed', resource: { ...resource, spec: { list } }, skipped: [] };
  });
  assert.equal(changed.text.match(new RegExp(large, 'g'))?.length, 3);
});
