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
