import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type DecodedReview, decodeReview as decodeBytes } from './decode.ts';

function decodeReview(text: string): DecodedReview {
  return decodeBytes(Buffer.from(text));
}

const review = {
  kind: 'AdmissionReview',
  apiVersion: 'admission.k8s.io/v1',
  request: {
    uid: 'u-1',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    namespace: 'shop',
    operation: 'CREATE',
    object: { metadata: { uid: 'not this', namespace: 'nor this' }, spec: { note: 'a "quoted\\" } brace' } },
    oldObject: null,
  },
};

function header(text: string): { uid: string; namespace: string; apiVersion: string; object: string } {
  const decoded = decodeReview(text);
  assert.ok(decoded.ok);
  const { uid, namespace, apiVersion } = decoded.header;
  return { uid, namespace, apiVersion, object: decoded.header.object().toString() };
}

function code(text: string): string {
  const decoded = decodeReview(text);
  assert.ok(!decoded.ok);
  return decoded.problem.code;
}

test('reads uid, namespace and the object of a review, compact or spaced', () => {
  for (const indent of [0, 2, '\t']) {
    const read = header(JSON.stringify(review, null, indent));
    assert.deepEqual(
      { ...read, object: JSON.parse(read.object) },
      { uid: 'u-1', namespace: 'shop', apiVersion: 'admission.k8s.io/v1', object: review.request.object },
    );
  }
});

test('reads escapes, any order of members, and the last of duplicates, as JSON.parse does', () => {
  assert.equal(header(JSON.stringify({ ...review, request: { uid: 'a"b\n' } })).uid, 'a"b\n');
  assert.equal(
    header('{"request":{"\\u0075id":"x"},"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview"}').uid,
    'x',
  );
  const twice = '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"a","uid":"b"}}';
  assert.equal(header(twice).uid, 'b');
  const requests =
    '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"a"},"request":{"uid":"c"}}';
  assert.equal(header(requests).uid, 'c');
});

test('tells what is wrong with a body', () => {
  const top = '"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"';
  assert.equal(code('{'), 'REVIEW_MALFORMED');
  assert.equal(code('\u0000x'), 'REVIEW_MALFORMED');
  assert.equal(code(`{${top},"request":{"uid":"a"}} x`), 'REVIEW_MALFORMED');
  assert.equal(code(`\uFEFF{${top},"request":{"uid":"a"}}`), 'REVIEW_MALFORMED');
  assert.equal(code('null'), 'REVIEW_UNSUPPORTED');
  assert.equal(code('[]'), 'REVIEW_UNSUPPORTED');
  assert.equal(code('{}'), 'REVIEW_UNSUPPORTED');
  assert.equal(
    code('{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v2","request":{"uid":"a"}}'),
    'REVIEW_UNSUPPORTED',
  );
  assert.equal(code('{"kind":"Pod","apiVersion":"v1"}'), 'REVIEW_UNSUPPORTED');
  assert.equal(code(`{${top}}`), 'REQUEST_MISSING');
  assert.equal(code(`{${top},"request":null}`), 'REQUEST_MISSING');
  assert.equal(code(`{${top},"request":[]}`), 'REQUEST_MISSING');
  assert.equal(code(`{${top},"request":{}}`), 'UID_MISSING');
  assert.equal(code(`{${top},"request":{"uid":7}}`), 'UID_MISSING');
  assert.equal(code(`{${top},"request":{"uid":"a","namespace":5}}`), 'REVIEW_MALFORMED');
});

test('a problem keeps the uid and the version that were asked', () => {
  const decoded = decodeReview(
    '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1","request":{"uid":"a","namespace":5}}',
  );
  assert.deepEqual(decoded, {
    ok: false,
    problem: { code: 'REVIEW_MALFORMED', uid: 'a', apiVersion: 'admission.k8s.io/v1beta1' },
  });
});

test('names of the prototype chain are no members', () => {
  assert.equal(
    code('{"__proto__":{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"a"}}}'),
    'REVIEW_UNSUPPORTED',
  );
});

/** What JSON.parse makes of the header's members. */
function byParsing(text: string): unknown {
  const value = JSON.parse(text) as { request: { uid: string; namespace?: string | null; object?: unknown } };
  return {
    uid: value.request.uid,
    namespace: value.request.namespace ?? '',
    object: value.request.object === undefined ? '' : value.request.object,
  };
}

test('agrees with JSON.parse on generated reviews, in any order, spacing and escaping', () => {
  const names = fc.constantFrom('uid', 'namespace', 'object', 'kind', 'oldObject', 'u"id', 'uid\\', '__proto__', '');
  const noise = fc.array(fc.tuple(names, fc.jsonValue()), { maxLength: 6 });
  fc.assert(
    fc.property(
      noise,
      fc.string({ minLength: 1, unit: 'binary' }),
      fc.option(fc.string({ unit: 'binary' }), { nil: undefined }),
      fc.jsonValue({ maxDepth: 4 }),
      fc.constantFrom(0, 1, '\t', ' \n'),
      fc.nat(),
      (extra, uid, namespace, object, indent, seed) => {
        const wanted: [string, unknown][] = [
          ['uid', uid],
          ['object', object],
          ...extra.filter(([name]) => name !== 'namespace'),
        ];
        if (namespace !== undefined) wanted.push(['namespace', namespace]);
        const members = wanted
          .map(([name, value], i) => ({
            text: `${JSON.stringify(name)} :${JSON.stringify(value, null, indent)}`,
            key: (i * 7 + seed) % 11,
          }))
          .sort((a, b) => a.key - b.key)
          .map(({ text }) => text);
        const text = `{"x":[{"request":"}"}],"kind":"AdmissionReview","request":{${members.join(',')}},"apiVersion":"admission.k8s.io/v1"}`;
        const decoded = decodeReview(text);
        if (!decoded.ok) {
          // Only a noise member that is not a string, standing last, can have taken the uid's place.
          const { uid: last } = (JSON.parse(text) as { request: { uid: unknown } }).request;
          assert.ok(typeof last !== 'string' || last === '');
          return;
        }
        const read = decoded.header.object().toString();
        assert.deepEqual(
          { uid: decoded.header.uid, namespace: decoded.header.namespace, object: read === '' ? '' : JSON.parse(read) },
          byParsing(text),
        );
      },
    ),
    { numRuns: 2_000 },
  );
});

test('never throws on damaged reviews, and never makes up a uid', () => {
  const text = JSON.stringify(review);
  fc.assert(
    fc.property(fc.nat(text.length), fc.nat(6), fc.string({ maxLength: 4, unit: 'binary' }), (at, cut, insert) => {
      const damaged = text.slice(0, at) + insert + text.slice(at + cut);
      const decoded = decodeReview(damaged);
      let parsed: unknown;
      try {
        parsed = JSON.parse(damaged);
      } catch {
        return;
      }
      if (decoded.ok) assert.equal((parsed as typeof review).request.uid, decoded.header.uid);
    }),
    { numRuns: 3_000 },
  );
});
