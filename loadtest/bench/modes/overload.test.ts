import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FloodPart, FloodWindow } from '../load/protocol.ts';
import { judge, LIMITS } from './overload.ts';

const AROUND = { capacity: 500, startMb: 200, peakMb: 300, refusedIn50Ms: 1, inBudget: 1 };

function part(name: string, changes: Partial<FloodPart> = {}): FloodPart {
  return {
    name,
    count: 1_000,
    example: '200 {}',
    promptSinceDue: 1,
    promptSinceSent: 1,
    inTime: 1,
    p50Ms: 1,
    p99Ms: 5,
    maxMs: 9,
    ...changes,
  };
}

function flooded(changes: Partial<FloodWindow> = {}): FloodWindow {
  return {
    offered: 90_000,
    acceptedPerSecond: 480,
    parts: [part('before patched'), part('flood patched'), part('flood refused'), part('after patched')],
    unanswered: 0,
    sentLateMs: 1,
    recoverySeconds: 0.5,
    ownBusy: 0.4,
    ...changes,
  };
}

function failures(changes: Partial<FloodWindow>, around: Partial<typeof AROUND> = {}): readonly string[] {
  return judge(flooded(changes), { ...AROUND, ...around }).failures ?? [];
}

test('a flood that is taken well passes', () => {
  assert.deepEqual(failures({}), []);
  const named = judge(flooded(), AROUND).figures.find(({ name }) => name === 'accepted, to the capacity');
  assert.equal(named?.summary.median, 0.96);
});

test('each limit fails alone', () => {
  assert.match(failures({ acceptedPerSecond: 440 }).join(), /^accepted, to the capacity: 0.880/);
  assert.match(failures({ parts: [part('flood refused', { promptSinceSent: 0.98 })] }).join(), /^refused within 50 ms/);
  assert.match(failures({ parts: [part('flood patched', { inTime: 0.999 })] }).join(), /^1 answers later/);
  assert.match(failures({ unanswered: 2 }).join(), /2 without one/);
  assert.match(failures({ parts: [part('flood denied', { count: 3 })] }).join(), /^flood denied: 3/);
  assert.match(failures({ recoverySeconds: 2.5 }).join(), /^recovery took 2.5 s/);
  assert.match(failures({}, { peakMb: 200 + LIMITS.memoryMb + 1 }).join(), /^memory grew by 513 MB/);
});
