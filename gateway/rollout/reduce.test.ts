import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Reading } from './check.ts';
import { rolloutOf as anyRollout } from './fixture.ts';
import { planOf } from './plan.ts';
import { type Command, type Happening, reduce, refusalOf } from './reduce.ts';
import type { Metric, OnMissing, Rollout } from './rollout.ts';
import { isPromoted, type RolloutState } from './state.ts';

const AT = '2026-01-01T00:00:00.000Z';

function rolloutOf(changes: Partial<Rollout> = {}): Rollout {
  return anyRollout({ steps: [10, 20, 50], metrics: [metric()], ...changes });
}

function metric(changes: Partial<Metric> = {}): Metric {
  const rest = { intervalMs: 1_000, minSamples: 1, onMissing: 'Fail' as const, prometheus: null };
  return { name: 'denied-rate', thresholdRange: { max: 1 }, ...rest, ...changes };
}

const good: Reading = { value: 0, reason: '', baseline: 0 };
const bad: Reading = { value: 30, reason: '', baseline: 0 };
const none: Reading = { value: null, reason: 'there were no requests', baseline: null };

/** A rollout whose world answers at once. */
class Driven {
  rollout: Rollout;
  state: RolloutState;
  readonly weights: number[] = [];
  constructor(rollout: Rollout) {
    this.rollout = rollout;
    this.state = reduce(rollout, null, { type: 'observed', position: 'from' }, AT);
  }
  happen(happening: Happening): RolloutState {
    this.state = reduce(this.rollout, this.state, happening, AT);
    return this.state;
  }
  check(reading: Reading = good, answers: Partial<Extract<Happening, { type: 'checked' }>> = {}): RolloutState {
    const { generation } = this.state;
    const measured = { readings: this.rollout.metrics.map(() => reading), hooks: [] };
    this.happen({ type: 'checked', generation, rollback: null, measured, gate: null, ...answers });
    this.weights.push(this.state.weight);
    return this.state;
  }
  /** Checks until it is at this weight. */
  to(weight: number): this {
    for (let i = 0; i < 20 && this.state.weight < weight; i++) this.check();
    assert.equal(this.state.weight, weight);
    return this;
  }
  command(command: Command): RolloutState {
    return this.happen({ type: 'commanded', command });
  }
}

describe('a good revision', () => {
  it('goes up step by step, is promoted, and stays', () => {
    const driven = new Driven(rolloutOf());
    const phases = Array.from({ length: 9 }, () => driven.check().phase);
    const progress = ['Progressing', 'Progressing', 'Progressing', 'Progressing'];
    assert.deepEqual(phases, [...progress, 'Promoting', 'Finalising', 'Succeeded', 'Succeeded', 'Succeeded']);
    assert.deepEqual(driven.weights.slice(0, 5), [0, 10, 20, 50, 50]);
    assert.deepEqual([driven.state.condition.status, driven.state.condition.reason], ['True', 'Succeeded']);
    assert.match(driven.state.condition.message, /set defaultRevision of mesh m to v2/);
    driven.happen({ type: 'observed', position: 'to' });
    assert.deepEqual([driven.state.phase, driven.state.agreed, driven.state.weight], ['Succeeded', true, 0]);
  });

  it('has to pass as many iterations at the last step', () => {
    const driven = new Driven(rolloutOf({ steps: [100], iterations: 3 })).to(100);
    assert.deepEqual(
      [driven.check().phase, driven.check().phase, driven.check().phase],
      ['Progressing', 'Progressing', 'Promoting'],
    );
  });

  it('is promoted at once without analysis', () => {
    assert.equal(new Driven(rolloutOf({ skipAnalysis: true })).check().phase, 'Promoting');
  });
});

describe('a bad revision', () => {
  it('is rolled back after threshold failed checks, and the reason says metric, value and limit', () => {
    const driven = new Driven(rolloutOf()).to(10);
    assert.deepEqual([driven.check(bad).phase, driven.state.weight], ['Progressing', 10]);
    assert.deepEqual([driven.check(bad).phase, driven.state.weight], ['Failed', 0]);
    const message = 'denied-rate is 30, beyond max 1';
    assert.deepEqual(driven.state.failure, { check: 'denied-rate', value: 30, limit: 'max 1', message });
    assert.equal(driven.state.condition.message, `Rolled back to v1 from weight 10: ${message}`);
    assert.equal(driven.state.condition.status, 'False');
  });

  it('stays Failed until the files change, and begins anew then', () => {
    const driven = new Driven(rolloutOf({ threshold: 1 })).to(10);
    driven.check(bad);
    for (const command of ['promote', 'pause', 'resume', 'abort'] as const) driven.command(command);
    driven.happen({ type: 'observed', position: 'from' });
    assert.equal(driven.check().phase, 'Failed');
    driven.rollout = rolloutOf({ threshold: 3 });
    assert.equal(driven.check().phase, 'Failed', 'what was measured before says nothing');
    driven.happen({ type: 'observed', position: 'from' });
    assert.deepEqual([driven.state.phase, driven.state.failedChecks, driven.state.failure], ['Initialized', 0, null]);
    driven.to(10);
  });

  it('counts its failed checks over the whole rollout', () => {
    const driven = new Driven(rolloutOf()).to(10);
    driven.check(bad);
    driven.check();
    assert.equal(driven.state.weight, 20);
    assert.equal(driven.check(bad).phase, 'Failed');
  });
});

describe('a check', () => {
  it('fails without data, but for want of requests it waits, unless told otherwise', () => {
    const few: Reading = { ...none, scarce: true };
    const after = (onMissing: OnMissing, reading: Reading) => {
      const { failedChecks, weight, condition } = new Driven(rolloutOf({ metrics: [metric({ onMissing })] }))
        .to(10)
        .check(reading);
      return [failedChecks, weight, condition.message];
    };
    const failed = 'Halt advancement of r: denied-rate has no data: there were no requests (1 of 2)';
    const waits = 'Halt advancement of r: denied-rate waits for data: there were no requests';
    assert.deepEqual(after('Wait', none), [1, 10, failed]);
    assert.deepEqual(after('Wait', few), [0, 10, waits]);
    assert.deepEqual(after('Fail', none), [1, 10, failed]);
    assert.deepEqual(after('Fail', few), [1, 10, failed]);
    assert.deepEqual(after('Ignore', none), [0, 10, 'Halt advancement of r: no metric has any data']);
    assert.deepEqual(after('Ignore', few), [0, 10, waits]);
  });

  it('with no data at all does not go on, also where missing data is ignored', () => {
    const lenient = new Driven(rolloutOf({ metrics: [metric({ onMissing: 'Ignore' })] })).to(10);
    for (let i = 0; i < 5; i++) lenient.check(none);
    assert.deepEqual([lenient.state.phase, lenient.state.weight, lenient.state.failedChecks], ['Progressing', 10, 0]);
    const few: Reading = { ...none, scarce: true };
    const other = metric({ name: 'error-rate' });
    const both = new Driven(rolloutOf({ metrics: [metric({ onMissing: 'Ignore' }), other] })).to(10);
    both.check(none, { measured: { readings: [none, good], hooks: [] } });
    assert.equal(both.state.weight, 20);
    both.check(none, { measured: { readings: [few, good], hooks: [] } });
    assert.deepEqual([both.state.weight, both.state.failedChecks], [20, 0], 'for want of requests nothing goes on');
    both.check(none, { measured: { readings: [few, bad], hooks: [] } });
    assert.equal(both.state.failedChecks, 1, 'and what is known to be bad is');
  });

  it('neither passes nor fails where the old revision is beyond the limit too', () => {
    const driven = new Driven(rolloutOf()).to(10);
    driven.check({ value: 30, reason: '', baseline: 29 });
    assert.deepEqual([driven.state.weight, driven.state.failedChecks], [10, 0]);
    assert.match(driven.state.condition.message, /and so is revision v1 with 29/);
    driven.check({ value: 1.2, reason: '', baseline: 0.9, alike: true });
    assert.deepEqual([driven.state.weight, driven.state.failedChecks], [10, 0]);
    assert.match(driven.state.condition.message, /beyond max 1, and hardly better is revision v1 with 0.9/);
  });

  it('holds values to both limits, and what is no number to none', () => {
    const at = (value: number, thresholdRange: Metric['thresholdRange']) => {
      const driven = new Driven(rolloutOf({ metrics: [metric({ thresholdRange })] })).to(10);
      return driven.check({ value, reason: '', baseline: null }).failure?.limit ?? 'passed';
    };
    assert.equal(at(1, { max: 1 }), 'passed');
    assert.equal(at(1.001, { max: 1 }), 'max 1');
    assert.equal(at(99, { min: 99 }), 'passed');
    assert.equal(at(98.9, { min: 99, max: 100 }), 'min 99');
    assert.equal(at(Number.NaN, { min: 99 }), 'min 99');
    assert.equal(at(Number.POSITIVE_INFINITY, { max: 90 }), 'max 90');
  });

  it('is nothing when the state has changed since it was asked', () => {
    const driven = new Driven(rolloutOf()).to(10);
    const { generation } = driven.state;
    driven.command('pause');
    driven.command('resume');
    const before = driven.state;
    assert.equal(driven.check(bad, { generation }), before);
  });
});

describe('webhooks', () => {
  const shut = { gate: { open: false, message: 'webhook gate' } };
  it('hold the beginning and the promotion, and the checks go on meanwhile', () => {
    const driven = new Driven(rolloutOf());
    assert.equal(driven.check(good, shut).phase, 'Waiting');
    assert.equal(driven.check(good, shut).phase, 'Waiting');
    driven.to(50);
    assert.equal(driven.check(good, shut).phase, 'WaitingPromotion');
    driven.check(bad, shut);
    assert.equal(driven.check(bad, shut).phase, 'Failed');
    const other = new Driven(rolloutOf()).to(50);
    other.check(good, shut);
    assert.equal(other.check().phase, 'Promoting');
  });

  it('fail checks before the first step and at each of them, and roll back', () => {
    const no = { measured: { readings: [], hooks: [{ name: 'smoke', ok: false, message: 'status 500' }] } };
    const driven = new Driven(rolloutOf());
    driven.check();
    driven.check(good, no);
    assert.deepEqual([driven.state.weight, driven.state.failedChecks], [0, 1]);
    assert.equal(driven.check(good, no).phase, 'Failed');
    assert.equal(driven.state.failure?.message, 'webhook smoke says no: status 500');
    const asked = new Driven(rolloutOf()).to(20);
    assert.equal(asked.check(good, { rollback: 'stop' }).phase, 'Failed');
  });
});

describe('the change to commit', () => {
  const webhooks = [{ name: 'pr', type: 'open-change' as const, url: 'http://x/', timeoutMs: 1, metadata: {} }];
  const promoted = () => {
    const driven = new Driven(rolloutOf({ webhooks, skipAnalysis: true }));
    while (driven.state.phase !== 'Succeeded') driven.check();
    return driven;
  };
  const answer = (driven: Driven, ok: boolean, message: string) => {
    driven.check(good, { opened: { name: 'pr', ok, message } });
    const { status, reason } = driven.state.opening?.condition ?? {};
    return [status, reason, planOf(driven.rollout, driven.state, true)?.afterMs];
  };

  it('is handed to its webhook until that has taken it', () => {
    const driven = promoted();
    assert.deepEqual(planOf(driven.rollout, driven.state, true)?.opens, true);
    assert.deepEqual(answer(driven, false, 'status 500'), ['Unknown', 'Retrying', 1_000]);
    assert.deepEqual(answer(driven, false, 'status 500'), ['Unknown', 'Retrying', 2_000]);
    assert.match(driven.state.events.at(-1)?.message ?? '', /has not taken .*: status 500 \(2 of 10\)$/);
    assert.deepEqual(answer(driven, true, 'https://git/pulls/7'), ['True', 'Opened', undefined]);
    assert.equal(driven.state.events.at(-1)?.message, 'Webhook pr has taken the change to commit: https://git/pulls/7');
    assert.deepEqual([driven.state.phase, driven.state.condition.reason], ['Succeeded', 'Succeeded']);
  });

  it('is given up after ten calls, which is no fault of the revision', () => {
    const driven = promoted();
    for (let i = 1; i < 10; i++) answer(driven, false, 'no');
    assert.deepEqual(answer(driven, false, 'no'), ['False', 'GaveUp', undefined]);
    assert.match(driven.state.opening?.condition.message ?? '', /\(10 of 10\); commit it by hand$/);
    assert.equal(driven.state.phase, 'Succeeded');
    driven.command('abort');
    assert.equal(driven.state.opening, undefined);
  });

  it('is nobody to be handed where the files agree, or nobody asks for it', () => {
    const driven = promoted();
    driven.happen({ type: 'observed', position: 'to' });
    assert.equal(planOf(driven.rollout, driven.state, true), null);
    const silent = new Driven(rolloutOf({ skipAnalysis: true }));
    while (silent.state.phase !== 'Succeeded') silent.check();
    assert.equal(planOf(silent.rollout, silent.state, true), null);
  });
});

describe('commands', () => {
  it('pause, resume, promote and abort', () => {
    const driven = new Driven(rolloutOf()).to(10);
    driven.command('pause');
    assert.equal(planOf(driven.rollout, driven.state, true), null);
    assert.equal(driven.check(bad).failedChecks, 0);
    assert.equal(driven.command('resume').paused, false);
    assert.equal(driven.command('promote').phase, 'Promoting');
    driven.check();
    driven.check();
    assert.equal(driven.command('abort').phase, 'Failed', 'also after the promotion, until the files agree');
    assert.match(driven.state.condition.message, /^Rolled back to v1 from weight 100: aborted by command$/);
  });

  it('are refused where they mean nothing', () => {
    const { rollout, state } = new Driven(rolloutOf());
    assert.equal(refusalOf(rollout, state, 'resume'), 'the rollout is not paused');
    assert.equal(refusalOf(rolloutOf({ suspend: true }), state, 'resume'), 'the files suspend the rollout');
    assert.equal(refusalOf(rollout, { ...state, phase: 'Failed' }, 'abort'), 'the rollout has failed already');
    assert.match(refusalOf(rollout, { ...state, agreed: true }, 'abort') ?? '', /over/);
  });
});

describe('the files', () => {
  it('suspend a rollout where it is', () => {
    const driven = new Driven(rolloutOf()).to(10);
    driven.rollout = rolloutOf({ suspend: true });
    driven.happen({ type: 'observed', position: 'from' });
    assert.deepEqual([driven.check(bad).weight, driven.state.failedChecks], [10, 0]);
    assert.equal(planOf(driven.rollout, driven.state, true), null);
  });

  it('restart it when they change it, and reset it when they change the default', () => {
    const driven = new Driven(rolloutOf()).to(20);
    driven.rollout = rolloutOf({ steps: [5] });
    driven.happen({ type: 'observed', position: 'from' });
    assert.deepEqual([driven.state.weight, driven.state.phase], [0, 'Initialized']);
    driven.to(5);
    driven.happen({ type: 'observed', position: 'elsewhere' });
    assert.deepEqual([driven.state.weight, driven.state.phase], [0, 'Initialized']);
    assert.equal(planOf(driven.rollout, driven.state, false), null);
    driven.happen({ type: 'observed', position: 'to' });
    assert.equal(driven.state.phase, 'Succeeded');
    driven.happen({ type: 'observed', position: 'from' });
    assert.deepEqual([driven.state.phase, driven.state.agreed], ['Failed', false]);
    assert.match(driven.state.condition.message, /taken back in the files/);
  });
});

describe('whatever happens', () => {
  const reading = fc.constantFrom(good, bad, none);
  const happening = fc.oneof(
    { weight: 6, arbitrary: fc.record({ type: fc.constant('check' as const), reading, stale: fc.boolean() }) },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('command' as const),
        command: fc.constantFrom<Command>('pause', 'resume', 'abort'),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('observe' as const),
        position: fc.constantFrom('from' as const, 'elsewhere' as const),
      }),
    },
  );
  it('no step is jumped, and nothing is promoted that has not passed at every one of them', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 60 }), (all) => {
        const driven = new Driven(rolloutOf());
        const ladder = [0, ...driven.rollout.steps];
        const passed = new Set<number>();
        for (const each of all) {
          const before = driven.state;
          if (each.type === 'command') driven.command(each.command);
          else if (each.type === 'observe') driven.happen({ type: 'observed', position: each.position });
          else {
            const generation = before.generation - (each.stale ? 1 : 0);
            driven.check(each.reading, { generation });
            const effective = !each.stale && !before.paused;
            if (effective && each.reading === good && before.weight > 0) passed.add(before.weight);
          }
          const rise = ladder.indexOf(driven.state.weight) - ladder.indexOf(before.weight);
          assert.ok(rise <= 1, `${before.weight} → ${driven.state.weight}`);
          if (driven.state.weight === 0 && !isPromoted(driven.state.phase)) passed.clear();
          if (isPromoted(driven.state.phase)) assert.deepEqual([...passed], driven.rollout.steps);
          assert.ok(driven.state === before || driven.state.generation > before.generation);
          assert.ok(driven.state.events.length <= 50);
        }
      }),
    );
  });
});
