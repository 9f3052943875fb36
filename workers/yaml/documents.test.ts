import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseYamlDocuments, splitYamlDocuments } from './documents.ts';
import { MAX_YAML_DOCUMENTS } from './limits.ts';

test('a stream is split at lines that begin with ---', () => {
  const text = '---\na: 1\n---\n# nothing\n--- # next\nb: |\n  ---\n';
  const documents = parseYamlDocuments(text);
  assert.deepStrictEqual(
    documents.map(({ value, line }) => ({ value, line })),
    [
      { value: { a: 1 }, line: 1 },
      { value: null, line: 4 },
      { value: { b: '---\n' }, line: 6 },
    ],
  );
});

test('documents can be put back byte for byte', () => {
  const text = '# head\r\na: 1\r\n---\r\nb: 2\n--- \n\nc: 3';
  const documents = splitYamlDocuments(text);
  assert.deepEqual(
    documents.map(({ start, end }) => text.slice(start, end)),
    ['# head\r\na: 1\r\n', 'b: 2\n', '\nc: 3'],
  );
  let rebuilt = '';
  let at = 0;
  for (const { start, end } of documents) {
    rebuilt += text.slice(at, start) + text.slice(start, end);
    at = end;
  }
  assert.equal(rebuilt + text.slice(at), text);
});

test('a text without separator is one document, an empty one is none', () => {
  assert.equal(splitYamlDocuments('a: 1').length, 1);
  assert.equal(splitYamlDocuments('').length, 0);
  assert.equal(splitYamlDocuments('---\n---\n').length, 1);
});

test('the last line counts as ended', () => {
  assert.deepStrictEqual(parseYamlDocuments('a: |\n  b')[0]?.value, { a: 'b\n' });
});

test('nothing but a comment may follow a separator', () => {
  assert.throws(() => splitYamlDocuments('a: 1\n--- b\n'), { code: 'YAML_SYNTAX', line: 2 });
  assert.throws(() => splitYamlDocuments('a: 1\n----\n'), { code: 'YAML_SYNTAX', line: 2 });
});

test('errors carry the line of the stream', () => {
  assert.throws(() => parseYamlDocuments('a: 1\n---\nb: 1\nc: @\n'), { code: 'YAML_SYNTAX', line: 4, column: 4 });
});

test('the number of documents has a limit', () => {
  assert.throws(() => splitYamlDocuments('a\n---\n'.repeat(MAX_YAML_DOCUMENTS + 1)), { code: 'YAML_LIMIT' });
});
