import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  AdmissionControl,
  type Load,
  STANDING_AFTER_MS,
  STANDING_LENGTH,
  STANDING_WAIT_MS,
} from './admission-control.ts';

const BUSY: Load = { queuedMs: 100, inHandsMs: 20, workersInService: 2, idle: false, outageMs: 0 };

describe('the wait', () => {
  test('is nothing where a worker is idle, and otherwise the work ahead shared by the workers in service', () => {
    const control = new AdmissionControl();
    assert.equal(control.waitMs({ ...BUSY, idle: true }), 0);
    assert.equal(control.waitMs(BUSY), 60);
    assert.equal(control.waitMs({ ...BUSY, workersInService: 1 }), 120);
  });

  test('lasts until the first worker is back where none is in service', () => {
    const control = new AdmissionControl();
    assert.equal(control.waitMs({ ...BUSY, workersInService: 0, outageMs: 500 }), 620);
  });

  test('follows what work takes in reality', () => {
    const control = new AdmissionControl();
    for (let i = 0; i < 200; i++) control.batchDone(30, 10);
    assert.ok(Math.abs(control.waitMs(BUSY) - 180) < 1);
    for (let i = 0; i < 200; i++) control.batchDone(10, 10);
    assert.ok(Math.abs(control.waitMs(BUSY) - 60) < 1);
    control.batchDone(1e9, 1);
    assert.ok(control.waitMs(BUSY) < 140, 'one stalled batch says little');
  });
});

describe('the verdict', () => {
  test('refuses what has less time than the wait and itself, with a margin', () => {
    const control = new AdmissionControl();
    control.queueEmpty(0);
    assert.equal(control.verdict(700, { queued: 100, budgetMs: 1_000, leftMs: 1_000, costMs: 10 }, 1), null);
    assert.equal(
      control.verdict(800, { queued: 100, budgetMs: 1_000, leftMs: 1_000, costMs: 10 }, 1),
      'DEADLINE_UNREACHABLE',
    );
    assert.equal(
      control.verdict(100, { queued: 100, budgetMs: 1_000, leftMs: 1_000, costMs: 900 }, 1),
      'DEADLINE_UNREACHABLE',
    );
  });

  test('lets an idle worker try, whatever is thought of the cost', () => {
    assert.equal(
      new AdmissionControl().verdict(0, { queued: 100, budgetMs: 1_000, leftMs: 10, costMs: 5_000 }, 1),
      null,
    );
    assert.equal(new AdmissionControl().verdict(0, { queued: 100, budgetMs: 1_000, leftMs: 0, costMs: 1 }, 1), null);
    assert.equal(
      new AdmissionControl().verdict(0, { queued: 100, budgetMs: 1_000, leftMs: -1, costMs: 1 }, 1),
      'DEADLINE_UNREACHABLE',
    );
  });

  test('counts the delay of the event loop twice, and forgets it', () => {
    const control = new AdmissionControl();
    control.turnDone(100, 1_000);
    assert.equal(
      control.verdict(0, { queued: 100, budgetMs: 1_000, leftMs: 150, costMs: 1 }, 1_000),
      'DEADLINE_UNREACHABLE',
    );
    assert.equal(control.verdict(0, { queued: 100, budgetMs: 1_000, leftMs: 250, costMs: 1 }, 1_000), null);
    control.turnDone(1, 1_001);
    assert.ok(control.lagMs(1_001) > 90, 'the worst of late counts');
    assert.equal(control.verdict(0, { queued: 100, budgetMs: 1_000, leftMs: 150, costMs: 1 }, 2_000), null);
  });

  test('lets a burst wait as long as its budget allows, and keeps a standing queue short', () => {
    const control = new AdmissionControl();
    const ask = { queued: 32, budgetMs: 9_000, leftMs: 9_000, costMs: 1 };
    control.queueEmpty(10_000);
    assert.equal(control.verdict(5_000, ask, 10_000 + STANDING_AFTER_MS - 1), null);
    const later = 10_000 + STANDING_AFTER_MS + 1;
    assert.equal(control.verdict(5_000, ask, later), 'OVERLOADED');
    assert.equal(control.verdict(STANDING_WAIT_MS - 1, ask, later), null);
    assert.equal(control.verdict(5_000, { ...ask, queued: STANDING_LENGTH - 1 }, later), null, 'few slow reviews');
    const short = { ...ask, budgetMs: 950, leftMs: 950 };
    assert.equal(
      control.verdict(480, short, later),
      'OVERLOADED',
      'half of the budget is left for what is not foreseen',
    );
    assert.equal(control.verdict(470, short, later), null);
    control.queueEmpty(later);
    assert.equal(control.verdict(5_000, ask, later + 1), null);
  });
});

interface Flood {
  readonly capacityPerSecond: number;
  readonly over: number;
  readonly seconds: number;
  readonly budgetMs: number;
}

/** One worker and a queue in virtual time; the pool's own rules decide. */
function simulate({ capacityPerSecond, over, seconds, budgetMs }: Flood) {
  const control = new AdmissionControl();
  const costMs = 1_000 / capacityPerSecond;
  const everyMs = costMs / over;
  const endMs = seconds * 1_000;
  let freeAtMs = 0;
  let done = 0;
  let longest = 0;
  let late = 0;
  for (let nowMs = 1; nowMs < endMs; nowMs += everyMs) {
    const queuedMs = Math.max(0, freeAtMs - nowMs);
    if (queuedMs === 0) control.queueEmpty(nowMs);
    const waitMs = control.waitMs({ queuedMs, inHandsMs: 0, workersInService: 1, idle: queuedMs === 0, outageMs: 0 });
    if (
      control.verdict(waitMs, { queued: Math.floor(queuedMs / costMs), budgetMs, leftMs: budgetMs, costMs }, nowMs) !==
      null
    )
      continue;
    freeAtMs = Math.max(freeAtMs, nowMs) + costMs;
    if (freeAtMs - nowMs > budgetMs) late += 1;
    if (freeAtMs <= endMs) done += 1;
    longest = Math.max(longest, queuedMs);
  }
  return { done, longest, late, recoveryMs: Math.max(0, freeAtMs - endMs) };
}

test('under any flood the worker stays busy, nothing accepted is late, and the queue is short when the flood ends', () => {
  const floods = fc.record({
    capacityPerSecond: fc.integer({ min: 50, max: 5_000 }),
    over: fc.double({ min: 1.5, max: 10, noNaN: true }),
    // Long enough for the burst that came first to be through.
    seconds: fc.constant(25),
    budgetMs: fc.constantFrom(950, 1_950, 8_950),
  });
  fc.assert(
    fc.property(floods, (flood) => {
      const { done, longest, late, recoveryMs } = simulate(flood);
      assert.equal(late, 0);
      assert.ok(done >= 0.95 * flood.capacityPerSecond * flood.seconds, `${done} done`);
      assert.ok(longest <= flood.budgetMs, `${longest} ms`);
      assert.ok(recoveryMs <= STANDING_WAIT_MS + 100, `${recoveryMs} ms`);
    }),
    { numRuns: 40 },
  );
});
