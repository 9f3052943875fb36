import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonValue } from '../template/value.ts';
import { encodePatch } from './encode-patch.ts';
import { jsonText, markListRun, markMemberRun, markShared } from './json-text.ts';
import type { Operation } from './operation.ts';

const json = fc.jsonValue({ stringUnit: 'binary', maxDepth: 5 }) as fc.Arbitrary<JsonValue>;

/** Marks some of the values within, as a plan does with what is constant. */
function markSome(value: JsonValue, choose: () => boolean): void {
  if (typeof value !== 'object' || value === null) return;
  if (choose()) markShared(value);
  for (const part of Object.values(value)) markSome(part, choose);
}

test('the text is the one of JSON.stringify, whatever is shared', () => {
  fc.assert(
    fc.property(json, fc.infiniteStream(fc.boolean()), (value, stream) => {
      markSome(value, () => stream.next().value === true);
      assert.equal(jsonText(value), JSON.stringify(value));
      assert.equal(jsonText([value, value]), JSON.stringify([value, value]));
    }),
  );
});

/** Marks runs of elements and of members, as a plan does. */
function markRuns(value: JsonValue, choose: () => boolean): void {
  if (typeof value !== 'object' || value === null) return;
  const parts = Object.entries(value);
  const [from, to] = [choose() ? 0 : 1, choose() ? parts.length : parts.length - 1];
  if (choose()) markShared(parts[from]?.[1] ?? null);
  if (Array.isArray(value)) markListRun(value.slice(from, to));
  else markMemberRun(parts.slice(from, to));
  for (const [, part] of parts) markRuns(part, choose);
}

test('the text is the one of JSON.stringify where runs are whole, broken, moved or longer', () => {
  fc.assert(
    fc.property(json, fc.infiniteStream(fc.boolean()), (value, stream) => {
      const choose = () => stream.next().value === true;
      markRuns(value, choose);
      const lists: JsonValue[] = [value];
      if (Array.isArray(value)) {
        lists.push(value.slice(0, -1), value.slice(1), [...value, ...value], value.toReversed(), [
          1,
          ...value.slice(1),
        ]);
      } else if (typeof value === 'object' && value !== null) {
        const [first, ...others] = Object.entries(value);
        lists.push(Object.fromEntries(others), { ...value, more: value }, { more: [value], ...value });
        if (first !== undefined) lists.push(Object.fromEntries([...others, first]), { ...value, [first[0]]: 1 });
      }
      for (const each of lists) assert.equal(jsonText(each), JSON.stringify(each));
    }),
    { numRuns: 1_000 },
  );
});

test('what has to be escaped is escaped, in keys and in values', () => {
  const value = { 'a"b': 'c\\d', '\n': '\u0001\u2028', '': ['\ud800', '\u{1f600}', '</script>'], __proto__x: -0 };
  assert.equal(jsonText(value), JSON.stringify(value));
});

test('long lists and deep nesting are written like anything else', () => {
  let deep: JsonValue = 'end';
  for (let depth = 0; depth < 100; depth++) deep = [deep, { depth }];
  const long = Array.from({ length: 1_000 }, (_, index) => ({ name: `V${index}` }));
  assert.equal(jsonText({ deep, long }), JSON.stringify({ deep, long }));
});

test('a patch is encoded as JSON.stringify would encode it', () => {
  const value = json;
  const path = fc.string({ unit: 'binary' });
  const operation = fc.oneof(
    fc.record({ op: fc.constantFrom('add' as const, 'replace' as const, 'test' as const), path, value }),
    fc.record({ op: fc.constant('remove' as const), path }),
    fc.record({ op: fc.constantFrom('move' as const, 'copy' as const), from: path, path }),
  );
  fc.assert(
    fc.property(fc.array(operation), (patch) => {
      assert.equal(encodePatch(patch as Operation[]), JSON.stringify(patch));
    }),
  );
});

test('shared values that are added in one place are encoded like any others, in whatever order they come', () => {
  const shared: JsonValue[] = Array.from({ length: 4 }, (_, index) => ({ name: `v${index}`, list: [index, null] }));
  for (const value of shared) markShared(value);
  const operation = fc.record({
    op: fc.constantFrom('add' as const, 'add' as const, 'add' as const, 'replace' as const),
    path: fc.constantFrom('/spec/volumes/0', '/spec/volumes/0', '/spec/volumes/1'),
    value: fc.constantFrom(...shared, 'text', { name: 'not shared' }),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 8 }), (patch) => {
      assert.equal(encodePatch(patch), JSON.stringify(patch));
    }),
    { numRuns: 5_000 },
  );
});
