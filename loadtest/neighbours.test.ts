import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { busySeconds, processSeconds, tellNeighbours } from './neighbours.ts';

test('work of this process shows in its own time and in that of the machine', () => {
  const before = { busy: busySeconds(), own: processSeconds(process.pid) };
  const until = performance.now() + 300;
  while (performance.now() < until) Math.sqrt(until);
  assert.ok(busySeconds() > before.busy);
  if (process.platform === 'linux')
    assert.ok((processSeconds(process.pid) ?? 0) > (before.own ?? Number.POSITIVE_INFINITY));
});

test('a process that is gone has no time', () => {
  assert.equal(processSeconds(2 ** 30), null);
});

test('neighbours are told when they had a part in it', () => {
  const cores = availableParallelism();
  assert.equal(tellNeighbours({ wallSeconds: 10, busySeconds: 10, ownSeconds: 9.9 }), null);
  assert.match(
    tellNeighbours({ wallSeconds: 10, busySeconds: 10 * cores, ownSeconds: 0 }) ?? '',
    new RegExp(`${cores}\\.0 of ${cores} cores`),
  );
});
