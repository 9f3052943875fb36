import assert from 'node:assert/strict';
import { it } from 'node:test';
import { nearestName, suggestion } from './nearest.ts';

it('suggests the nearest name within a third of the length', () => {
  assert.equal(nearestName('defualtRevision', ['defaultRevision', 'provider']), 'defaultRevision');
  assert.equal(nearestName('tag', ['tags', 'paths']), 'tags');
  assert.equal(nearestName('Istio-Prod', ['istio-prod', 'istio-dev']), 'istio-prod');
  assert.equal(nearestName('zebra', ['tags', 'paths']), null);
  assert.equal(nearestName('x'.repeat(1000), ['x']), null);
  assert.equal(suggestion('zebra', ['tags']), '');
  assert.equal(suggestion('pathes', ['paths']), ' (did you mean "paths"?)');
});
