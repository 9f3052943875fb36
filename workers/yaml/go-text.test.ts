import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFloat32, formatFloat64 } from './float-text.ts';
import { compareKeys } from './key-order.ts';
import { isTimestamp } from './timestamp.ts';

test('float64 in the form of %g with the fewest digits', () => {
  for (const [value, text] of [
    [0, '0'],
    [-0, '-0'],
    [1, '1'],
    [100000, '100000'],
    [1000000, '1e+06'],
    [123456.5, '123456.5'],
    [1234567.5, '1.2345675e+06'],
    [0.0001, '0.0001'],
    [0.000012, '1.2e-05'],
    [1e100, '1e+100'],
    [5e-324, '5e-324'],
    [-1.5, '-1.5'],
    [Number.POSITIVE_INFINITY, '+Inf'],
    [Number.NEGATIVE_INFINITY, '-Inf'],
    [Number.NaN, 'NaN'],
  ] as const) {
    assert.equal(formatFloat64(value), text);
  }
});

test('float32 rounds first', () => {
  for (const [value, text] of [
    [0.1, '0.1'],
    [123456789, '1.2345679e+08'],
    [16777217, '1.6777216e+07'],
    [1e39, '+Inf'],
    [1e-50, '0'],
    [1e-45, '1e-45'],
    [3.4028234663852886e38, '3.4028235e+38'],
    // In the middle of two texts: the even digit; but up for powers of two, where the nearest text may not be the shortest.
    [293961.125, '293961.12'],
    [293961.375, '293961.38'],
    [2 ** -12, '0.00024414063'],
    [2 ** 87, '1.5474251e+26'],
    [-(2 ** -96), '-1.2621775e-29'],
    [0.25, '0.25'],
  ] as const) {
    assert.equal(formatFloat32(value), text);
  }
});

test('keys: signs, numbers by value, letters', () => {
  for (const [less, more] of [
    ['a', 'b'],
    ['a', 'ab'],
    ['a2', 'a10'],
    ['a02', 'a10'],
    ['a2', 'a02'],
    ['a-', 'a1'],
    ['1', 'a'],
    ['B', 'a'],
    ['z', 'é'],
    ['\u{10400}', '\u{10401}'],
    ['x100', 'x110'],
  ] as const) {
    assert.ok(compareKeys(less, more) < 0, `${less} < ${more}`);
    assert.ok(compareKeys(more, less) > 0, `${more} > ${less}`);
  }
  assert.equal(compareKeys('a1', 'a1'), 0);
});

test('timestamps', () => {
  for (const text of [
    '2001-12-14',
    '2001-1-2',
    '2000-2-29',
    '2001-12-14t21:59:43.10-05:00',
    '2001-12-14T1:2:3Z',
    '2001-12-14  21:59:43,5',
    '2001-1-2T3:4:5+24:60',
  ]) {
    assert.ok(isTimestamp(text), text);
  }
  for (const text of [
    '2001-13-1',
    '2001-2-29',
    '1900-2-29',
    '2001-1-0',
    '201-1-1',
    '2001-1-2T3:4:5',
    '2001-1-2 24:0:0',
    '2001-1-2 1:60:0',
    '2001-1-2T3:4:5+25:00',
    '2001-1-2 ',
  ]) {
    assert.ok(!isTimestamp(text), text);
  }
});
