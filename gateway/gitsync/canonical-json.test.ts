import assert from 'node:assert/strict';
import { it } from 'node:test';
import { canonicalJson, digestOf } from './canonical-json.ts';

it('writes equal values alike, whatever their order', () => {
  assert.equal(canonicalJson({ b: [1, { d: null, c: 'x' }], a: undefined }), '{"b":[1,{"c":"x","d":null}]}');
  assert.equal(digestOf({ a: 1, b: 2 }), digestOf({ b: 2, a: 1 }));
  assert.notEqual(digestOf({ a: 1 }), digestOf({ a: '1' }));
  assert.notEqual(digestOf(['ab', 'c']), digestOf(['a', 'bc']));
});
