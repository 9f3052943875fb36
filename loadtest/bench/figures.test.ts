import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ratioFigures, type Section, subjectFigures } from './figures.ts';
import { judge } from './judge.ts';
import { reportText } from './report.ts';
import type { Measured, Window } from './rounds.ts';

function rounds(...perSecond: number[]): Measured<Window>[] {
  return perSecond.map((rate) => ({
    window: { requests: rate, errors: 0, seconds: 1 },
    perSecond: rate,
    cpuMicros: 1e6 / rate,
    busyCores: 1,
  }));
}

function section(ours: readonly Measured<Window>[], yardstick: readonly Measured<Window>[], errors = 0): Section {
  const figures = ratioFigures('gateway to yardstick', ours, yardstick);
  return { mode: 'distinct', title: 'distinct', figures, notes: [], errors };
}

test('ratios are those of each round, so a round in which the machine was slow does not count against one side', () => {
  const figures = ratioFigures('x', rounds(100, 10, 100), rounds(200, 20, 200));
  assert.deepEqual(
    figures.map(({ name, summary }) => [name, summary.lower, summary.upper]),
    [
      ['x, by throughput', 0.5, 0.5],
      ['x, by CPU time', 0.5, 0.5],
    ],
  );
});

test('what has no CPU time is compared by throughput alone', () => {
  const unknown = rounds(100).map((each) => ({ ...each, cpuMicros: null }));
  assert.equal(ratioFigures('x', unknown, rounds(100)).length, 1);
  assert.equal(subjectFigures('x', unknown).length, 1);
});

test('a gateway below the floor by both ratios is a regression, and so is a wrong answer', () => {
  assert.match(
    judge(section(rounds(10), rounds(100)), 0.2) ?? '',
    /0\.100 and 0\.100 of the yardstick, and at least 0\.200/,
  );
  assert.equal(judge(section(rounds(30), rounds(100)), 0.2), null);
  const cheap = rounds(10).map((each) => ({ ...each, cpuMicros: 1e6 / 30 }));
  assert.equal(judge(section(cheap, rounds(100)), 0.2), null);
  assert.match(judge(section(rounds(30), rounds(100), 3), 0.2) ?? '', /3 answers were not 200/);
  assert.match(judge({ ...section([], []), figures: [] }, 0.2) ?? '', /nothing was compared/);
});

test('the text has a line for each figure with its spread', () => {
  const text = reportText([section(rounds(20, 30, 40), rounds(100, 100, 100))]);
  assert.match(text, /gateway to yardstick, by throughput +0\.300 +\(0\.250 to 0\.350, 3 rounds\)/);
});
