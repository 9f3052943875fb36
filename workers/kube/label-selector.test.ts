import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileLabelSelector } from './label-selector.ts';

function matches(selector: unknown, labels: Record<string, string>): boolean {
  const compiled = compileLabelSelector(selector);
  assert.ok(compiled.ok, compiled.ok ? '' : compiled.error.message);
  return compiled.matches(labels);
}

function refused(selector: unknown): { code: string; path: string } {
  const compiled = compileLabelSelector(selector);
  assert.ok(!compiled.ok, JSON.stringify(selector));
  return { code: compiled.error.code, path: compiled.error.path.join('.') };
}

function expression(key: string, operator: string, values?: unknown): unknown {
  return { matchExpressions: [{ key, operator, ...(values === undefined ? {} : { values }) }] };
}

test('no selector matches nothing, an empty one everything', () => {
  for (const selector of [null, undefined]) {
    const compiled = compileLabelSelector(selector);
    assert.ok(compiled.ok && !compiled.empty && !compiled.matches({}) && !compiled.matches({ a: '1' }));
  }
  for (const selector of [
    {},
    { matchLabels: {} },
    { matchExpressions: [] },
    { matchLabels: null, matchExpressions: null },
  ]) {
    const compiled = compileLabelSelector(selector);
    assert.ok(compiled.ok && compiled.empty && compiled.matches({}) && compiled.matches({ a: '1' }));
  }
});

test('all requirements have to hold', () => {
  const selector = { matchLabels: { a: '1', 'x.io/b': '' }, matchExpressions: [{ key: 'c', operator: 'Exists' }] };
  assert.ok(matches(selector, { a: '1', 'x.io/b': '', c: '' }));
  for (const labels of [{}, { a: '1', 'x.io/b': '' }, { a: '2', 'x.io/b': '', c: '' }, { a: '1', c: '' }]) {
    assert.ok(!matches(selector, labels), JSON.stringify(labels));
  }
});

test('operators', () => {
  assert.ok(matches(expression('a', 'In', ['1', '2']), { a: '2' }));
  assert.ok(!matches(expression('a', 'In', ['1']), {}));
  assert.ok(matches(expression('a', 'NotIn', ['1']), {}));
  assert.ok(!matches(expression('a', 'NotIn', ['1', '1']), { a: '1' }));
  assert.ok(matches(expression('a', 'Exists'), { a: '' }));
  assert.ok(matches(expression('a', 'DoesNotExist', []), { b: '' }));
  assert.ok(!matches(expression('a', 'DoesNotExist'), { a: '' }));
});

test('labels named as members of every object are labels only where they are set', () => {
  for (const key of ['constructor', 'toString', '__proto__']) {
    const labels = JSON.parse(`{"${key}": "1"}`) as Record<string, string>;
    if (key === '__proto__') {
      // Such a key is refused: a label's name begins with a letter or digit.
      assert.equal(refused(expression(key, 'Exists')).code, 'SELECTOR_KEY');
      continue;
    }
    assert.ok(!matches(expression(key, 'Exists'), {}));
    assert.ok(matches(expression(key, 'Exists'), labels));
    assert.ok(matches({ matchLabels: { [key]: '1' } }, labels));
  }
});

test('keys and values have to be valid', () => {
  for (const key of [
    '',
    '-a',
    'a-',
    'a b',
    'a/b/c',
    '/a',
    'x/',
    'A.io/b',
    'a..b/c',
    'é',
    'a'.repeat(64),
    `${'a'.repeat(254)}/b`,
  ]) {
    assert.equal(refused(expression(key, 'Exists')).code, 'SELECTOR_KEY', key);
    assert.equal(refused({ matchLabels: { [key]: '' } }).code, 'SELECTOR_KEY', key);
  }
  for (const key of ['a', 'A_b.c-1', 'x.io/a', 'a'.repeat(63), `${'a'.repeat(253)}/b`])
    assert.ok(compileLabelSelector(expression(key, 'Exists')).ok, key);
  for (const value of ['-', 'a b', 'a-', 'a\n', 'é', 'a'.repeat(64)]) {
    assert.equal(refused({ matchLabels: { a: value } }).code, 'SELECTOR_VALUES', value);
    assert.equal(refused(expression('a', 'In', [value])).code, 'SELECTOR_VALUES', value);
  }
});

test('operators tell whether they take values', () => {
  for (const [operator, values] of [
    ['In', []],
    ['NotIn', undefined],
    ['Exists', ['1']],
    ['DoesNotExist', ['']],
  ] as const) {
    assert.deepEqual(refused(expression('a', operator, values)), {
      code: 'SELECTOR_VALUES',
      path: 'matchExpressions.0.values',
    });
  }
  for (const operator of ['in', '', 'Gt', '=', 'toString']) {
    assert.deepEqual(refused(expression('a', operator, ['1'])), {
      code: 'SELECTOR_OPERATOR',
      path: 'matchExpressions.0.operator',
    });
  }
});

test('other shapes are refused with their place', () => {
  for (const [selector, path] of [
    [[], ''],
    ['a', ''],
    [{ matchLabels: [] }, 'matchLabels'],
    [{ matchLabels: { a: 1 } }, 'matchLabels.a'],
    [{ matchExpressions: {} }, 'matchExpressions'],
    [{ matchExpressions: ['a'] }, 'matchExpressions.0'],
    [{ matchExpressions: [{ key: 1 }] }, 'matchExpressions.0.key'],
    [expression('a', 'In', '1'), 'matchExpressions.0.values'],
    [expression('a', 'In', ['1', 2]), 'matchExpressions.0.values.1'],
  ] as const) {
    assert.deepEqual(refused(selector), { code: 'SELECTOR_SHAPE', path });
  }
});
