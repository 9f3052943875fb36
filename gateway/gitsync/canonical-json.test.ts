import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { it } from 'node:test';
import { canonicalJson, digestOf } from './canonical-json.ts';

it('writes equal values alike, whatever their order', () => {
  assert.equal(canonicalJson({ b: [1, { d: null, c: 'x' }], a: undefined }), '{"b":[1,{"c":"x","d":null}]}');
  assert.equal(canonicalJson([[], {}, [undefined, 1], 'x']), '[[],{},[null,1],"x"]');
  assert.equal(digestOf({ a: 1, b: 2 }), digestOf({ b: 2, a: 1 }));
  assert.notEqual(digestOf({ a: 1 }), digestOf({ a: '1' }));
  assert.notEqual(digestOf(['ab', 'c']), digestOf(['a', 'bc']));
});

it('makes the digest over that text, however long its parts are', () => {
  const value = { long: 'é'.repeat(100_000), list: Array(9_000).fill('ab'), pair: '\ud83d\ude00'.repeat(9_000) };
  assert.equal(digestOf(value), createHash('sha256').update(canonicalJson(value)).digest('hex'));
});
