import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  canonicalQuantity,
  compareQuantity,
  formatQuantity,
  MAX_QUANTITY_LENGTH,
  milliValue,
  parseQuantity,
  QuantityError,
  quantityFromJson,
  roundUpQuantity,
  SHORT_QUANTITY,
  scaledValue,
  wholeValue,
} from './quantity.ts';

test('canonical form: the largest suffix without a fraction', () => {
  for (const [text, canonical] of [
    ['0', '0'],
    ['-0.0', '0'],
    ['100m', '100m'],
    ['1.5', '1500m'],
    ['1000', '1k'],
    ['1000m', '1'],
    ['0.5', '500m'],
    ['1.5Gi', '1536Mi'],
    ['1024Ki', '1Mi'],
    ['0.5Ki', '512'],
    ['1.0001Ki', '1024102400u'],
    ['12e6', '12e6'],
    ['1e19', '10e18'],
    ['1E1', '10'],
    ['-1.5Gi', '-1536Mi'],
    ['1E', '1E'],
    ['1000000000000000000000E', '1'],
  ] as const) {
    assert.equal(canonicalQuantity(text), canonical, text);
  }
});

test('what upstream takes for canonical at a glance is kept as it was written', () => {
  for (const text of ['+5', '01', '1.', '1.G', '1E3', '1e+3', '1025Ki']) assert.equal(canonicalQuantity(text), text);
});

test('too small rounds up to nano, too large for a binary suffix is capped', () => {
  assert.equal(canonicalQuantity('0.1n'), '1n');
  assert.equal(canonicalQuantity('-1e-10'), '-1e-9');
  assert.equal(canonicalQuantity('1.0000000001'), '1000000001n');
  assert.equal(canonicalQuantity('8Ei'), '9223372036854775807');
  assert.equal(canonicalQuantity('-100Ei'), '-9223372036854775807');
});

test('what is no quantity', () => {
  for (const text of [
    '',
    ' 1',
    '1 ',
    'a',
    '1K',
    '1mi',
    '1i',
    '1n1',
    '1e',
    '1E+',
    '1.2.3',
    '0x1',
    '--1',
    'e-10',
    '1e99999999999999999999',
  ]) {
    assert.throws(
      () => parseQuantity(text),
      (error) => error instanceof QuantityError && error.code === 'QUANTITY_SYNTAX',
      text,
    );
  }
  for (const text of ['+', '-', '.', 'e3']) assert.equal(canonicalQuantity(text), '0', text);
});

test('length and exponent have limits', () => {
  for (const text of ['1'.repeat(MAX_QUANTITY_LENGTH + 1), '1e1001', '1e-1001', '1e2147483647']) {
    assert.throws(() => parseQuantity(text), { code: 'QUANTITY_LIMIT' });
  }
  assert.equal(canonicalQuantity('1e4294967297'), '10');
});

test('values round up', () => {
  for (const [text, whole, milli] of [
    ['100m', 1n, 100n],
    ['1.5', 2n, 1500n],
    ['-1.5', -2n, -1500n],
    ['1Ki', 1024n, 1024000n],
    ['0.1m', 1n, 1n],
    ['1.0001Ki', 1025n, 1024103n],
    ['-0.1n', 1n, 1n],
    ['7Ei', 8070450532247928832n, -9223372036854775808n],
    ['12e18', 0n, 0n],
  ] as const) {
    const quantity = parseQuantity(text);
    assert.equal(wholeValue(quantity), whole, text);
    assert.equal(milliValue(quantity), milli, text);
  }
  assert.equal(scaledValue(parseQuantity('1500'), 3), 2n);
  assert.equal(roundUpQuantity('1.5Gi'), 1610612736n);
  assert.equal(roundUpQuantity('1e30'), 10n ** 30n);
  assert.equal(roundUpQuantity('x'), undefined);
});

test('comparison goes by value, not by form', () => {
  const sorted = ['-1Gi', '-1', '0', '1n', '1m', '0.5', '1', '1000m', '1k', '1Ki', '1M', '1e9', '1Gi'];
  for (let i = 1; i < sorted.length; i++) {
    const [a, b] = [sorted[i - 1] ?? '', sorted[i] ?? ''];
    const equal = a === '1' && b === '1000m';
    assert.equal(compareQuantity(parseQuantity(a), parseQuantity(b)), equal ? 0 : -1, `${a} ${b}`);
    assert.equal(compareQuantity(parseQuantity(b), parseQuantity(a)), equal ? 0 : 1, `${b} ${a}`);
  }
});

test('in JSON it may be a number, have space around it, or be null', () => {
  assert.equal(formatQuantity(quantityFromJson(' 1Gi\n')), '1Gi');
  assert.equal(formatQuantity(quantityFromJson(0.5)), '500m');
  assert.equal(formatQuantity(quantityFromJson(2000)), '2k');
  assert.equal(formatQuantity(quantityFromJson(null)), '0');
});

test('the canonical form is a fixed point of the same value', () => {
  const digits = fc.integer({ min: 0, max: 1_000_000_000 }).map(String);
  const suffix = fc.constantFrom('', 'n', 'u', 'm', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'e3', 'e-3');
  const text = fc.tuple(fc.constantFrom('', '-'), digits, fc.option(digits), suffix);
  fc.assert(
    fc.property(text, ([sign, whole, fraction, unit]) => {
      const quantity = parseQuantity(`${sign}${whole}${fraction === null ? '' : `.${fraction}`}${unit}`);
      const canonical = parseQuantity(formatQuantity(quantity));
      assert.equal(compareQuantity(quantity, canonical), 0);
      const twice = formatQuantity({ ...canonical, text: null });
      assert.equal(formatQuantity({ ...parseQuantity(twice), text: null }), twice);
    }),
    { numRuns: 1000 },
  );
});

test('every short quantity is canonical', () => {
  for (let number = 1; number < 1_000; number++) {
    for (const suffix of ['', 'm', 'k', 'M', 'G', 'T', 'Ki', 'Mi', 'Gi', 'Ti']) {
      const text = `${number}${suffix}`;
      assert.ok(SHORT_QUANTITY.test(text));
      assert.equal(canonicalQuantity(text), text);
    }
  }
  for (const text of ['0', '01', '1000', '1024Mi', '1.5', '-1', '1e3', '1u', '1n', '1P', '1mi', ' 1', '1 ']) {
    assert.ok(!SHORT_QUANTITY.test(text), text);
  }
});
