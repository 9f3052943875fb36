/** Every recorded answer of upstream's YAML writer, quantities and label selectors: `{fn, in, out}` or `{fn, in, error}`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileLabelSelector } from '../../workers/kube/label-selector.ts';
import { canonicalQuantity, QuantityError } from '../../workers/kube/quantity.ts';
import { marshalYaml } from '../../workers/yaml/marshal.ts';
import type { YamlValue } from '../../workers/yaml/value.ts';
import { corpusSkip, readCorpusLines } from './corpus.ts';

interface Vector {
  readonly fn: string;
  readonly in: unknown;
  readonly out?: unknown;
  readonly error?: string;
  readonly empty?: boolean;
}

function vectorsOf(fn: string): [string, Vector][] {
  const vectors = (readCorpusLines('kube/vectors.ndjson') as Vector[]).filter((vector) => vector.fn === fn);
  assert.ok(vectors.length >= 90, `only ${vectors.length} vectors of ${fn}`);
  return vectors.map((vector) => [JSON.stringify(vector.in), vector]);
}

test('YAML is written as upstream writes it, to the byte', { skip: corpusSkip() }, () => {
  for (const [where, vector] of vectorsOf('toYaml'))
    assert.equal(marshalYaml(vector.in as YamlValue), vector.out, where);
});

test('quantities have the canonical form that upstream gives them', { skip: corpusSkip() }, () => {
  for (const [where, vector] of vectorsOf('quantity')) {
    const text = String(vector.in);
    if (vector.error !== undefined) assert.throws(() => canonicalQuantity(text), QuantityError, where);
    else assert.equal(canonicalQuantity(text), vector.out, where);
  }
});

test('label selectors match, are empty and fail as upstream says', { skip: corpusSkip() }, () => {
  for (const [where, vector] of vectorsOf('labelSelector')) {
    const { labels, selector } = vector.in as { labels: Record<string, string>; selector?: unknown };
    const compiled = compileLabelSelector(selector);
    assert.equal(compiled.ok, vector.error === undefined, where);
    if (!compiled.ok) continue;
    assert.equal(compiled.matches(labels), vector.out, where);
    assert.equal(compiled.empty, vector.empty, where);
  }
});
