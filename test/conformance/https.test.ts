/**
 * Every recorded review once more, through the real gateway over HTTPS: one process that serves the configuration of all of them, of every
 * recorded release of both meshes, asked for all of them in turn.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { corpusSkip } from './corpus.ts';
import { answerOverHttps, notForHttps } from './https-route.ts';
import { inTurn } from './in-turn.ts';
import { judge, type ReviewCase, reviewCases } from './review-case.ts';
import { countLine, failureLine, Tally } from './tally.ts';

const LIMIT_MS = 60_000;

/** `istio 1.26.8`; what was recorded of no release is of the newest. */
function releaseOf({ provider, set }: ReviewCase): string {
  return `${provider} ${/^releases\/([^/]+)\//.exec(set)?.[1] ?? 'newest'}`;
}

function byRelease(cases: readonly ReviewCase[]): ReadonlyMap<string, readonly ReviewCase[]> {
  const lists = new Map<string, ReviewCase[]>();
  for (const each of cases) {
    const list = lists.get(releaseOf(each)) ?? [];
    list.push(each);
    lists.set(releaseOf(each), list);
  }
  return lists;
}

test('the gateway answers every recorded review as the real injectors did', { skip: corpusSkip() }, async (t) => {
  const start = performance.now();
  const tally = new Tally();
  const comparable = [...reviewCases('istio'), ...reviewCases('linkerd')].filter((each) => {
    const reason = each.excluded ?? notForHttps(each);
    if (reason !== null) tally.exclude(`${each.provider}/${each.set}`, reason);
    return reason === null;
  });
  const releases = byRelease(comparable);
  const cases = inTurn(releases.values());
  // From the first requests to the last, all releases are under way.
  const few = cases.length / 10;
  for (const part of [cases.slice(0, few), cases.slice(-few)]) {
    assert.deepEqual(new Set(part.map(releaseOf)), new Set(releases.keys()));
  }
  t.diagnostic(`${cases.length} requests, in turn to ${[...releases.keys()].sort().join(', ')}`);
  await answerOverHttps(cases, (each, answer) => {
    const set = `${each.provider}/${each.set}`;
    if (answer === null) tally.exclude(set, 'policy files can not say it');
    else tally.add(set, each.id, judge(each, answer));
  });
  for (const count of tally.sets) t.diagnostic(countLine(count));
  assert.ok(cases.length > 0 && releases.size > 2, 'no cases');
  assert.deepEqual(tally.failures.map(failureLine), []);
  assert.ok(performance.now() - start < LIMIT_MS, 'it took too long to be part of the tests');
});
