import assert from 'node:assert/strict';
import { test } from 'node:test';
import { positionOf } from './positions.ts';

const TEXT = `# a comment
kind: Mesh
spec:
  tags: &tags {prod: 1-24}
  list:
    - x: 1
      y: {z: 2}
    - q
  on: b
  copy: *tags
`;

test('members are found at their key, items at their start', () => {
  for (const [path, line, column] of [
    [['kind'], 2, 1],
    [['spec', 'tags', 'prod'], 4, 16],
    [['spec', 'list', 0, 'y', 'z'], 7, 11],
    [['spec', 'list', 1], 8, 7],
    [['spec', 'true'], 9, 3],
    [['spec', 'copy', 'prod'], 4, 16],
  ] as const) {
    assert.deepEqual(positionOf(TEXT, path), { line, column }, path.join('.'));
  }
});

test('a path that leads nowhere gets the nearest place', () => {
  assert.deepEqual(positionOf(TEXT, ['spec', 'list', 5, 'x']), { line: 5, column: 3 });
  assert.deepEqual(positionOf(TEXT, ['nothing']), { line: 2, column: 1 });
  assert.deepEqual(positionOf('', ['a']), { line: 1, column: 1 });
});

test('the last of equal keys is the one that counts', () => {
  assert.deepEqual(positionOf('a: 1\nb: 2\na: 3\n', ['a']), { line: 3, column: 1 });
});

test('lines are those of the file the document is part of', () => {
  assert.deepEqual(positionOf('a: 1\nb: 2\n', ['b'], 10), { line: 11, column: 1 });
});

test('texts that are no YAML have places too', () => {
  for (const text of ['a: [', '\t@', '{{ x }}', '*a', '\u0000']) assert.ok(positionOf(text, ['a', 0]).line >= 1);
});
