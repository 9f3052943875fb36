import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_PLACES, Place } from './pointer.ts';

test('a place is one object, and its text a pointer', () => {
  const place = Place.root().child('metadata').child('a/b~c').child(0);
  assert.equal(place.text, '/metadata/a~1b~0c/0');
  assert.equal(Place.root().child('metadata').child('a/b~c').child(0), place);
  assert.notEqual(
    Place.root().child('metadata').child('a/b~c').child('0'),
    place,
    'an index and a name are looked up apart',
  );
  assert.equal(Place.root().text, '');
});

test('names of unusual length are not remembered, and have the same text', () => {
  const name = 'x'.repeat(10_000);
  assert.notEqual(Place.root().child(name), Place.root().child(name));
  assert.equal(Place.root().child(name).text, `/${name}`);
});

test('there is a limit to what is remembered, and none to what has a text', () => {
  const before = Place.root();
  for (let i = 0; i <= MAX_PLACES; i++) assert.equal(before.child(`limit-${i}`).text, `/limit-${i}`);
  assert.notEqual(Place.root(), before);
  const after = Place.root().child('limit-0');
  assert.equal(Place.root().child('limit-0'), after);
});
