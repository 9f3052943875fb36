/** What is to be committed after a promotion: applies as it is, and changes nothing else. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { CHANGE_TEXT_LIMIT, commitOf, revisionOfSource } from '../rollout/change.ts';
import type { Placed } from './policy-set.ts';
import { changeToCommit } from './rollout-change.ts';
import { unifiedDiff } from './unified-diff.ts';
import { parseYamlDocuments } from './yaml-document.ts';

const folder = mkdtempSync(join(tmpdir(), 'meshgate-change-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** What git makes of a file and a difference. */
function applied(file: string, before: string, diff: string): string {
  const place = join(folder, file);
  mkdirSync(dirname(place), { recursive: true });
  writeFileSync(place, before);
  execFileSync('git', ['apply', '--unsafe-paths', '--whitespace=nowarn', '-'], { cwd: folder, input: diff });
  return readFileSync(place, 'utf8');
}

const ROLLOUT = { mesh: 'shop', to: '1-30' };
const MESH = `# ours
apiVersion: meshgate.dev/v1alpha1
kind: Mesh
metadata: {name: shop}
spec:
  provider: istio
  defaultRevision: 1-26   # since May
  tags: {prod: 1-26}
`;
const OTHER = MESH.replace('name: shop', 'name: bank');

function placed(file: string, text: string): Placed<'Mesh'> {
  const { documents } = parseYamlDocuments(text);
  const source = documents.find(({ value }) => JSON.stringify(value).includes('"shop"'));
  assert.ok(source !== undefined);
  return {
    file,
    document: { kind: 'Mesh', name: 'shop', source, spec: { provider: 'istio', defaultRevision: '1-26' } },
  };
}

describe('the change to commit', () => {
  const tree = { prefix: 'clusters/prod/' };

  it('names the default of the mesh anew, and leaves the rest of the file as it is', () => {
    const text = `${OTHER}---\n${MESH}`;
    const change = changeToCommit(ROLLOUT, placed('mesh.yaml', text), tree);
    assert.deepEqual([change.source, change.file], [null, 'clusters/prod/mesh.yaml']);
    const at = text.lastIndexOf('defaultRevision: 1-26');
    const wanted = `${text.slice(0, at)}defaultRevision: 1-30${text.slice(at + 'defaultRevision: 1-26'.length)}`;
    assert.equal(change.text, wanted);
    assert.equal(applied(change.file, text, change.diff ?? ''), wanted);
    const lines = (change.diff ?? '').split('\n').filter((line) => /^[-+] /.test(line));
    assert.deepEqual(lines, ['-  defaultRevision: 1-26   # since May', '+  defaultRevision: 1-30   # since May']);
  });

  it('knows the source of the file, and its path there', () => {
    const layers = [{ name: 'base', revision: 'x', root: 'base/clusters/prod/', allow: undefined }];
    const change = changeToCommit(ROLLOUT, placed('base/clusters/prod/mesh.yaml', MESH), { prefix: '', layers });
    assert.deepEqual([change.source, change.file], ['base', 'clusters/prod/mesh.yaml']);
  });

  it('is left to people where the file says it in another way, or is long', () => {
    const merged = `x: &spec {defaultRevision: 1-26}\n---\n${MESH.replace('defaultRevision', 'other')}`;
    const change = changeToCommit(ROLLOUT, placed('m.yaml', merged), tree);
    assert.deepEqual([change.file, change.diff, change.text], ['clusters/prod/m.yaml', null, null]);
    const long = changeToCommit(ROLLOUT, placed('m.yaml', `${MESH}# ${'x'.repeat(CHANGE_TEXT_LIMIT)}\n`), tree);
    assert.deepEqual([long.text, typeof long.diff], [null, 'string']);
  });
});

describe('a unified difference', () => {
  it('is what git applies, at the ends of a file, with and without a last line feed', () => {
    const line = fc.constantFrom('a', 'b', '', 'x: 1\r', ' indented', '- item', ' no');
    const text = fc.tuple(fc.array(line, { minLength: 1, maxLength: 12 }), fc.boolean()).map(([lines, feed]) => {
      return lines.join('\n') + (feed || lines.at(-1) === '' ? '\n' : '');
    });
    fc.assert(
      fc.property(text, text, (before, then) => {
        fc.pre(before !== then);
        assert.equal(applied('f.yaml', before, unifiedDiff('f.yaml', before, then)), then);
      }),
      { numRuns: 60 },
    );
    assert.equal(unifiedDiff('f.yaml', 'a\n', 'a\n'), '');
  });
});

describe('the revision of a source', () => {
  it('is told from that of what several compose', () => {
    const composed = 'base/main,old@sha1:aa,team-a/main@sha1:bb,local/dir@sha256:cc';
    assert.equal(revisionOfSource('main@sha1:aa', null), 'main@sha1:aa');
    assert.equal(revisionOfSource('main@sha1:aa', 'base'), 'main@sha1:aa');
    assert.equal(revisionOfSource(composed, 'base'), 'main,old@sha1:aa');
    assert.equal(revisionOfSource(composed, 'team-a'), 'main@sha1:bb');
    assert.deepEqual([commitOf('main@sha1:bb'), commitOf('dir@sha256:cc')], ['bb', null]);
  });
});
