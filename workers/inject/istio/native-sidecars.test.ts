import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NativeSidecars } from '../../protocol.ts';
import { featuresAt, istioPlace, NEWEST } from './features.ts';
import { nativeSetting } from './native-sidecars.ts';

const BEFORE = featuresAt(istioPlace('1.26.8'));
const KEY = 'ENABLE_NATIVE_SIDECARS';

describe('native sidecars', () => {
  const cases: readonly (readonly [
    asked: NativeSidecars,
    env: string | undefined,
    before: NativeSidecars,
    since: NativeSidecars,
  ])[] = [
    ['Always', 'false', 'Always', 'Always'],
    ['Never', 'true', 'Never', 'Never'],
    ['Auto', undefined, 'Never', 'Auto'],
    ['Auto', 'true', 'Always', 'Always'],
    ['Auto', 'false', 'Never', 'Never'],
    ['Auto', 'auto', 'Never', 'Auto'],
    // A boolean of Go's until 1.26, a word since.
    ['Auto', 'T', 'Always', 'Never'],
  ];
  for (const [asked, env, before, since] of cases) {
    test(`${asked} with ${KEY}=${env}`, () => {
      const given = env === undefined ? {} : { [KEY]: env };
      assert.equal(nativeSetting(asked, given, BEFORE).mode, before);
      assert.equal(nativeSetting(asked, given, NEWEST).mode, since);
    });
  }

  test('templates that read the environment see what the mesh asks for', () => {
    assert.equal(nativeSetting('Always', { [KEY]: 'false', OTHER: 'x' }, BEFORE).env[KEY], 'true');
    assert.equal(nativeSetting('Never', {}, BEFORE).env[KEY], 'false');
    assert.deepEqual(nativeSetting('Auto', { OTHER: 'x' }, BEFORE).env, { OTHER: 'x' });
  });
});
