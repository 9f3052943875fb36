/** The answers are those that the gateway itself encodes, and the form in which Go's injectors write theirs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encodeAdmitted,
  encodeAdmittedWithWarning,
  encodeDenied,
  encodeError,
} from '../../gateway/admission/encode.ts';
import { classify } from './classify.ts';

const to = { apiVersion: 'admission.k8s.io/v1', uid: 'u' } as const;
const busy = { status: 503, code: 'QUEUE_FULL', message: 'the queue is full' };

test('answers of the gateway', () => {
  assert.equal(classify(200, encodeAdmitted(to)), 'unpatched');
  assert.equal(classify(200, encodeAdmittedWithWarning(to, 'QUEUE_FULL', 'the queue is full')), 'missed');
  assert.equal(classify(200, encodeDenied(to, busy)), 'refused');
  assert.equal(classify(200, encodeDenied(to, { ...busy, status: 400, code: 'POD_INVALID' })), 'denied');
  assert.equal(classify(503, encodeError(to, busy)), 'refused');
  assert.equal(classify(400, encodeError(null, { ...busy, status: 400 })), 'failed');
});

test('answers of other injectors', () => {
  const patched = (allowed: string): string =>
    `{"kind":"AdmissionReview","response":{"uid":"u",${allowed},"patch":"W10=","patchType":"JSONPatch"}}`;
  assert.equal(classify(200, patched('"allowed":true')), 'patched');
  assert.equal(classify(200, patched('"allowed": true')), 'patched');
  assert.equal(
    classify(200, '{"response":{"uid":"u","allowed":false,"status":{"metadata":{},"message":"no"}}}'),
    'denied',
  );
  assert.equal(classify(429, 'slow down'), 'refused');
});

test('what is no answer', () => {
  assert.equal(classify(0, ''), 'failed');
  assert.equal(classify(500, 'oops'), 'failed');
  assert.equal(classify(200, ''), 'failed');
  assert.equal(classify(200, '<html>'), 'failed');
});
