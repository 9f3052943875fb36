import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { diffLines, withContext } from './line-diff.ts';

test('tells added and removed lines', () => {
  const lines = diffLines(['a', 'b', 'c'], ['a', 'x', 'c', 'd']);
  assert.deepEqual(
    lines.map(({ kind, text }) => `${kind} ${text}`),
    ['same a', 'added x', 'removed b', 'same c', 'added d'],
  );
});

test('gives both texts back, and the fewest changes for equal texts', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 });
  fc.assert(
    fc.property(text, text, (before, after) => {
      const lines = diffLines(before, after);
      const keep = (without: string): string[] => lines.filter(({ kind }) => kind !== without).map((line) => line.text);
      assert.deepEqual(keep('added'), before);
      assert.deepEqual(keep('removed'), after);
      if (before.join() === after.join()) assert.ok(lines.every(({ kind }) => kind === 'same'));
    }),
  );
});

test('shows changes with what is around them', () => {
  const before = ['1', '2', '3', '4', '5', '6', '7'];
  const after = ['1', '2', '3', '4x', '5', '6', '7'];
  const shown = withContext(diffLines(before, after), 1).map((line) => line?.text ?? '…');
  assert.deepEqual(shown, ['…', '3', '4x', '4', '5', '…']);
});
