import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isJsonText, ManifestError, parseDocument, splitDocuments } from './documents.ts';

function texts(file: string): string[] {
  return splitDocuments(file).map(({ text }) => text);
}

test('documents stand between lines of ---, with or without a comment behind it', () => {
  assert.deepEqual(texts('a: 1\n---\nb: 2\n--- # next\nc: 3\n'), ['a: 1\n', 'b: 2\n', 'c: 3\n']);
  assert.deepEqual(texts('a: 1\r\n---\r\nb: 2\r\n'), ['a: 1\r\n', 'b: 2\r\n']);
});

test('a separator that ends no document belongs to the next one', () => {
  assert.deepEqual(texts('---\na: 1\n---\n---\nb: 2'), ['---\na: 1\n', '---\nb: 2\n']);
});

test('the last document ends in a line feed; an empty file has none', () => {
  assert.deepEqual(texts('a: 1'), ['a: 1\n']);
  assert.deepEqual(texts(''), []);
});

test('a line that begins with --- and goes on is refused with its place', () => {
  assert.throws(
    () => splitDocuments('a: 1\n--- b\n'),
    (error) => error instanceof ManifestError && error.line === 2 && error.code === 'MANIFEST_INVALID',
  );
});

test('a document knows where in the file it stands, and so do its errors', () => {
  const [, second] = splitDocuments('a: 1\n---\nb: [\n');
  assert.equal(second?.line, 3);
  assert.throws(
    () => parseDocument({ text: 'x: 1\n  y: 2\n', line: 10 }),
    (error) => error instanceof ManifestError && error.line >= 10 && error.line <= 12,
  );
});

test('comments, lists and text are no resources', () => {
  for (const text of ['# nothing\n', '- a\n', 'text\n']) assert.equal(parseDocument({ text, line: 1 }), null, text);
  assert.deepEqual(parseDocument({ text: '{"kind": "Pod"}', line: 1 }), { kind: 'Pod' });
});

test('JSON is told by its first character', () => {
  assert.ok(isJsonText(' \n{"a": 1}'));
  assert.ok(!isJsonText('a: {}'));
});
