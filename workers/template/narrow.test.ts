import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serialize } from 'node:v8';
import fc from 'fast-check';
import { narrow, shareText } from './narrow.ts';

/** How V8 writes a text in one byte a character; in two it is `c`. */
const ONE_BYTE = '"'.charCodeAt(0);

function isNarrow(text: string): boolean {
  return serialize(text)[2] === ONE_BYTE;
}

test('the text stays the same', () => {
  const check = (text: string): void => {
    assert.equal(narrow(text), text);
    assert.equal(shareText(text), text);
  };
  fc.assert(fc.property(fc.string({ unit: 'binary' }), check));
  // Names of members that objects treat otherwise.
  for (const text of ['', '__proto__', 'constructor', '0', '4294967295', '\ud800']) check(text);
});

test('a part of a wide text becomes narrow, unless it is wide itself', () => {
  const wide = `a comment – and then ${'plain text '.repeat(10)}`;
  const part = wide.slice(20, 80);
  assert.ok(!isNarrow(part), 'V8 keeps it wide');
  assert.ok(isNarrow(narrow(part)));
  assert.ok(!isNarrow(narrow(wide)));
});
