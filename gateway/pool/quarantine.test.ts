import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Suspect } from './fingerprint.ts';
import { QUARANTINE_MS, Quarantine, REMEMBERED_LIMIT } from './quarantine.ts';

function suspect(name: string, namespace = 'shop'): Suspect {
  const object = { kind: 'Pod', metadata: { name: 'p', labels: { app: name } }, spec: {} };
  return { mesh: 'm', revision: 'v1', digest: 'd', namespace, review: JSON.stringify({ request: { object } }) };
}

function quarantine() {
  const time = { nowMs: 1_000 };
  const clock = { now: () => time.nowMs, date: () => 1_700_000_000_000 + time.nowMs };
  return { time, subject: new Quarantine(clock) };
}

describe('the quarantine', () => {
  test('begins with the second lost worker', () => {
    const { subject } = quarantine();
    assert.equal(subject.strike(suspect('a')).strikes, 1);
    assert.equal(subject.find(suspect('a')), null);
    assert.equal(subject.concerns('shop'), false);
    assert.equal(subject.strike(suspect('a')).strikes, 2);
    assert.equal(subject.find(suspect('a'))?.strikes, 2);
    assert.equal(subject.find(suspect('b')), null);
    assert.equal(subject.find(suspect('a', 'other')), null);
    assert.deepEqual(
      subject.list().map(({ namespace, name, strikes }) => ({ namespace, name, strikes })),
      [{ namespace: 'shop', name: 'Pod/p', strikes: 2 }],
    );
  });

  test('expires, and then it takes two more', () => {
    const { subject, time } = quarantine();
    subject.strike(suspect('a'));
    const entry = subject.strike(suspect('a'));
    assert.equal(entry.untilMs - entry.atMs, QUARANTINE_MS);
    time.nowMs += QUARANTINE_MS - 1;
    assert.ok(subject.find(suspect('a')) !== null);
    time.nowMs += 2;
    assert.equal(subject.find(suspect('a')), null);
    assert.deepEqual(subject.list(), []);
    assert.equal(subject.concerns('shop'), false);
    assert.equal(subject.strike(suspect('a')).strikes, 1);
  });

  test('forgets a single lost worker after a while', () => {
    const { subject, time } = quarantine();
    subject.strike(suspect('a'));
    time.nowMs += QUARANTINE_MS + 1;
    assert.equal(subject.strike(suspect('a')).strikes, 1);
  });

  test('remembers a bounded number of workloads, the last ones', () => {
    const { subject } = quarantine();
    for (let i = 0; i < REMEMBERED_LIMIT + 10; i++) {
      subject.strike(suspect(`w-${i}`));
      subject.strike(suspect(`w-${i}`));
    }
    assert.equal(subject.list().length, REMEMBERED_LIMIT);
    assert.equal(subject.find(suspect('w-0')), null);
    assert.ok(subject.find(suspect(`w-${REMEMBERED_LIMIT + 9}`)) !== null);
  });
});
