import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { secondsOf } from '../k6/plan.ts';
import { answers, exampleRun, phase, spread } from '../report/example-run.ts';
import type { AdminFigures, Check, PhaseFigures, RunFigures } from '../report/record.ts';
import { SCENARIOS } from './catalogue.ts';
import { overload } from './overload.ts';
import { keptRate, ramp } from './ramp.ts';
import { spike } from './spike.ts';

const NO_ADMIN: AdminFigures = {
  panels: [],
  budgetShares: [],
  refusedIn50Ms: null,
  peakMemoryMb: 300,
  startMemoryMb: 200,
};

function checkNamed(checks: readonly Check[], name: string): Check {
  const check = checks.find((each) => each.name === name);
  assert.ok(check !== undefined, name);
  return check;
}

test('every scenario ends within two minutes by itself and sends at least one review a second', () => {
  for (const [name, scenario] of SCENARIOS) {
    const phases = scenario.phases({ ...scenario.defaults, seed: 1 }, 1_000);
    assert.ok(secondsOf({ kind: 'arrivals', phases }) <= 120, name);
    assert.ok(
      phases.every(({ rate, seconds }) => rate >= 1 && Number.isInteger(rate) && seconds >= 1),
      name,
    );
  }
});

test('every scenario passes a flawless run of its own phases', () => {
  for (const [name, scenario] of SCENARIOS) {
    const settings = { ...scenario.defaults, seed: 1 };
    let fromSeconds = 0;
    const phases = scenario.phases(settings, 100).map(({ name: of, rate, seconds }): PhaseFigures => {
      const figures = phase(of, rate, seconds, { fromSeconds });
      fromSeconds += seconds;
      return figures;
    });
    const intervals = Array.from({ length: fromSeconds }, (_, second) => ({
      fromSeconds: second,
      latency: spread(100, 5),
      answers: answers(),
    }));
    const { checks } = scenario.judge(exampleRun({ settings, phases, intervals, capacity: 100, admin: NO_ADMIN }));
    assert.deepEqual(
      checks.filter(({ ok }) => !ok),
      [],
      name,
    );
  }
});

test('an answer that comes after the timeout fails any scenario', () => {
  for (const [name, scenario] of SCENARIOS) {
    const late = phase('flood', 100, 10, { latency: spread(1_000, 5, 10_001) });
    const { checks } = scenario.judge(exampleRun({ phases: [late] }));
    assert.equal(checkNamed(checks, 'slowest answer').ok, false, name);
  }
});

describe('ramp', () => {
  const steps = (...changes: Partial<PhaseFigures>[]): Pick<RunFigures, 'phases' | 'settings'> => {
    const { settings } = exampleRun();
    return {
      settings,
      phases: changes.map((change, index) => phase(`step ${index + 1}`, 100 * (index + 1), 5, change)),
    };
  };

  test('finds the highest step that was kept', () => {
    assert.equal(keptRate(steps({}, {}, { latency: spread(1_500, 101) })), 200);
  });

  test('does not count a step that left reviews out, or refused some', () => {
    assert.equal(keptRate(steps({}, { latency: spread(900, 5) })), 100);
    assert.equal(keptRate(steps({}, { answers: answers({ patched: 999, refused: 1 }) })), 100);
  });

  test('fails when not even the first step is kept', () => {
    const run = steps({ latency: spread(500, 2_000) });
    const { checks, findings } = ramp.judge(exampleRun(run));
    assert.equal(checkNamed(checks, 'highest rate kept').ok, false);
    assert.match(findings.join(), /Not even the first step/);
  });

  test('ends past the capacity, or at the rate that is given', () => {
    const settings = { ...ramp.defaults, seed: 1 };
    assert.equal(ramp.phases(settings, 1_000).at(-1)?.rate, 1_200);
    assert.equal(ramp.phases({ ...settings, rate: 600 }, 600).at(-1)?.rate, 600);
  });
});

test('a spike has ten times the rate of the calm around it', () => {
  const phases = spike.phases({ ...spike.defaults, seed: 1, rate: 1_000, seconds: 40 }, 0);
  assert.deepEqual(
    phases.map(({ rate, seconds }) => [rate, seconds]),
    [
      [100, 10],
      [1_000, 20],
      [100, 10],
    ],
  );
});

describe('overload', () => {
  const settings = { ...overload.defaults, seed: 1 };
  const flooded = (changes: Partial<PhaseFigures>, others: Partial<RunFigures> = {}) => {
    const flood = phase('flood', 3_000, 10, { answers: answers({ patched: 9_500, refused: 20_500 }), ...changes });
    const intervals = Array.from({ length: 16 }, (_, second) => ({
      fromSeconds: second,
      latency: spread(100, 5),
      answers: answers(),
    }));
    const run = { settings, phases: [flood], capacity: 1_000, intervals, refused: spread(20_500, 3), ...others };
    return overload.judge(exampleRun(run)).checks;
  };

  test('offers three times the capacity', () => {
    assert.equal(overload.phases(settings, 700).find(({ name }) => name === 'flood')?.rate, 2_100);
  });

  test('passes when the capacity is used and the rest is refused at once', () => {
    assert.deepEqual(
      flooded({}).filter(({ ok }) => !ok),
      [],
    );
  });

  test('fails when the generator could not send a flood', () => {
    assert.equal(checkNamed(flooded({ latency: spread(19_000, 5) }), 'load of the flood').ok, false);
  });

  test('fails when the flood costs more than a tenth of the work', () => {
    assert.equal(checkNamed(flooded({ answers: answers({ patched: 8_900 }) }), 'accepted work in the flood').ok, false);
  });

  test("fails when refusals come late, by the gateway's clock where there is one", () => {
    assert.equal(checkNamed(flooded({}, { refused: spread(20_500, 60) }), 'refused at once').ok, false);
    const admin = { ...NO_ADMIN, refusedIn50Ms: 0.995 };
    assert.equal(checkNamed(flooded({}, { refused: spread(20_500, 60), admin }), 'refused at once').ok, true);
    assert.equal(checkNamed(flooded({}, { admin: { ...admin, refusedIn50Ms: 0.98 } }), 'refused at once').ok, false);
  });

  test('fails when something is still refused two seconds after the flood', () => {
    const intervals = (refusedAt: number) =>
      Array.from({ length: 16 }, (_, second) => ({
        fromSeconds: second,
        latency: spread(100, 5),
        answers: answers({ refused: second === refusedAt ? 1 : 0 }),
      }));
    assert.equal(checkNamed(flooded({}, { intervals: intervals(11) }), 'recovery after the flood').ok, true);
    assert.equal(checkNamed(flooded({}, { intervals: intervals(12) }), 'recovery after the flood').ok, false);
  });

  test('fails when memory grows without bound', () => {
    const admin = { ...NO_ADMIN, peakMemoryMb: 2_000 };
    assert.equal(checkNamed(flooded({}, { admin }), 'memory added by the load').ok, false);
  });
});
