import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { review } from '../../test/integration/gateway/harness.ts';
import { decodeReview } from './decode.ts';
import { type PeekedHeader, peekReview } from './peek.ts';

function membersOf(peeked: PeekedHeader | null): object | null {
  if (peeked === null) return null;
  const { apiVersion, uid, namespace } = peeked;
  return { apiVersion, uid, namespace };
}

describe('a peek at a review', () => {
  test('tells whom to answer and about which namespace, without reading the object', () => {
    const text = review('u-1', { namespace: 'shop', apiVersion: 'admission.k8s.io/v1beta1' });
    const cut = text.slice(0, text.indexOf('"object"') + 20);
    const expected = { apiVersion: 'admission.k8s.io/v1beta1', uid: 'u-1', namespace: 'shop' };
    assert.deepEqual(membersOf(peekReview(Buffer.from(text))), expected);
    assert.deepEqual(membersOf(peekReview(Buffer.from(cut))), expected);
  });

  test('finds nothing where the object comes first, or the review is none', () => {
    const odd = [
      '',
      '[]',
      '{"kind":"Pod","apiVersion":"v1"}',
      '{"request":{"uid":"u","namespace":"n"},"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}',
      '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"object":{},"uid":"u","namespace":"n"}}',
      '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"","namespace":"n"}}',
      '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u\\n","namespace":"n"}}',
      '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v2","request":{"uid":"u","namespace":"n"}}',
    ];
    for (const text of odd) assert.equal(peekReview(Buffer.from(text)), null, text);
  });

  test('reads a label of the object, and no further', () => {
    const text = review('u', { namespace: 'shop', labels: { app: 'web', 'istio.io/rev': 'canary', tier: 'back' } });
    const cut = text.slice(0, text.indexOf('canary') + 'canary"'.length);
    const peeked = peekReview(Buffer.from(cut));
    assert.equal(peeked?.podLabel(Buffer.from('istio.io/rev')), 'canary');
    assert.deepEqual(peeked?.label, { name: 'istio.io/rev', value: 'canary' });
    const without = peekReview(Buffer.from(review('u', { namespace: 'shop' })));
    assert.equal(without?.podLabel(Buffer.from('istio.io/rev')), undefined);
    assert.deepEqual(without?.label, { name: 'istio.io/rev', value: '' });
  });

  test('tells of labels what decoding does', () => {
    const value = fc.oneof(fc.constantFrom('a', '', 'x"y', '\n', null, 5), fc.string({ maxLength: 3 }));
    const labels = fc.oneof(
      fc.constantFrom(null, 'none', []),
      fc.record({ rev: value, app: value }, { requiredKeys: [] }),
    );
    const metadata = fc.oneof(
      fc.constant(null),
      fc.record({ name: value, labels, annotations: labels }, { requiredKeys: [] }),
    );
    const pod = fc.oneof(
      fc.constant(null),
      fc.record({ kind: value, metadata, spec: fc.object({ maxDepth: 1 }) }, { requiredKeys: [] }),
    );
    fc.assert(
      fc.property(pod, (object) => {
        const request = { uid: 'u', namespace: 'n', object };
        const text = JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request });
        const decoded = decodeReview(Buffer.from(text));
        assert.ok(decoded.ok);
        const name = Buffer.from('rev');
        assert.equal(peekReview(Buffer.from(text))?.podLabel(name), decoded.header.podLabel(name));
      }),
      { numRuns: 1_000 },
    );
  });

  test('never tells anything else than decoding does', () => {
    const name = fc.string({ maxLength: 8 });
    const members = fc.record({
      uid: name,
      namespace: name,
      name,
      kind: fc.object({ maxDepth: 1 }),
      object: fc.object(),
    });
    const text = fc
      .tuple(members, fc.shuffledSubarray(['uid', 'namespace', 'name', 'kind', 'object']), fc.constantFrom(0, 2))
      .map(([all, order, indent]) => {
        const request = Object.fromEntries(order.map((key) => [key, all[key as keyof typeof all]]));
        return JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request }, null, indent);
      });
    fc.assert(
      fc.property(text, (json) => {
        const peeked = peekReview(Buffer.from(json));
        if (peeked === null) return;
        const decoded = decodeReview(Buffer.from(json));
        assert.ok(decoded.ok);
        const { apiVersion, uid, namespace } = decoded.header;
        assert.deepEqual(membersOf(peeked), { apiVersion, uid, namespace });
        assert.deepEqual(peeked.object(), decoded.header.object());
      }),
      { numRuns: 1_000 },
    );
  });
});
