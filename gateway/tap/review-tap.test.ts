import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { makeMesh, makeSnapshot, review } from '../../test/integration/gateway/harness.ts';
import { Exchange } from '../admission/exchange.ts';
import { Router } from '../routing/router.ts';
import { ReviewTap, TAP_BYTES_LIMIT } from './review-tap.ts';
import { Sampler } from './sampler.ts';
import type { TapEvent, TapOrder } from './tapped-review.ts';

const router = new Router(makeSnapshot('r1', [makeMesh('shop'), makeMesh('other')]));
const ORDER: TapOrder = { id: 'a', mesh: 'shop', sample: 1, perSecond: 1_000 };

/** What is tapped of answered reviews, once their turn of the event loop is over. */
async function tapped(
  orders: readonly TapOrder[],
  reviews: readonly (readonly [mesh: string, body: string])[],
  busy = false,
): Promise<TapEvent[]> {
  let now = 0;
  const tap = new ReviewTap({ busy: () => busy, now: () => now++ });
  const events: TapEvent[] = [];
  tap.listener = (event) => events.push(event);
  tap.setOrders(orders);
  const owner = { workerAnswered: () => undefined };
  for (const [mesh, body] of reviews) {
    const head = { method: 'POST', url: `/inject/mesh/${mesh}/net/n1`, contentType: undefined, traceparent: undefined };
    const exchange = new Exchange(owner, head, { send: () => undefined }, 0);
    exchange.body = Buffer.from(body);
    exchange.resolution = router.resolve(head.url);
    tap.offer(exchange, { kind: 'patched' }, '{}');
  }
  assert.equal(events.length, 0, 'nothing may happen while the request is handled');
  await new Promise((turn) => setImmediate(turn));
  await new Promise((told) => setTimeout(told, 300));
  tap.close();
  return events;
}

const dropsOf = (events: readonly TapEvent[]) =>
  events.flatMap((event) => (event.kind === 'dropped' ? event.drops : []));
const reviewsOf = (events: readonly TapEvent[]) =>
  events.flatMap((event) => (event.kind === 'review' ? [event.tapped] : []));

describe('the tap', () => {
  it('copies reviews of the mesh, with what is known of them', async () => {
    const events = await tapped(
      [ORDER],
      [
        ['shop', review('1')],
        ['other', review('2')],
      ],
    );
    const [copy, ...others] = reviewsOf(events);
    assert.equal(others.length, 0);
    assert.deepEqual(
      [copy?.orders, copy?.mesh, copy?.revision, copy?.explicit, { ...copy?.params }, copy?.namespace, copy?.answer],
      [['a'], 'shop', 'v1', false, { net: 'n1' }, 'shop', '{}'],
    );
    assert.equal(Buffer.from(copy?.review ?? []).toString(), review('1'));
  });

  it('copies once for all who want it', async () => {
    const all = { ...ORDER, id: 'b', mesh: null };
    const events = await tapped(
      [ORDER, all],
      [
        ['shop', review('1')],
        ['other', review('2')],
      ],
    );
    assert.deepEqual(
      reviewsOf(events).map(({ orders }) => orders.toSorted()),
      [['a', 'b'], ['b']],
    );
  });

  it('copies nothing while reviews wait for a worker, and tells how many', async () => {
    const events = await tapped(
      [ORDER],
      [
        ['shop', review('1')],
        ['shop', review('2')],
      ],
      true,
    );
    assert.deepEqual([reviewsOf(events), dropsOf(events)], [[], [{ order: 'a', reason: 'busy', count: 2 }]]);
  });

  it('copies no more a second than it should', async () => {
    const events = await tapped(
      [{ ...ORDER, perSecond: 3 }],
      Array.from({ length: 10 }, () => ['shop', review('1')] as const),
    );
    assert.deepEqual([reviewsOf(events).length, dropsOf(events)], [3, [{ order: 'a', reason: 'rate', count: 7 }]]);
  });

  it('copies no review that is too large', async () => {
    const events = await tapped([ORDER], [['shop', review('1', { note: 'x'.repeat(TAP_BYTES_LIMIT) })]]);
    assert.deepEqual([reviewsOf(events), dropsOf(events)], [[], [{ order: 'a', reason: 'size', count: 1 }]]);
  });
});

describe('the sampler', () => {
  for (const [part, of, wanted] of [
    [1, 100, 100],
    [0.1, 1_000, 100],
    [1 / 3, 999, 333],
    [0.001, 10_000, 10],
  ] as const) {
    it(`takes ${part} of ${of}`, () => {
      const sampler = new Sampler(part, 1);
      assert.equal(Array.from({ length: of }, () => sampler.next()).filter(Boolean).length, wanted);
    });
  }
});
