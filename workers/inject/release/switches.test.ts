import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOn, type Place, type SwitchRow, switchesAt } from './switches.ts';

function read(name: string): Place {
  const [line = 0, patch = 0] = name.split('.').map(Number);
  return { line, patch };
}

function releasesWith(row: Partial<SwitchRow>, names: readonly string[]): readonly string[] {
  return names.filter((name) => isOn({ sentence: '', source: '', ...row }, read(name), read));
}

const RELEASES = ['1.0', '1.5', '2.0', '2.3', '2.4', '3.0', '3.9', '4.0', '4.1', '5.0'];

test('a behaviour begins at a patch of each line it was brought to, and stays in all later lines', () => {
  assert.deepEqual(releasesWith({ since: ['2.4', '4.1'] }, RELEASES), ['2.4', '4.1', '5.0']);
  assert.deepEqual(releasesWith({ since: ['3.0'] }, RELEASES), ['3.0', '3.9', '4.0', '4.1', '5.0']);
});

test('a behaviour ends in the same way', () => {
  assert.deepEqual(releasesWith({ until: ['2.4', '3.9', '4.0'] }, RELEASES), ['1.0', '1.5', '2.0', '2.3', '3.0']);
  assert.deepEqual(releasesWith({ since: ['1.5'], until: ['2.3', '3.0'] }, RELEASES), ['1.5', '2.0']);
});

test('without marks it is always on', () => {
  assert.deepEqual(releasesWith({}, RELEASES), RELEASES);
});

test('profiles of all releases have one order of members', () => {
  const table = { a: { sentence: '', source: '', since: ['2.0'] }, b: { sentence: '', source: '', until: ['2.0'] } };
  assert.deepEqual(Object.entries(switchesAt(table, read('1.0'), read)), [
    ['a', false],
    ['b', true],
  ]);
  assert.deepEqual(Object.entries(switchesAt(table, read('2.0'), read)), [
    ['a', true],
    ['b', false],
  ]);
});
