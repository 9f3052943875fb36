/** Every recorded answer of sigs.k8s.io/yaml's YAMLToJSON: `{yaml, json}` or `{yaml, error}`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { YamlError } from '../../workers/yaml/error.ts';
import { parseYaml } from '../../workers/yaml/parse.ts';
import { corpusSkip, readCorpusLines } from './corpus.ts';

interface Vector {
  readonly yaml: string;
  readonly json?: unknown;
  readonly error?: string;
}

test('YAML reads as upstream reads it, for every recorded document', { skip: corpusSkip() }, () => {
  const vectors = readCorpusLines('yaml/vectors.ndjson') as Vector[];
  assert.ok(vectors.length >= 500, `only ${vectors.length} vectors`);
  let errors = 0;
  for (const [index, vector] of vectors.entries()) {
    const where = `line ${index + 1}: ${JSON.stringify(vector.yaml)}`;
    if (vector.error !== undefined) {
      assert.throws(() => parseYaml(vector.yaml), YamlError, where);
      errors++;
    } else {
      assert.deepEqual(parseYaml(vector.yaml), vector.json, where);
    }
  }
  assert.ok(errors > 0 && errors < vectors.length, `${errors} errors`);
});
