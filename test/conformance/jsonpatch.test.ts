/**
 * Recorded patches of the real injectors, applied with our rules, give the recorded pods; and the patch we make for the same
 * change is proved and applies with fast-json-patch too.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fastJsonPatch from 'fast-json-patch';
import { applyPatch } from '../../workers/jsonpatch/apply.ts';
import { diff } from '../../workers/jsonpatch/diff.ts';
import type { Operation } from '../../workers/jsonpatch/operation.ts';
import { provePatch } from '../../workers/jsonpatch/prove.ts';
import { firstDifference } from '../../workers/kube/pod-compare.ts';
import type { JsonObject, JsonValue } from '../../workers/template/value.ts';
import { corpusPath, corpusSkip, readCorpusLines } from './corpus.ts';

interface Change {
  readonly name: string;
  readonly before: JsonObject;
  readonly after: JsonObject;
  readonly patch: readonly Operation[];
}

type Review = { readonly request: { readonly object: JsonObject } };

function readJson(...segments: string[]): JsonValue {
  return JSON.parse(readFileSync(corpusPath(...segments), 'utf8')) as JsonValue;
}

/** istio/generated: the patch is in the response, in base64. */
function* generatedChanges(): Generator<Change> {
  for (const set of ['classic', 'native', 'custom', 'disabled']) {
    const requests = readCorpusLines('istio', 'generated', set, 'requests.ndjson') as { review: Review }[];
    const responses = readCorpusLines('istio', 'generated', set, 'responses.ndjson') as {
      response: { patch?: string };
    }[];
    const pods = readCorpusLines('istio', 'generated', set, 'pods.ndjson') as (JsonObject | null)[];
    for (const [i, after] of pods.entries()) {
      const patch = responses[i]?.response.patch;
      const before = requests[i]?.review.request.object;
      if (after === null || patch === undefined || before === undefined) continue;
      const text = Buffer.from(patch, 'base64').toString();
      yield { name: `istio/generated/${set} ${i}`, before, after, patch: JSON.parse(text) as Operation[] };
    }
  }
}

/** istio/cases and linkerd/cases: request, patch and pod lie side by side. */
function* caseChanges(): Generator<Change> {
  for (const mesh of ['istio', 'linkerd']) {
    for (const name of readdirSync(corpusPath(mesh, 'cases')).sort()) {
      if (!existsSync(corpusPath(mesh, 'cases', name, 'reviews'))) continue;
      for (const file of readdirSync(corpusPath(mesh, 'cases', name, 'reviews')).sort()) {
        if (!file.endsWith('.patch.json')) continue;
        const path = [mesh, 'cases', name, 'reviews'];
        const number = file.replace('.patch.json', '');
        if (!existsSync(corpusPath(...path, `${number}.pod.json`))) continue;
        const review = readJson(...path, `${number}.request.json`) as unknown as Review;
        yield {
          name: `${mesh}/cases/${name} ${number}`,
          before: review.request.object,
          after: readJson(...path, `${number}.pod.json`) as JsonObject,
          patch: readJson(...path, file) as unknown as Operation[],
        };
      }
    }
  }
}

const sources: readonly (readonly [string, () => Generator<Change>, number])[] = [
  ['generated pods', generatedChanges, 80],
  ['cases', caseChanges, 200],
];
for (const [what, changes, atLeast] of sources) {
  test(`recorded patches of ${what} give the recorded pods, and so do ours`, { skip: corpusSkip() }, () => {
    let count = 0;
    for (const { name, before, after, patch } of changes()) {
      count++;
      assert.equal(firstDifference(applyPatch(before, patch), after), null, name);
      const ours = diff(before, after);
      assert.ok(provePatch(before, after, ours), `${name}: our patch is not proved`);
      const copy = structuredClone({ before, ours }) as { before: JsonObject; ours: Operation[] };
      const theirs = fastJsonPatch.applyPatch(copy.before, copy.ours as [], true).newDocument as JsonValue;
      assert.equal(firstDifference(theirs, after), null, `${name}: our patch, applied by fast-json-patch`);
    }
    assert.ok(count >= atLeast, `only ${count} changes`);
  });
}
