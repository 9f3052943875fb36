import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RequestSample } from '../telemetry/request-metrics.ts';
import { addTallies, p99Share, RevisionTallies, tallySince } from './revision-tally.ts';

function sample(changes: Partial<RequestSample> = {}): RequestSample {
  const times = { durationMs: 1, queueMs: 0, workerMs: 1 };
  const rest = { reason: '', reasons: [], budgetShare: 0.004, shed: false, reused: false, missed: false };
  return { mesh: 'm', revision: 'v2', outcome: 'patched', ...rest, ...times, ...changes };
}

describe('the tallies of revisions', () => {
  it('count what is the revision or the gateway to blame for, and nothing else', () => {
    const tallies = new RevisionTallies();
    tallies.observe(sample());
    tallies.watch(['m']);
    for (const each of [
      sample(),
      sample({ outcome: 'skipped', reason: 'HOST_NETWORK' }),
      sample({ outcome: 'denied', reason: 'X' }),
      sample({ outcome: 'failed', reason: 'WORKER_CRASHED' }),
      sample({ outcome: 'failed', reason: 'DEADLINE_EXCEEDED', budgetShare: 1.2 }),
      sample({ outcome: 'failed', reason: 'OVERLOADED', shed: true }),
      sample({ outcome: 'failed', reason: 'CLIENT_GONE' }),
      sample({ mesh: 'other' }),
      sample({ revision: '' }),
    ]) {
      tallies.observe(each);
    }
    const [tally, ...others] = tallies.read();
    assert.deepEqual(others, []);
    assert.deepEqual([tally?.requests, tally?.errors, tally?.denied], [5, 2, 1]);
    assert.equal(
      tally?.shares.reduce((sum, count) => sum + count, 0),
      5,
    );
    tallies.watch(['m', 'n']);
    assert.equal(tallies.read()[0]?.requests, 5, 'a new snapshot does not begin anew');
  });

  it('add up over processes, and tell what came since', () => {
    const count = (requests: number, denied: number, shares: number[]) => {
      return { mesh: 'm', revision: 'v2', requests, errors: 0, denied, shares };
    };
    const before = count(10, 2, [10]);
    const [both] = addTallies([[before], [count(5, 1, [4, 1])]]);
    assert.deepEqual(both && [both.requests, both.denied, both.shares[0], both.shares[1]], [15, 3, 14, 1]);
    const since = tallySince(before, count(15, 3, [15]));
    assert.deepEqual([since.requests, since.denied, since.shares], [5, 1, [5]]);
    assert.equal(tallySince(before, count(4, 0, [4])).requests, 4, 'a process that was started again');
    assert.equal(tallySince(undefined, before), before);
  });

  it('give the share of the budget below which 99 of 100 requests lie', () => {
    const tallies = new RevisionTallies();
    tallies.watch(['m']);
    for (let i = 0; i < 990; i++) tallies.observe(sample());
    for (let i = 0; i < 10; i++) tallies.observe(sample({ budgetShare: 0.45 }));
    const read = () => p99Share(tallies.read()[0] ?? { shares: [] });
    assert.equal(read(), 0.5);
    tallies.observe(sample({ budgetShare: 0.45 }));
    assert.equal(read(), 50);
    for (let i = 0; i < 20; i++) tallies.observe(sample({ budgetShare: 3 }));
    assert.equal(read(), Number.POSITIVE_INFINITY);
    assert.equal(p99Share({ shares: [] }), null);
    assert.deepEqual(
      [[1], [0, 1], [50, 1], [50, 2], [1, 1]].map((shares) => p99Share({ shares })),
      [0.1, 0.25, 0.1, 0.25, 0.1],
    );
  });
});
