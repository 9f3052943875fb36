import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { IstioRevisionSpec } from '../../protocol.ts';
import { CompileError } from '../provider.ts';
import { compileIstioRevision } from './injector.ts';
import { istioReleases, NEWEST_RELEASE, readIstioRelease, tellIstioRelease } from './releases.ts';

describe('names of releases', () => {
  const cases: readonly (readonly [text: string, name: string, known: boolean])[] = [
    ['1.24.6', '1.24.6', true],
    ['1.24.0', '1.24.0', true],
    ['1.24', '1.24.6', true],
    ['v1.28.3', '1.28.3', true],
    ['1.24.6-distroless', '1.24.6', true],
    ['1.22.5-asm.3', '1.22.5', true],
    ['1.30-alpha.8bb2', '1.30.3', true],
    [' 1.20.1 ', '1.20.1', true],
    ['1.31.0-rc.0', '1.31.0', true],
    ['1.24.99', '1.24.6', false],
    ['1.31.4', '1.31.0', false],
    ['1.40.0', '1.31.0', false],
    ['1.19.10', '1.20.0', false],
  ];
  for (const [text, name, known] of cases) {
    test(`${text} is ${name}${known ? '' : ', with a remark'}`, () => {
      const read = readIstioRelease(text);
      assert.equal(read?.name, name);
      assert.equal(read?.remark === null, known, read?.remark ?? '');
    });
  }
  for (const text of ['', 'latest', 'master', '2.1.0', '1', '1.x', '01.24.6', '1.24.6.', 'sha256:0', '1.24/6']) {
    test(`${JSON.stringify(text)} names none`, () => {
      assert.equal(readIstioRelease(text), undefined);
    });
  }
});

test('all releases are known, in order', () => {
  const all = istioReleases();
  assert.equal(all[0], '1.20.0');
  assert.equal(all.at(-1), NEWEST_RELEASE.name);
  assert.equal(new Set(all).size, all.length);
  for (const release of all) assert.equal(readIstioRelease(release)?.name, release);
});

describe('the release of a revision', () => {
  const telling: readonly (readonly [what: string, values: object, name: string])[] = [
    ["istiod's own tag", { pilot: { tag: '1.26.2' }, global: { tag: '1.25.0' } }, '1.26.2'],
    ['the tag of all images', { pilot: {}, global: { tag: '1.25.0-distroless' } }, '1.25.0'],
    ['a tag that is a number', { global: { tag: 1.24 } }, '1.24.6'],
    [
      "the proxy's image",
      { global: { tag: 'internal', proxy: { image: 'example.com:5000/proxyv2:1.23.4@sha256:00' } } },
      '1.23.4',
    ],
  ];
  for (const [what, values, name] of telling) {
    test(`is told by ${what}`, () => {
      const told = tellIstioRelease(undefined, values as never);
      assert.equal(told?.release.name, name);
      assert.equal(told.release.told, 'values');
      assert.deepEqual(told.warnings, []);
    });
  }

  test('is the newest where nothing tells it, with a warning', () => {
    for (const values of [null, {}, { global: { tag: 'latest', proxy: { image: 'proxyv2' } } }]) {
      const told = tellIstioRelease(undefined, values);
      assert.equal(told?.release, NEWEST_RELEASE);
      assert.deepEqual(
        told.warnings.map(({ code, severity, field }) => [code, severity, field]),
        [['RELEASE_UNKNOWN', 'warning', 'values']],
      );
    }
  });

  test('is what the revision says, whatever its values say', () => {
    const told = tellIstioRelease('1.21', { global: { tag: '1.30.0' } });
    assert.deepEqual([told?.release.name, told?.release.told], ['1.21.6', 'release']);
    assert.equal(tellIstioRelease('1.99', {})?.warnings[0]?.field, 'release');
  });

  test('is a problem where what the revision says is none', () => {
    const spec: IstioRevisionSpec = {
      provider: 'istio',
      injectConfig: 'templates: {}',
      values: '{}',
      meshConfig: '',
      release: 'newest',
      revision: 'default',
      platform: '',
      compliancePolicy: '',
      env: {},
      nativeSidecars: 'Auto',
    };
    assert.throws(
      () => compileIstioRevision({ digest: '', mesh: 'mesh', name: 'default', spec }, spec),
      (error: unknown) => error instanceof CompileError && error.problems[0]?.code === 'RELEASE_INVALID',
    );
  });
});
