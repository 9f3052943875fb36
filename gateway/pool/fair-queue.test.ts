import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { FairQueue, LANE_LIMIT, type Lane, type Waiting } from './fair-queue.ts';

class Item implements Waiting {
  readonly mesh: string;
  readonly n: number;
  readonly bytes: number;
  lane: Lane | null = null;
  constructor(mesh: string, n: number, bytes = 10) {
    this.mesh = mesh;
    this.n = n;
    this.bytes = bytes;
  }
}

const ROOMY = { items: 100_000, bytes: 1e9 };

function fill(queue: FairQueue<Item>, mesh: string, share: number, count: number): void {
  for (let n = 0; n < count; n++) queue.push(mesh, share, new Item(mesh, n));
}

/** How many of the next items are each mesh's. */
function takeCounts(queue: FairQueue<Item>, count: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < count; i++) {
    const { mesh = 'none' } = queue.take() ?? {};
    counts[mesh] = (counts[mesh] ?? 0) + 1;
  }
  return counts;
}

describe('the fair queue', () => {
  test('divides turns by shares while several meshes have work', () => {
    const queue = new FairQueue<Item>(ROOMY);
    fill(queue, 'flood', 1, 5_000);
    fill(queue, 'half', 2, 500);
    fill(queue, 'small', 1, 500);
    assert.deepEqual(takeCounts(queue, 400), { flood: 100, half: 200, small: 100 });
  });

  test('divides time, not turns: a mesh whose reviews cost four times as much has a quarter of the turns', () => {
    const queue = new FairQueue<Item>(ROOMY);
    fill(queue, 'heavy', 1, 1);
    fill(queue, 'light', 1, 1);
    for (let i = 0; i < 500; i++) {
      queue.learn('heavy', 4);
      queue.learn('light', 1);
    }
    fill(queue, 'heavy', 1, 1_000);
    fill(queue, 'light', 1, 1_000);
    const { heavy = 0, light = 0 } = takeCounts(queue, 500);
    assert.ok(Math.abs(light / heavy - 4) < 0.1, `${heavy} and ${light}`);
  });

  test('a mesh that comes late is next in turn, without a claim to the time that it did not use', () => {
    const queue = new FairQueue<Item>(ROOMY);
    fill(queue, 'flood', 1, 10_000);
    takeCounts(queue, 5_000);
    fill(queue, 'late', 1, 100);
    assert.equal(queue.workAhead('late', 1) > 0, true);
    const { late = 0 } = takeCounts(queue, 100);
    assert.ok(late >= 49 && late <= 51, `${late}`);
  });

  test('one mesh alone fills half of the room, and whoever comes then still finds some', () => {
    const queue = new FairQueue<Item>({ items: 1_000, bytes: 1e9 });
    const counts = new Map<string, number>();
    for (const mesh of ['a', 'b', 'c', 'd']) {
      let n = 0;
      for (; queue.hasRoom(mesh); n++) queue.push(mesh, 1, new Item(mesh, n));
      counts.set(mesh, n);
    }
    assert.deepEqual(Object.fromEntries(counts), { a: 500, b: 250, c: 125, d: 63 });
  });

  test('counts bytes as well', () => {
    const queue = new FairQueue<Item>({ items: 1_000, bytes: 1_000 });
    let n = 0;
    for (; queue.hasRoom('big'); n++) queue.push('big', 1, new Item('big', n, 100));
    assert.equal(n, 5);
    assert.ok(queue.hasRoom('other'));
  });

  test('has a bounded number of lanes; meshes beyond it share one, and lanes that run empty make room', () => {
    const queue = new FairQueue<Item>(ROOMY);
    for (let i = 0; i < LANE_LIMIT + 50; i++) fill(queue, `mesh-${i}`, 1, 2);
    assert.equal(queue.meshes().length, LANE_LIMIT + 1);
    assert.equal(queue.lengthOf(`mesh-${LANE_LIMIT + 7}`), 100);
    for (let i = 0; i < 2 * (LANE_LIMIT + 50); i++) assert.ok(queue.take() !== null);
    assert.equal(queue.take(), null);
    fill(queue, 'new', 1, 1);
    assert.ok(queue.meshes().some(({ mesh }) => mesh === 'new'));
  });

  test('the work ahead of a mesh is its own by its share, and never more than all there is', () => {
    const queue = new FairQueue<Item>(ROOMY);
    assert.equal(queue.workAhead('a', 1), 0);
    fill(queue, 'a', 1, 100);
    const alone = queue.workAhead('a', 1);
    assert.ok(Math.abs(alone - 100 * queue.costOf('a')) < 1e-9);
    fill(queue, 'b', 3, 10);
    assert.equal(queue.workAhead('c', 1), 0);
    assert.ok(Math.abs(queue.workAhead('b', 3) - (10 * queue.costOf('b') * 4) / 3) < 1e-9);
    assert.ok(Math.abs(queue.workAhead('a', 1) - 110 * queue.costOf('a')) < 1e-9);
  });

  test('by any way of pushing, taking, putting back and leaving, nothing is lost, doubled or out of order', () => {
    const step = fc.record({
      what: fc.constantFrom('push', 'push', 'push', 'take', 'leave', 'back'),
      mesh: fc.constantFrom('a', 'b', 'c', ''),
      pick: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const queue = new FairQueue<Item>(ROOMY);
        const waiting = new Map<string, Item[]>();
        const lane = (mesh: string): Item[] => {
          const items = waiting.get(mesh) ?? [];
          waiting.set(mesh, items);
          return items;
        };
        let last: Item | null = null;
        steps.forEach(({ what, mesh, pick }, n) => {
          if (what === 'push') {
            const item = new Item(mesh, n, (pick % 50) + 1);
            queue.push(mesh, 1, item);
            lane(mesh).push(item);
          } else if (what === 'take') {
            last = queue.take();
            if (last === null) assert.equal([...waiting.values()].flat().length, 0);
            else assert.equal(lane(last.mesh).shift(), last);
          } else if (what === 'back' && last !== null) {
            queue.pushBack(last.mesh, 1, last);
            lane(last.mesh).unshift(last);
            last = null;
          } else if (what === 'leave') {
            const items = lane(mesh);
            const [gone] = items.splice(items.length === 0 ? 0 : pick % items.length, 1);
            if (gone !== undefined) queue.leave(gone);
          }
          assert.equal(queue.length, [...waiting.values()].flat().length);
          assert.equal(queue.lengthOf(mesh), lane(mesh).length);
        });
        for (;;) {
          const item = queue.take();
          if (item === null) break;
          assert.equal(lane(item.mesh).shift(), item);
        }
        assert.equal([...waiting.values()].flat().length, 0);
        assert.ok(queue.hasRoom('a'));
      }),
      { numRuns: 300 },
    );
  });

  test('whatever the shares, no mesh with work gets less than its share less one turn', () => {
    const meshes = fc.array(
      fc.record({ share: fc.integer({ min: 1, max: 20 }), backlog: fc.integer({ min: 1, max: 60 }) }),
      {
        minLength: 2,
        maxLength: 8,
      },
    );
    fc.assert(
      fc.property(meshes, (all) => {
        const queue = new FairQueue<Item>(ROOMY);
        for (const [i, { share, backlog }] of all.entries()) fill(queue, `m${i}`, share, backlog);
        const shares = all.reduce((sum, { share }) => sum + share, 0);
        const taken = all.map(() => 0);
        // While all have work.
        for (let turn = 1; all.every(({ backlog }, i) => (taken[i] ?? 0) < backlog); turn++) {
          const item = queue.take();
          const i = Number(item?.mesh.slice(1));
          taken[i] = (taken[i] ?? 0) + 1;
          all.forEach(({ share }, j) => {
            const due = (turn * share) / shares;
            assert.ok((taken[j] ?? 0) >= due - share - 1, `m${j} has ${taken[j]} of ${due} after ${turn}`);
            // Nobody gets ahead of the slowest by more than one turn of virtual time.
            assert.ok(
              (taken[j] ?? 0) / share <= Math.min(...all.map((m, k) => ((taken[k] ?? 0) + 1) / m.share)) + 1 / share,
            );
          });
        }
      }),
      { numRuns: 200 },
    );
  });
});
