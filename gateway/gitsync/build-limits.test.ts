/** Building a snapshot where it meets its limits: references, sizes, compilation, caches, damage. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { CompileSource } from '../../workers/protocol.ts';
import { build, GOOD, MESH, problemsOf, REVISION, treeOf } from './build-fixture.ts';
import { MAX_DOCUMENTS, MAX_POLICY_FILE_BYTES, MAX_REFERENCED_FILE_BYTES } from './limits.ts';
import { formatProblem } from './problem.ts';

describe('references', () => {
  for (const [name, reference, expected] of [
    [
      'an absolute path',
      '{file: /etc/passwd}',
      "edge/v1.yaml:7:22: error: /etc/passwd is absolute or leaves the source's path [REFERENCE_ESCAPES]",
    ],
    [
      'a path that leaves the source',
      '{file: ../../x}',
      "edge/v1.yaml:7:22: error: ../../x is absolute or leaves the source's path [REFERENCE_ESCAPES]",
    ],
    [
      'a path that leaves and comes back',
      '{file: ../../edge/overlay.tpl}',
      "edge/v1.yaml:7:22: error: ../../edge/overlay.tpl is absolute or leaves the source's path [REFERENCE_ESCAPES]",
    ],
    [
      'a path with backslashes',
      "{file: '..\\..\\x'}",
      "edge/v1.yaml:7:22: error: ..\\..\\x is absolute or leaves the source's path [REFERENCE_ESCAPES]",
    ],
    [
      'a file that is not there',
      '{file: overlay.tlp}',
      'edge/v1.yaml:7:22: error: there is no file edge/overlay.tlp in the source (did you mean overlay.tpl?) [REFERENCE_MISSING]',
    ],
    [
      'a file that is not text',
      '{file: ../junk.bin}',
      'edge/v1.yaml:7:22: error: junk.bin is not text in UTF-8 [FILE_NOT_TEXT]',
    ],
    [
      'a file that is too large',
      '{file: ../huge.bin}',
      `edge/v1.yaml:7:22: error: huge.bin has ${MAX_REFERENCED_FILE_BYTES + 1} bytes; the limit is ${MAX_REFERENCED_FILE_BYTES} [FILE_TOO_LARGE]`,
    ],
    [
      'a key that is not there',
      '{configMap: {file: ../cm.yaml, key: nope}}',
      'edge/v1.yaml:7:51: error: the ConfigMap in cm.yaml has no key nope; it has config [REFERENCE_MISSING]',
    ],
    [
      'no ConfigMap',
      '{configMap: {file: mesh.yaml, key: config}}',
      'edge/v1.yaml:7:34: error: edge/mesh.yaml holds no ConfigMap [REFERENCE_MISSING]',
    ],
    [
      'another ConfigMap',
      '{configMap: {file: ../cm.yaml, key: config, name: b}}',
      'edge/v1.yaml:7:65: error: cm.yaml holds no ConfigMap b [REFERENCE_MISSING]',
    ],
    [
      'a ConfigMap that is not YAML',
      '{configMap: {file: ../broken.yaml, key: config}}',
      'broken.yaml:2:1: error: Flow sequence in block collection must be sufficiently indented and end with a ] [REFERENCE_INVALID]',
    ],
  ] as const) {
    it(`to ${name}`, async () => {
      const found = await problemsOf({
        ...GOOD,
        'edge/v1.yaml': REVISION.replace('{file: overlay.tpl}', reference),
        'junk.bin': Buffer.from([0, 1, 2, 255]),
        'huge.bin': Buffer.alloc(MAX_REFERENCED_FILE_BYTES + 1, 97),
        'cm.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {config: x}\n',
        'broken.yaml': 'data: [\n',
      });
      assert.deepEqual(found, [expected]);
    });
  }

  it('may go up, as long as they stay in the source', async () => {
    assert.deepEqual(
      await problemsOf({ ...GOOD, 'edge/v1.yaml': REVISION.replace('overlay.tpl', '../edge/overlay.tpl') }),
      [],
    );
  });
});

describe('limits', () => {
  it('refuse YAML that is too large to be read, or not text', async () => {
    const found = await problemsOf({
      ...GOOD,
      'huge.yaml': 'a'.repeat(MAX_REFERENCED_FILE_BYTES + 1),
      'junk.yaml': Buffer.from([0xff, 0xfe, 0]),
      'ours.yaml': `${MESH}# ${'x'.repeat(MAX_POLICY_FILE_BYTES)}\n`,
    });
    assert.deepEqual(
      found.map((line) => line.replace(/:.*\[/, ' [')),
      ['huge.yaml [FILE_TOO_LARGE]', 'junk.yaml [FILE_NOT_TEXT]', 'ours.yaml [FILE_TOO_LARGE]'],
    );
  });

  it('refuse more documents than the limit', async () => {
    const many = Array.from({ length: MAX_DOCUMENTS + 1 }, (_, index) =>
      MESH.replace('edge', `m${index}`).replace(/ {2}(paths|tags).*\n/g, ''),
    );
    const files = Object.fromEntries(
      Array.from({ length: 11 }, (_, part) => [`${part}.yaml`, many.slice(part * 500, part * 500 + 500).join('---\n')]),
    );
    await assert.rejects(build(files), { code: 'DOCUMENT_TOO_MANY' });
  });
});

describe('compiling', () => {
  it("puts a compiler's problems where the text stands: in its file, a block scalar or a ConfigMap", async () => {
    const compile = async () => [
      { code: 'TEMPLATE_SYNTAX', field: 'template', message: 'unexpected }', line: 2, column: 3 },
    ];
    const expected = '[TEMPLATE_SYNTAX]';
    const at = async (reference: string) =>
      (
        await problemsOf(
          { ...GOOD, 'cm.yaml': CM, 'edge/v1.yaml': REVISION.replace('{file: overlay.tpl}', reference) },
          { compile },
        )
      )[0];
    const CM = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  config: |\n    one\n    two\n';
    const message = `error: revision v1 of mesh edge, template: unexpected } ${expected}`;
    assert.equal(await at('{file: overlay.tpl}'), `edge/overlay.tpl:2:3: ${message}`);
    assert.equal(await at('{inline: x}'), `edge/v1.yaml:7:24: ${message}`);
    assert.equal(await at('\n      inline: |\n        one\n        two'), `edge/v1.yaml:10:11: ${message}`);
    assert.equal(await at('{configMap: {file: ../cm.yaml, key: config}}'), `cm.yaml:7:7: ${message}`);
  });

  it('may warn, and the snapshot serves', async () => {
    const compile = async () => [{ code: 'W', severity: 'warning', field: 'values', message: 'old' }] as const;
    const { snapshot, problems } = await build(GOOD, { compile });
    assert.ok(snapshot);
    assert.deepEqual(problems.map(formatProblem), [
      'edge/v1.yaml:8:22: warning: revision v1 of mesh edge, values: old [W]',
    ]);
  });

  it('tells a problem about no text of its own by the field', async () => {
    const compile = async () => [{ code: 'X', field: 'release', message: 'unknown' }];
    assert.deepEqual(await problemsOf(GOOD, { compile }), [
      'edge/overlay.tpl: error: revision v1 of mesh edge, release: unknown [X]',
    ]);
  });

  it('that fails by itself is a problem that may vanish', async () => {
    const compile = async () => Promise.reject(new Error('no worker'));
    assert.deepEqual(await problemsOf(GOOD, { compile }), [
      'error: revision v1 of mesh edge could not be compiled: no worker [COMPILE_FAILED]',
    ]);
  });
});

describe('what is kept between builds', () => {
  it('parses and compiles only what changed', async () => {
    const compiled: string[] = [];
    const compile = async (source: CompileSource) => {
      if ('policies' in source) return [];
      compiled.push(source.name);
      return [];
    };
    const two = {
      ...GOOD,
      'edge/v2.yaml': REVISION.replace('name: v1', 'name: v2').replace('overlay', 'overlay2'),
      'edge/overlay2.tpl': '',
    };
    const first = await build(two, { compile });
    assert.deepEqual(first.problems, []);
    assert.deepEqual(first.work, { parsedFiles: 3, compiledRevisions: 2 });

    const changed = treeOf({ ...two, 'edge/overlay2.tpl': 'metadata: {}' });
    const second = await build(changed, { compile, cache: first.cache });
    assert.deepEqual(changed.reads, ['edge/overlay2.tpl']);
    assert.deepEqual(second.work, { parsedFiles: 0, compiledRevisions: 1 });
    assert.deepEqual(compiled, ['v1', 'v2', 'v2']);

    const third = await build(treeOf(GOOD), { compile, cache: second.cache });
    assert.deepEqual(third.work, { parsedFiles: 0, compiledRevisions: 0 });
    assert.equal(third.cache.files.size, 2);
    assert.equal(third.cache.compiled.size, 1);
  });

  it('reports the problems of a file that did not change again', async () => {
    const bad = { ...GOOD, 'bad.yaml': MESH.replace('kind: Mesh', 'kind: Mash') };
    const first = await build(bad);
    const second = await build(treeOf(bad), { cache: first.cache });
    assert.deepEqual(second.problems, first.problems);
    assert.equal(second.work.parsedFiles, 0);
  });
});

describe('files that somebody has torn', () => {
  const CONFIG_MAP = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  config: |\n    one\n';
  const texts = {
    'edge/mesh.yaml': MESH,
    'edge/v1.yaml': REVISION.replace('{file: overlay.tpl}', '{configMap: {file: cm.yaml, key: config}}'),
    'edge/cm.yaml': CONFIG_MAP,
  };
  const cut = fc.record({
    file: fc.constantFrom(...(Object.keys(texts) as (keyof typeof texts)[])),
    at: fc.nat(220),
    length: fc.nat(12),
    insert: fc.oneof(
      fc.string({ maxLength: 6, unit: 'binary' }),
      fc.constantFrom(
        '\n',
        '  ',
        ': ',
        '- ',
        '{',
        '[',
        '&a ',
        '*a',
        '---\n',
        '<<: *a',
        '!!binary ',
        '"',
        '|',
        '\t',
        '__proto__: 1',
        '../',
        '{}',
      ),
    ),
  });

  it('never end a build but by problems with places within the files', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(cut, { minLength: 1, maxLength: 4 }), async (cuts) => {
        const files: Record<string, string> = { ...texts };
        for (const { file, at, length, insert } of cuts) {
          const text = files[file] ?? '';
          files[file] = (text.slice(0, at) + insert + text.slice(at + length)).toWellFormed();
        }
        const { snapshot, problems } = await build(files);
        assert.equal(snapshot === null, problems.length > 0);
        for (const { file, line = 1, column = 1 } of problems) {
          assert.ok(line >= 1 && line <= (files[file] ?? '').split('\n').length, `${file}:${line}`);
          assert.ok(column >= 1);
        }
      }),
      { numRuns: 1_500 },
    );
  });
});
