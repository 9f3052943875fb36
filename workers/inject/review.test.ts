import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { injectReview } from './inject.ts';
import { NO_CLUSTER, podOf } from './istio/fixture.ts';
import { confirmsPeek, decodeReview, encodeReview, fitWarning } from './review.ts';

const REQUEST = { uid: 'u', kind: { group: '', version: 'v1', kind: 'Pod' }, namespace: 'n', object: { a: 1 } };

function decode(text: string) {
  return decodeReview(text, {}, NO_CLUSTER);
}
function review(request: unknown, version = 'v1'): string {
  return JSON.stringify({ apiVersion: `admission.k8s.io/${version}`, kind: 'AdmissionReview', request });
}

test('a review in either version and in YAML', () => {
  for (const version of ['v1', 'v1beta1']) {
    const decoded = decode(review(REQUEST, version));
    assert.ok(decoded.ok);
    assert.deepEqual(decoded.identity, { version, uid: 'u' });
    assert.deepEqual(decoded.request.object, { a: 1 });
  }
  const yaml = decode('kind: AdmissionReview\napiVersion: admission.k8s.io/v1\nrequest:\n  uid: a\n  object: {b: 2}\n');
  assert.ok(yaml.ok);
  assert.deepEqual(yaml.request.object, { b: 2 });
  assert.deepEqual(yaml.request.namespace, '');
});

test('what can not be read is a coded failure with what could be told', () => {
  const cases: [string, string, string][] = [
    ['', 'REVIEW_EMPTY', ''],
    ['\u0000', 'REVIEW_MALFORMED', ''],
    ['[]', 'REVIEW_MALFORMED', ''],
    ['null', 'REVIEW_MALFORMED', ''],
    ['{"kind":', 'REVIEW_MALFORMED', ''],
    ['{}', 'REVIEW_UNSUPPORTED', ''],
    [review(REQUEST, 'v2'), 'REVIEW_UNSUPPORTED', ''],
    [review(undefined), 'REQUEST_MISSING', ''],
    [review({ ...REQUEST, uid: '' }), 'UID_MISSING', ''],
    [review({ ...REQUEST, uid: 5 }), 'REVIEW_MALFORMED', ''],
    [review({ ...REQUEST, namespace: 5 }), 'REVIEW_MALFORMED', 'u'],
    [review({ ...REQUEST, object: 'x' }), 'REVIEW_MALFORMED', 'u'],
  ];
  for (const [text, code, uid] of cases) {
    const decoded = decode(text);
    assert.ok(!decoded.ok, text);
    assert.equal(decoded.code, code, text);
    assert.equal(decoded.identity.uid, uid, text);
  }
});

test('what was peeked is confirmed only by JSON that says the same in version, uid and namespace', () => {
  const peeked = { apiVersion: 'admission.k8s.io/v1', uid: 'u', namespace: 'n', label: null } as const;
  const text = review(REQUEST);
  assert.equal(confirmsPeek(decode(text), peeked), true);
  const others = [
    text.replace('"uid":"u"', '"uid":"u","uid":"v"'),
    text.replace('"namespace":"n"', '"namespace":"n","namespace":"m"'),
    text.replace('"namespace":"n"', '"namespace":"n","namespace":null'),
    text.replace('"kind":"AdmissionReview"', '"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1"'),
    text.replace('"a":1', 'a: 1'),
    `${text} # a comment in YAML`,
    `${text} x`,
    text.slice(0, -1),
  ];
  for (const other of others) assert.equal(confirmsPeek(decode(other), peeked), false, other);
});

test('a label that was peeked is confirmed only by a pod that has it, or has none where none was found', () => {
  const asks = (value: string) => {
    return { apiVersion: 'admission.k8s.io/v1', uid: 'u', namespace: 'n', label: { name: 'rev', value } } as const;
  };
  const withPod = (text: string) => decode(review(REQUEST).replace('"a":1', text));
  const labelled = '"metadata":{"labels":{"rev":"a"}}';
  assert.equal(confirmsPeek(withPod(labelled), asks('a')), true);
  assert.equal(confirmsPeek(withPod(labelled), asks('')), false);
  assert.equal(confirmsPeek(withPod('"metadata":{"labels":{"rev":"a"},"labels":{"rev":"b"}}'), asks('a')), false);
  assert.equal(confirmsPeek(withPod(`${labelled},"metadata":{}`), asks('a')), false);
  for (const none of ['"a":1', '"metadata":null', '"metadata":{"labels":null}', '"metadata":{"labels":{"rev":1}}']) {
    assert.equal(confirmsPeek(withPod(none), asks('')), true, none);
    assert.equal(confirmsPeek(withPod(none), asks('a')), false, none);
  }
});

test('half characters become U+FFFD, as Go reads them', () => {
  const decoded = decode(review(REQUEST).replace('"a":1', '"\\udc80":"\\ud800x","ok":"\\ud83d\\ude00"'));
  assert.ok(decoded.ok);
  assert.deepEqual(decoded.request.object, { '\ufffd': '\ufffdx', ok: '😀' });
});

test('an answer carries patch and patchType together or not at all', () => {
  const identity = { version: 'v1beta1', uid: 'a"b' } as const;
  const answer = JSON.parse(encodeReview(identity, { allowed: true, patch: [{ op: 'remove', path: '/é' }] }));
  assert.equal(answer.apiVersion, 'admission.k8s.io/v1beta1');
  assert.equal(answer.response.uid, 'a"b');
  assert.equal(answer.response.patchType, 'JSONPatch');
  assert.deepEqual(JSON.parse(Buffer.from(answer.response.patch, 'base64').toString()), [{ op: 'remove', path: '/é' }]);
  const empty = JSON.parse(encodeReview(identity, { allowed: true, patch: [] }));
  assert.deepEqual(empty.response, { uid: 'a"b', allowed: true });
});

test('warnings keep to the contract of 120 characters', () => {
  assert.equal(fitWarning('x'.repeat(120)), 'x'.repeat(120));
  assert.equal([...fitWarning('😀'.repeat(500))].length, 120);
  const { response } = JSON.parse(
    encodeReview({ version: 'v1', uid: 'u' }, { allowed: true, warnings: ['y'.repeat(300)] }),
  );
  assert.equal(response.warnings[0].length, 120);
});

test('a request without an object is denied under its uid, and an unknown revision fails', () => {
  const task = { revision: 'r', review: review({ ...REQUEST, object: null }), params: {}, cluster: NO_CLUSTER };
  const source = { digest: '', mesh: '', name: '', spec: undefined as never };
  const denied = injectReview(task, () => ({
    source,
    release: null,
    warnings: [],
    inject: () => ({ kind: 'patched', patch: [] }),
  }));
  assert.deepEqual(denied.outcome.kind, 'denied');
  assert.equal(JSON.parse(denied.body).response.uid, 'u');
  assert.equal(JSON.parse(denied.body).response.status.code, 400);
  assert.equal(injectReview(task, () => undefined).outcome.kind, 'failed');
});

test('a fault of a provider becomes a failure, not an exception', () => {
  const task = { revision: 'r', review: review({ ...REQUEST, object: podOf() }), params: {}, cluster: NO_CLUSTER };
  const broken = {
    source: { digest: '', mesh: '', name: '', spec: undefined as never },
    release: null,
    warnings: [],
    inject: () => {
      throw new TypeError('fault');
    },
  };
  const { outcome, body } = injectReview(task, () => broken);
  assert.equal(outcome.kind, 'failed');
  assert.equal(JSON.parse(body).response.allowed, false);
});
