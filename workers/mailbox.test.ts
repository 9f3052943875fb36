import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { COMPARTMENT_BYTES, COMPARTMENTS, type Letter, Mailbox } from './mailbox.ts';

test('what is put in is read on the other side, whatever is in the other compartments', () => {
  const writer = new Mailbox();
  const reader = new Mailbox(writer.memory);
  const text = fc.string({ unit: 'binary' }).map((drawn) => drawn.toWellFormed());
  fc.assert(
    fc.property(fc.array(fc.array(text), { maxLength: COMPARTMENTS }), (batches) => {
      const letters = batches.map((texts, compartment): Letter[] => {
        writer.open(compartment);
        return texts.map((each, at) =>
          at % 2 === 0 ? writer.put(each) : (writer.putBytes(Buffer.from(each)) ?? each),
        );
      });
      assert.deepEqual(
        letters.map((batch) => batch.map((letter) => reader.read(letter))),
        batches,
      );
    }),
  );
});

test('a letter for which there is no room is posted as it is, and later ones that fit are put in', () => {
  const writer = new Mailbox();
  writer.open(COMPARTMENTS - 1);
  const large = 'x'.repeat(COMPARTMENT_BYTES + 1);
  assert.equal(writer.put(large), large);
  assert.equal(writer.putBytes(Buffer.from(large)), null);
  const small = writer.put('small');
  assert.notEqual(typeof small, 'string');
  assert.equal(new Mailbox(writer.memory).read(small), 'small');
});

test('a batch without a compartment posts everything', () => {
  const writer = new Mailbox();
  writer.open(-1);
  assert.equal(writer.put('text'), 'text');
  assert.equal(writer.putBytes(Buffer.from('text')), null);
});
