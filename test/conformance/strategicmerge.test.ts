/** Every recorded answer of apimachinery's StrategicMergePatch for pods: `{pod, patch}` with `merged` or `error`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MergeError } from '../../workers/merge/merge-error.ts';
import { strategicMergePatch } from '../../workers/merge/strategic-merge.ts';
import type { JsonObject } from '../../workers/template/value.ts';
import { corpusSkip, readCorpusLines } from './corpus.ts';

interface Vector {
  readonly pod: JsonObject;
  readonly patch: JsonObject;
  readonly merged?: JsonObject;
  readonly error?: string;
}

test('strategic merge answers as apimachinery does for every recorded pair', { skip: corpusSkip() }, () => {
  const vectors = readCorpusLines('strategicmerge/vectors.ndjson') as Vector[];
  assert.ok(vectors.length >= 500, `only ${vectors.length} vectors`);
  let errors = 0;
  for (const [line, vector] of vectors.entries()) {
    if (vector.error !== undefined) {
      assert.throws(() => strategicMergePatch(vector.pod, vector.patch), MergeError, `line ${line + 1}`);
      errors++;
    } else {
      assert.deepEqual(strategicMergePatch(vector.pod, vector.patch), vector.merged, `line ${line + 1}`);
    }
  }
  assert.ok(errors > 0 && errors < vectors.length, `${errors} errors`);
});
