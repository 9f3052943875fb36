import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_DOCUMENT_DEPTH } from './limits.ts';
import { parseYamlDocuments } from './yaml-document.ts';

function only(text: string) {
  const { documents, problems } = parseYamlDocuments(text);
  assert.deepEqual(problems, []);
  const [document] = documents;
  assert.ok(document);
  return document;
}

describe('parseYamlDocuments', () => {
  it('tells where keys and values stand, in block and flow style and behind anchors', () => {
    const document = only('# note\na: 1\nlist:\n  - {name: x, deep: &d {k: v}}\n  - *d\n');
    assert.deepEqual(document.locate(['a']), { line: 2, column: 4 });
    assert.deepEqual(document.locate(['a'], 'key'), { line: 2, column: 1 });
    assert.deepEqual(document.locate(['list', 0, 'name']), { line: 4, column: 12 });
    assert.deepEqual(document.locate(['list', 0, 'deep', 'k']), { line: 4, column: 28 });
    assert.deepEqual(document.locate(['list', 1, 'k']), { line: 4, column: 28 });
  });

  it('falls back to the nearest parent of a field that is not there', () => {
    const document = only('spec:\n  tags: {}\n');
    assert.deepEqual(document.locate(['spec', 'tags', 'prod']), { line: 2, column: 9 });
    assert.deepEqual(document.locate(['nothing']), { line: 1, column: 1 });
  });

  it('tells positions in the second document of a file, also long after it was read', () => {
    const { documents } = parseYamlDocuments('a: 1\n---\nb:\n  c: 2\n');
    assert.deepEqual(documents[1]?.locate(['b', 'c']), { line: 4, column: 6 });
  });

  it('tells where the text of a block scalar begins', () => {
    const document = only('data:\n  config: |\n    policy: enabled\n  plain: "x"\n');
    assert.deepEqual(document.locateText(['data', 'config']), { position: { line: 3, column: 1 }, indent: 4 });
    assert.deepEqual(document.locateText(['data', 'plain']), { position: { line: 4, column: 10 }, indent: null });
  });

  it('reports every syntax error with its place', () => {
    const { documents, problems } = parseYamlDocuments('a: 1\na: 2\nb: [1\nc: 3\n');
    assert.deepEqual(documents, []);
    assert.ok(problems.length >= 2);
    assert.deepEqual(problems[0]?.code, 'YAML_SYNTAX');
    assert.deepEqual(problems.find(({ message }) => message.includes('unique'))?.position, { line: 2, column: 1 });
  });

  it('keeps YAML 1.2 words as words, and follows merge keys', () => {
    assert.deepEqual(only('base: &b {x: yes}\nmore:\n  <<: *b\n  y: on\n').value, {
      base: { x: 'yes' },
      more: { x: 'yes', y: 'on' },
    });
  });

  for (const [name, text] of [
    ['deep flow', '['.repeat(100_000)],
    ['deep block', Array.from({ length: 3_000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
    ['deep but parseable', `${'['.repeat(MAX_DOCUMENT_DEPTH + 1)}${']'.repeat(MAX_DOCUMENT_DEPTH + 1)}`],
    ['a circle of aliases', 'a: &a {b: *a}'],
    ['a wide circle', 'a: &a [*a, *a, *a, *a]'],
    [
      'a multiplication of aliases',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'.replaceAll(
        /./g,
        (name) =>
          `${name}: &${name} [${Array(9)
            .fill(`*${String.fromCharCode(name.charCodeAt(0) - 1)}`)
            .join(',')}]\n`,
      )}`,
    ],
  ] as const) {
    it(`refuses ${name} as YAML_LIMIT, in bounded time`, () => {
      const started = performance.now();
      const { documents, problems } = parseYamlDocuments(text);
      assert.deepEqual(documents, []);
      assert.deepEqual([...new Set(problems.map(({ code }) => code))], ['YAML_LIMIT']);
      assert.ok(performance.now() - started < 5_000);
    });
  }

  it('takes names of object members for what they are: names', () => {
    const { value } = only('__proto__: {polluted: true}\nconstructor: 1\n');
    assert.equal(Object.hasOwn(value as object, '__proto__'), true);
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  });
});
