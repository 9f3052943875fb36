import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { goStableSort } from './go-stable-sort.ts';
import { strategicMergePatch } from './strategic-merge.ts';

test('with a consistent order it is a stable sort', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(9), fc.nat()), { maxLength: 200 }), (list) => {
      const sorted = goStableSort([...list], (a, b) => a[0] < b[0]);
      assert.deepEqual(
        sorted,
        list.toSorted((a, b) => a[0] - b[0]),
      );
    }),
    { interruptAfterTimeLimit: 3_000, numRuns: 1_000 },
  );
});

test('elements without a rank stand where the algorithm leaves them, as apimachinery v0.35.4 answered', () => {
  const named = (names: readonly string[]): { name: string }[] => names.map((name) => ({ name }));
  const own = Array.from({ length: 26 }, (_, i) => `o${i}`);
  const patch = Array.from({ length: 52 }, (_, i) => (i % 2 === 1 ? `o${(i * 7) % 26}` : `p${i}`));
  const merged = strategicMergePatch(
    { spec: { containers: named(own) } },
    { spec: { containers: named(patch), '$setElementOrder/containers': [] } },
  );
  const order =
    'p50 p48 p46 p44 p42 p40 p38 p36 p34 p32 p30 p28 p26 p24 p22 p20 p18 p16 o1 o3 o5 p14 p12 p10 p6 p4 p2 o0 o2 o4 o6 o7 o8 ' +
    'o9 o10 o11 o12 o13 o14 o15 o16 o17 o18 o19 o20 o21 o22 o23 o24 o25 p8 p0';
  assert.deepEqual(merged, { spec: { containers: named(order.split(' ')) } });
});
