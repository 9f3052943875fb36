import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import {
  byteLength,
  compareBytes,
  fromByteString,
  fromBytes,
  isAscii,
  normalizeBytes,
  repairText,
  runes,
  sliceBytes,
  toByteString,
  toBytes,
} from './gostring.ts';

test('bytes survive a cut through a letter', () => {
  const half = sliceBytes('héllo', 0, 2);
  assert.equal(byteLength(half), 2);
  assert.deepEqual([...toBytes(half)], [0x68, 0xc3]);
  assert.equal(repairText(half), 'h\ufffd');
  assert.equal(normalizeBytes(half + sliceBytes('héllo', 2, 6)), 'héllo');
});

test('every byte sequence makes the round trip', () => {
  const samples = [
    [0xff],
    [0xed, 0xa0, 0x80],
    [0xc0, 0x80],
    [0xf0, 0x9f, 0x99, 0x82],
    [0xf0, 0x9f, 0x99],
    [0xe2, 0x9c, 0x93, 0x80, 0x41],
    [0xef, 0xbf, 0xbd],
    [0xef, 0xbf, 0xbd, 0xff],
  ];
  for (const sample of samples) {
    const text = fromBytes(Uint8Array.from(sample));
    assert.deepEqual([...toBytes(text)], sample);
    assert.equal(byteLength(text), sample.length);
  }
  assert.equal(fromBytes(Uint8Array.from([0xef, 0xbf, 0xbd])), '\ufffd');
});

test('order is by bytes, not by UTF-16 units', () => {
  assert.ok(compareBytes('\u{1f642}', '\uffee') > 0);
  assert.ok(compareBytes('a', 'b') < 0);
  assert.ok(compareBytes('a', 'ab') < 0);
  assert.equal(compareBytes('é', 'é'), 0);
  assert.ok(compareBytes(fromBytes(Uint8Array.from([0xc3])), 'é') < 0);
  const words = ['z', 'é', '\u{10000}', '\ue000', 'a', ''];
  const sorted = [...words].sort(compareBytes);
  assert.deepEqual(
    sorted,
    [...words].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
  );
});

test('runes of broken text are U+FFFD', () => {
  assert.deepEqual(runes(`a${fromBytes(Uint8Array.from([0xff]))}\u{1f642}`), [0x61, 0xfffd, 0x1f642]);
});

test('a byte string has one character for each byte', () => {
  const half = sliceBytes('é', 0, 1);
  assert.equal(toByteString('aé'), 'a\u00c3\u00a9');
  assert.equal(toByteString(half), '\u00c3');
  assert.equal(fromByteString(toByteString(`${half}ü\u{1f642}`)), `${half}ü\u{1f642}`);
  assert.equal(isAscii('a~\n'), true);
  assert.equal(isAscii('é'), false);
});
