/**
 * Every recorded review once more, through the real gateway over HTTPS: one process that serves the configuration of all of them, asked
 * for Istio's and Linkerd's in turn.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { corpusSkip } from './corpus.ts';
import { answerOverHttps, notForHttps } from './https-route.ts';
import { judge, reviewCases } from './review-case.ts';
import { countLine, failureLine, Tally } from './tally.ts';

const LIMIT_MS = 60_000;

/** Of the longer list several for each of the shorter, so that both last to the end. */
function inTurn<T>(a: readonly T[], b: readonly T[]): T[] {
  const places = (list: readonly T[]) => list.map((item, index) => ({ item, at: (index + 0.5) / list.length }));
  return [...places(a), ...places(b)].sort((x, y) => x.at - y.at).map(({ item }) => item);
}

test('the gateway answers every recorded review as the real injectors did', { skip: corpusSkip() }, async (t) => {
  const start = performance.now();
  const tally = new Tally();
  const cases = inTurn([...reviewCases('istio')], [...reviewCases('linkerd')]).filter((each) => {
    const reason = each.excluded ?? notForHttps(each);
    if (reason !== null) tally.exclude(`${each.provider}/${each.set}`, reason);
    return reason === null;
  });
  await answerOverHttps(cases, (each, answer) => {
    const set = `${each.provider}/${each.set}`;
    if (answer === null) tally.exclude(set, 'policy files can not say it');
    else tally.add(set, each.id, judge(each, answer));
  });
  for (const count of tally.sets) t.diagnostic(countLine(count));
  assert.ok(cases.length > 0, 'no cases');
  assert.deepEqual(tally.failures.map(failureLine), []);
  assert.ok(performance.now() - start < LIMIT_MS, 'it took too long to be part of the tests');
});
