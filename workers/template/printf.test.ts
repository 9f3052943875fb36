import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatFloat } from './float.ts';
import { isAlphaNumeric, isPrint } from './printable.ts';
import { formatValue, sprint, sprintf, sprintln } from './printf.ts';
import { quote, quoteRune, unquote, unquoteCharacter } from './quote.ts';
import type { GoMethod, GoType } from './value.ts';
import { GoNumber, GoRef, stringSlice } from './value.ts';

test('Sprint puts spaces between operands when neither is a string, Sprintln between all', () => {
  assert.equal(sprint(1n, 2n, 'a', 'b', 3n, null, true), '1 2a b3 <nil> true'.replace('a b', 'ab'));
  assert.equal(sprintln('a', 1n, 'b'), 'a 1 b\n');
  assert.equal(sprint(), '');
});

test('a value of every kind in its default format', () => {
  assert.equal(formatValue({ b: [1, null, 'x'], a: stringSlice(['q']) }), 'map[a:[q] b:[1 <nil> x]]');
  assert.equal(formatValue(1_000_000), '1e+06');
  assert.equal(formatValue(new GoNumber('float32', Math.fround(0.1))), '0.1');
  assert.equal(formatValue(-0), '-0');
  assert.equal(formatValue(Number.POSITIVE_INFINITY), '+Inf');
});

test('Error comes before String, and both before the value; pointers and nil print as Go prints them', () => {
  const failure: GoType = {
    kind: 'struct',
    name: 'x.Failure',
    fields: new Map(),
    methods: new Map<string, GoMethod>([
      ['String', () => 'string'],
      ['Error', () => 'error'],
    ]),
  };
  const ref = new GoRef(failure, {});
  assert.equal(sprintf('%v %s %q %x %d', [ref, ref, ref, ref, ref]), 'error error "error" 6572726f72 {}');
  const pointer: GoType = { kind: 'pointer', elem: { kind: 'struct', name: 'x.P', fields: new Map() } };
  assert.equal(
    sprintf('%v %+v %v', [new GoRef(pointer, {}), new GoRef(pointer, {}), new GoRef(pointer, null)]),
    '&{} &{} <nil>',
  );
  assert.match(formatValue([new GoRef(pointer, {})]), /^\[0xc[0-9a-f]+\]$/);
});

test('the shortest float reads back as the same number', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      assert.ok(Object.is(Number(formatFloat(value, 'g', -1)), value));
      assert.ok(Object.is(Number(formatFloat(value, 'f', -1)), value));
    }),
  );
});

test('a float with 17 digits is exact to the digit, halves go to even', () => {
  assert.equal(formatFloat(0.1, 'e', 20), '1.00000000000000005551e-01');
  assert.equal(formatFloat(2.5, 'f', 0), '2');
  assert.equal(formatFloat(3.5, 'f', 0), '4');
  assert.equal(formatFloat(9.995, 'f', 2), '9.99');
  assert.equal(formatFloat(5e-324, 'f', 3), '0.000');
  assert.equal(formatFloat(1e23, 'f', 0), '99999999999999991611392');
});

test('what is quoted is what unquoting gives', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (text, ascii) => {
      const wellFormed = text.toWellFormed();
      assert.equal(unquote(quote(wellFormed, ascii)), wellFormed);
    }),
  );
  assert.equal(unquote(quote('\udcff')), '\udcff');
  assert.equal(quote('\udcff'), '"\\xff"');
  assert.equal(unquoteCharacter(quoteRune(0x1f600, true)), 0x1f600);
  for (const bad of ['"', '""x"', '"\\q"', '"\\x4"', '"a\nb"', '`a`b`', "'a'", '"\\ud800"', '"\\400"'])
    assert.equal(unquote(bad), null, bad);
});

test('what Go 1.26 prints: characters of Unicode 15, no space but the ASCII one, no format characters', () => {
  const printed = [0x20, 0x7e, 0xa1, 0x378 - 1, 0x2713, 0xfffd, 0x1f600, 0x323af];
  const escaped = [
    0x1f, 0x7f, 0xa0, 0xad, 0x378, 0x200b, 0x2028, 0x3000, 0xe000, 0xfeff, 0x2ffc, 0x1fae9, 0x323b0, 0x10ffff,
  ];
  for (const rune of printed) assert.equal(isPrint(rune), true, rune.toString(16));
  for (const rune of escaped) assert.equal(isPrint(rune), false, rune.toString(16));
  assert.equal(
    [...'aZ0_éß中٣'].every((c) => isAlphaNumeric(c.codePointAt(0) ?? 0)),
    true,
  );
  assert.equal(
    [...'-. $½²ⅷ́'].some((c) => isAlphaNumeric(c.codePointAt(0) ?? 0)),
    false,
  );
});
