import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Arrival, ArrivalList } from './arrival-list.ts';

class Item implements Arrival<Item> {
  older: Item | null = null;
  newer: Item | null = null;
}

function contents(list: ArrivalList<Item>): Item[] {
  const items: Item[] = [];
  for (let item = list.oldest; item !== null; item = item.newer) items.push(item);
  return items;
}

test('what is in a list stands in the order of arrival, whatever leaves in between', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 40 }), { maxLength: 60 }), (steps) => {
      const list = new ArrivalList<Item>();
      let expected: Item[] = [];
      for (const step of steps) {
        // A step names an item that leaves, where there is one at that place; otherwise one arrives.
        const leaving = expected[step];
        if (leaving === undefined) {
          const item = new Item();
          list.add(item);
          expected.push(item);
        } else {
          list.delete(leaving);
          expected = expected.filter((item) => item !== leaving);
          assert.deepEqual([leaving.older, leaving.newer], [null, null]);
        }
        assert.deepEqual(contents(list), expected);
      }
    }),
  );
});

test('what is in no list can leave it, and what has left can come again', () => {
  const list = new ArrivalList<Item>();
  const [first, second] = [new Item(), new Item()];
  list.delete(first);
  list.add(first);
  list.add(second);
  list.delete(first);
  list.delete(first);
  list.add(first);
  assert.deepEqual(contents(list), [second, first]);
});
