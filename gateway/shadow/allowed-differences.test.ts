import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Change } from '../diff/change.ts';
import { type AllowedDifference, compileAllowed, MAX_ALLOWED, parseAllowed } from './allowed-differences.ts';

function change(path: string, from?: Change['from'], to?: Change['to']): Change {
  return { kind: 'other', action: 'changed', path: path.split('/').slice(1), from, to };
}

const IMAGE = '/spec/containers/istio-proxy/image';
const ENV = '/spec/containers/istio-proxy/env';

describe('an allowed difference', () => {
  const cases: readonly (readonly [name: string, AllowedDifference, Change, boolean])[] = [
    ['of the very place', { path: IMAGE }, change(IMAGE, 'a', 'b'), true],
    ['not of another place', { path: IMAGE }, change('/spec/containers/app/image', 'a', 'b'), false],
    ['not of a place below', { path: ENV }, change(`${ENV}/X`), false],
    ['not of a place above', { path: `${ENV}/X` }, change(ENV), false],
    ['with any container', { path: '/spec/containers/*/image' }, change(IMAGE), true],
    ['with a beginning', { path: `${ENV}/ISTIO_META_*` }, change(`${ENV}/ISTIO_META_X`), true],
    ['not with another beginning', { path: `${ENV}/ISTIO_META_*` }, change(`${ENV}/X_ISTIO_META_`), false],
    ['one segment and no more', { path: '/spec/*' }, change(IMAGE), false],
    ['of all below', { path: '/spec/containers/istio-proxy/**' }, change(`${ENV}/A/value`), true],
    [
      'of the place itself with all below',
      { path: '/spec/containers/istio-proxy/**' },
      change('/spec/containers/istio-proxy'),
      true,
    ],
    ['not of what only begins so', { path: '/spec/containers/istio/**' }, change(IMAGE), false],
    [
      'with an escaped slash',
      { path: '/metadata/labels/istio.io~1rev' },
      { ...change(''), path: ['metadata', 'labels', 'istio.io/rev'] },
      true,
    ],
    ['with a dot that is a dot', { path: '/a.b' }, change('/axb'), false],
    ['with both values', { path: IMAGE, from: '.*:1\\.26', to: '.*:1\\.30' }, change(IMAGE, 'p:1.26', 'p:1.30'), true],
    ['not with another value', { path: IMAGE, to: '.*:1\\.30' }, change(IMAGE, 'p:1.26', 'p:1.31'), false],
    ['by the whole value', { path: IMAGE, to: '1' }, change(IMAGE, 'p', 'p:1'), false],
    ['of what is added', { path: `${ENV}/A`, from: '' }, change(`${ENV}/A`, undefined, '1'), true],
    [
      'not of what was there, where nothing was to be',
      { path: `${ENV}/A`, from: '' },
      change(`${ENV}/A`, '0', '1'),
      false,
    ],
    ['of what is not text', { path: '/spec/x', to: '\\{"a":\\d\\}' }, change('/spec/x', 1, { a: 2 }), true],
  ];
  for (const [name, allowed, found, expected] of cases) {
    it(name, () => assert.equal(compileAllowed([allowed])(found), expected));
  }

  it('of an outcome, which has no place', () => {
    const outcome: Change = {
      kind: 'outcome',
      action: 'changed',
      path: ['injected', 'skipped (HOST_NETWORK)'],
      from: undefined,
      to: undefined,
    };
    assert.equal(compileAllowed([{ path: '/**' }])(outcome), false);
    assert.equal(compileAllowed([{ path: '', to: 'skipped \\(HOST_NETWORK\\)' }])(outcome), true);
    assert.equal(compileAllowed([{ path: '', to: 'denied.*' }])(outcome), false);
    assert.equal(compileAllowed([{ path: '' }])(change(IMAGE)), false);
  });
});

describe('allowed differences of a file', () => {
  it('may be left out', () => assert.deepEqual([parseAllowed(undefined), parseAllowed([])], [[], []]));

  for (const [name, value, message] of [
    ['no list', {}, /are not a list/],
    ['no mapping', ['/a'], /difference 1: it is not a mapping/],
    ['no path', [{ from: 'a' }], /difference 1: path is missing/],
    ['another member', [{ path: '/a' }, { path: '/b', too: 'x' }], /difference 2: there is no member "too"/],
    ['a relative path', [{ path: 'spec' }], /neither empty nor begins with a slash/],
    ['no text', [{ path: '/a', to: 1 }], /to is not a text/],
    ['no expression', [{ path: '/a', to: '(' }], /no regular expression/],
    ['a long one', [{ path: '/a', to: 'x'.repeat(2_000) }], /longer than/],
    ['too many', Array.from({ length: MAX_ALLOWED + 1 }, () => ({ path: '/a' })), /more than 200/],
  ] as const) {
    it(`are not ${name}`, () => assert.throws(() => parseAllowed(value), { name: 'RangeError', message }));
  }

  it('can not be made to take long', () => {
    const allows = compileAllowed([{ path: '/a', to: '(a+)+b' }]);
    assert.equal(allows(change('/a', '', 'a'.repeat(5_000))), false);
  });
});
