import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_INLINE_PARSE_LENGTH } from './limits.ts';
import { parseConfigMapsAside, parseDocumentsAside } from './parsing.ts';

const { signal } = new AbortController();

/** About 700 KB, a third of a second of parsing. */
function largeText(): string {
  const owner = (index: number) =>
    `    - {apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web-${index}, namespace: shop}}\n`;
  return `first: 1\n---\nspec:\n  owners:\n${Array.from({ length: 8_000 }, (_, index) => owner(index)).join('')}`;
}

describe('large files', () => {
  it('are parsed elsewhere, while this thread goes on', async () => {
    let ticks = 0;
    const timer = setInterval(() => {
      ticks += 1;
    }, 5);
    const { documents, problems } = await parseDocumentsAside(largeText(), signal);
    clearInterval(timer);
    assert.deepEqual(problems, []);
    assert.equal(documents.length, 2);
    assert.ok(ticks >= 10, `${ticks} ticks`);
  });

  it('give the same as small ones: values, places and problems', async () => {
    const text = largeText();
    assert.ok(text.length > MAX_INLINE_PARSE_LENGTH);
    const [, large] = (await parseDocumentsAside(text, signal)).documents;
    assert.deepEqual(large?.position, { line: 3, column: 1 });
    assert.deepEqual(large?.locate(['spec', 'owners', 7_999, 'kind']), { line: 8_004, column: 35 });
    const broken = await parseDocumentsAside(`${text}a: [\n`, signal);
    assert.equal(broken.problems[0]?.code, 'YAML_SYNTAX');
    assert.equal(broken.documents.length, 1);
  });

  it('may be ConfigMaps', async () => {
    const text = `kind: ConfigMap\nmetadata: {name: a}\ndata:\n  config: |\n${'    line\n'.repeat(10_000)}`;
    const { configMaps } = await parseConfigMapsAside(text, signal);
    assert.deepEqual(configMaps[0]?.data.get('config')?.place, { position: { line: 5, column: 1 }, indent: 4 });
    assert.equal(configMaps[0]?.data.get('config')?.text.length, 50_000);
  });

  it('are given up when the sync is stopped', async () => {
    const abort = new AbortController();
    const parsing = parseDocumentsAside(largeText(), abort.signal);
    abort.abort(new Error('stopped'));
    await assert.rejects(parsing, /stopped/);
    await assert.rejects(parseDocumentsAside(largeText(), abort.signal), /stopped/);
  });

  it('that are nested too deeply are told, as small ones are', async () => {
    const { problems } = await parseDocumentsAside('['.repeat(200_000), signal);
    assert.deepEqual(
      problems.map(({ code }) => code),
      ['YAML_LIMIT'],
    );
  });
});
