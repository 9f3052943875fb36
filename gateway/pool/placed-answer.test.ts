import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Mailbox } from '../../workers/mailbox.ts';
import { PlacedAnswer, textOf } from './placed-answer.ts';

test('an answer is read where it lies, and not after its place was given away', () => {
  const worker = new Mailbox();
  worker.open(1);
  const place = worker.put('gätewäy');
  assert.ok(typeof place !== 'string');
  const answer = new PlacedAnswer(new Mailbox(worker.memory), place);
  assert.equal(answer.bytes, 9);
  assert.equal(textOf(answer), 'gätewäy');
  assert.equal(answer.view().toString(), 'gätewäy');
  answer.release();
  assert.throws(() => answer.view(), /given away/);
  assert.throws(() => textOf(answer), /given away/);
});
