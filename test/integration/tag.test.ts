/** `meshgate tag`: edits of policy files in place, and webhook configurations. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { parse } from 'yaml';
import { withTag } from '../../gateway/gitsync/mesh-edit.ts';
import { checkout, Workspace } from './command.ts';

let space: Workspace;
let root = '';
beforeEach(() => {
  space = new Workspace();
  root = mkdtempSync(join(tmpdir(), 'meshgate-tag-'));
  cpSync(join(checkout, 'policies'), root, { recursive: true });
});
afterEach(() => {
  space.remove();
  rmSync(root, { recursive: true });
});

const tag = (...args: readonly string[]) => space.run('tag', ...args, '--source', root, '--mesh', 'istio-prod');
const file = () => readFileSync(join(root, 'istio-prod', 'istio-prod.yaml'), 'utf8');

/** The lines that differ. */
function changed(before: string, after: string): { gone: string[]; come: string[] } {
  const [a, b] = [before.split('\n'), after.split('\n')];
  return { gone: a.filter((line) => !b.includes(line)), come: b.filter((line) => !a.includes(line)) };
}

describe('meshgate tag', () => {
  it('sets, moves, lists and removes a tag, and changes nothing else of the file', async () => {
    const before = file();
    assert.equal((await tag('set', 'next', '-r', '1-30')).code, 0);
    const { gone, come } = changed(before, file());
    assert.ok(
      gone.length <= 1 && come.length === 1 && /next: 1-30/.test(come[0] ?? ''),
      JSON.stringify({ gone, come }),
    );
    assert.match((await tag('list')).out, /^next +1-30 +istio-prod$/m);
    assert.match((await tag('set', 'next', '-r', '1-29')).out, /1-30 → 1-29/);
    assert.match((await tag('list')).out, /^next +1-29 /m);
    assert.equal((await tag('remove', 'next')).code, 0);
    assert.equal(file(), before);
  });

  it('refuses a tag with the name of a revision, and names that are not there', async () => {
    const before = file();
    const refused = [
      ['set', '1-30', '-r', '1-29'],
      ['set', 'next', '-r', '1-31'],
      ['remove', 'gone'],
      ['generate', 'gone'],
    ];
    for (const args of refused) {
      const { code, err } = await tag(...args);
      assert.equal(code, 1, args.join(' '));
      assert.match(err, /\[SOURCE_INVALID\]/);
    }
    assert.equal(file(), before);
  });

  it('prints the webhook configuration of a tag', async () => {
    const { code, out } = await tag('generate', 'canary', '--service', 'mesh/gateway');
    assert.equal(code, 0);
    const { metadata, webhooks } = parse(out);
    assert.equal(metadata.name, 'istio-revision-tag-canary');
    assert.deepEqual(metadata.labels, { app: 'sidecar-injector', 'istio.io/rev': '1-30', 'istio.io/tag': 'canary' });
    assert.deepEqual(
      webhooks.map(({ name }: { name: string }) => name),
      ['rev.namespace.sidecar-injector.istio.io', 'rev.object.sidecar-injector.istio.io'],
    );
    const [first] = webhooks;
    assert.deepEqual(first.clientConfig.service, {
      name: 'gateway',
      namespace: 'mesh',
      path: '/inject/mesh/istio-prod/rev/canary',
      port: 443,
    });
    assert.deepEqual(first.namespaceSelector.matchExpressions, [
      { key: 'istio.io/rev', operator: 'In', values: ['canary'] },
      { key: 'istio-injection', operator: 'DoesNotExist' },
    ]);
  });
});

it('finds the mesh among documents, and keeps their comments', () => {
  const text = `# first
kind: Mesh
metadata: {name: a}
spec: {}
---
kind: Mesh
metadata: {name: b} # b
spec:
  tags:
    # who uses it
    prod: "1" # now
`;
  assert.equal(withTag(text, 'c', 'prod', '2'), null);
  assert.equal(withTag(text, 'b', 'prod', '2'), text.replace('"1"', '"2"'));
  assert.equal(withTag(text, 'b', 'next', '1-30'), `${text}    next: 1-30\n`);
  assert.equal(withTag(text, 'b', 'prod', null)?.includes('tags'), false);
});

it('edits every layout of tags into what was asked', () => {
  const layouts = [
    'spec:\n  provider: istio\n',
    'spec:\n  tags: {}\n  provider: istio\n',
    'spec:\n  tags:\n  provider: istio\n',
    'spec: {provider: istio}\n',
    'spec:\n  tags: { a: v1, b: v2 } # c\n  provider: istio\n',
    'spec:\n  tags:\n    a: v1\n    b: v2\n  provider: istio\n',
    'spec: {tags: {a: v1, b: v2}, provider: istio}\n',
    'spec:\n  provider: istio\n  tags:\n    a: v1\n    b: v2',
  ];
  for (const layout of layouts) {
    const text = `kind: Mesh\nmetadata: {name: m}\n${layout}`;
    const before: Record<string, string> = parse(text).spec.tags ?? {};
    const tagsOf = (edited: string | null) => parse(edited ?? '').spec;
    const set = withTag(text, 'm', 'c', '1.5');
    assert.deepEqual(tagsOf(set), { provider: 'istio', tags: { ...before, c: '1.5' } }, layout);
    assert.deepEqual(tagsOf(withTag(set ?? '', 'm', 'c', 'v3')).tags, { ...before, c: 'v3' }, layout);
    const back = tagsOf(withTag(set ?? '', 'm', 'c', null));
    assert.deepEqual(back.tags ?? {}, before, layout);
    for (const name of Object.keys(before)) {
      const { [name]: _, ...rest } = before;
      assert.deepEqual(tagsOf(withTag(text, 'm', name, null)), { provider: 'istio', tags: rest }, layout);
    }
  }
});
