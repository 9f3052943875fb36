import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CompileError } from '../provider.ts';
import { compileLinkerdRevision } from './compile.ts';
import { linkerdReleases, NEWEST_RELEASE, readLinkerdRelease, tellLinkerdRelease } from './releases.ts';

describe('names of releases', () => {
  const cases: readonly (readonly [text: string, name: string, known: boolean])[] = [
    ['stable-2.14.10', 'stable-2.14.10', true],
    ['2.14.3', 'stable-2.14.3', true],
    ['2.14', 'stable-2.14.10', true],
    ['2.19', 'edge-25.10.7', true],
    ['version-2.15', 'edge-24.2.4', true],
    ['v2.20', 'edge-26.6.3', true],
    ['edge-25.8.4', 'edge-25.8.4', true],
    ['edge-23.11.1', 'edge-23.11.1', true],
    ['main', 'edge-26.8.3', true],
    ['2.18.3', 'edge-25.4.4', false],
    ['enterprise-2.16.2', 'edge-24.8.2', false],
    ['2.14.99', 'stable-2.14.10', false],
    ['2.21', 'edge-26.8.3', false],
    ['edge-27.1.1', 'edge-26.8.3', false],
    ['stable-2.13.6', 'stable-2.14.0', false],
    ['edge-22.1.1', 'stable-2.14.0', false],
  ];
  for (const [text, name, known] of cases) {
    test(`${text} is ${name}${known ? '' : ', with a remark'}`, () => {
      const read = readLinkerdRelease(text);
      assert.equal(read?.name, name);
      assert.equal(read?.remark === null, known, read?.remark ?? '');
    });
  }
  for (const text of ['', 'dev-undefined', 'git-4f1c8a2b', 'edge', 'edge-25.10', 'stable', '2', '3.1', 'latest']) {
    test(`${JSON.stringify(text)} names none`, () => {
      assert.equal(readLinkerdRelease(text), undefined);
    });
  }
});

test('every line stands for a release that is known', () => {
  for (const [line, release] of linkerdReleases()) {
    assert.equal(readLinkerdRelease(line)?.name, release);
    assert.equal(readLinkerdRelease(release)?.name, release);
  }
});

describe('the release of a revision', () => {
  test('is told by linkerdVersion', () => {
    const told = tellLinkerdRelease(undefined, 'edge-24.11.8');
    assert.deepEqual([told?.release.name, told?.release.told, told?.warnings], ['edge-24.11.8', 'values', []]);
  });

  test('is the newest where nothing tells it, with a warning', () => {
    const told = tellLinkerdRelease(undefined, 'dev-undefined');
    assert.equal(told?.release, NEWEST_RELEASE);
    assert.deepEqual(
      told.warnings.map(({ code, severity, field }) => [code, severity, field]),
      [['RELEASE_UNKNOWN', 'warning', 'values']],
    );
  });

  test('is what the revision says, whatever its values say', () => {
    assert.equal(tellLinkerdRelease('2.15', 'edge-26.8.1')?.release.name, 'edge-24.2.4');
    assert.equal(tellLinkerdRelease('2.30', '')?.warnings[0]?.field, 'release');
  });

  test('is a problem where what the revision says is none', () => {
    assert.equal(tellLinkerdRelease('newest', 'edge-26.8.1'), undefined);
    assert.deepEqual(codesOf({ release: 'newest' }), ['RELEASE_INVALID']);
  });
});

const RESOURCES = 'resources: {}';
const IMAGE = 'image: {name: init, version: v2}';

interface Parts {
  readonly release?: string;
  readonly probes?: boolean;
  readonly metrics?: boolean;
  readonly init?: string;
  readonly cni?: boolean;
  readonly budget?: string;
}

/** The codes and members of what keeps a revision from loading. */
function codesOf({
  release,
  probes = true,
  metrics = true,
  init = '',
  cni = false,
  budget = '1',
}: Parts): readonly string[] {
  const values = `
linkerdVersion: edge-26.8.1
cniEnabled: ${cni}
identity: {}
controller: {podDisruptionBudget: {maxUnavailable: ${budget}}}
proxy:
  image: {name: proxy}
  ports: {}
  resources: {}
  ${probes ? 'livenessProbe: {}\n  readinessProbe: {}' : ''}
  ${metrics ? 'metrics: {}' : ''}
proxyInit: {iptablesMode: legacy, ${init}}
`;
  const spec = {
    provider: 'linkerd' as const,
    values,
    trustAnchors: 'anchors',
    controlPlaneNamespace: 'linkerd',
    ...(release === undefined ? {} : { release }),
  };
  try {
    compileLinkerdRevision({ digest: '', mesh: 'linkerd', name: 'r', spec });
    return [];
  } catch (error) {
    assert.ok(error instanceof CompileError);
    return error.problems.map(({ code, message }) =>
      code === 'LINKERD_RELEASE_MISMATCH' ? (message.split(' ', 1)[0] ?? '') : code,
    );
  }
}

describe('values of another release do not load', () => {
  const cases: readonly (readonly [what: string, parts: Parts, members: readonly string[]])[] = [
    ['probes, before they were there', { release: '2.14', probes: false, init: `${RESOURCES}, ${IMAGE}` }, []],
    [
      'probes',
      { release: '2.15', probes: false, init: `${RESOURCES}, ${IMAGE}` },
      ['proxy.livenessProbe', 'proxy.readinessProbe'],
    ],
    ['metrics, before they were there', { release: '2.17', metrics: false, init: IMAGE }, []],
    ['metrics', { release: '2.18', metrics: false, init: IMAGE }, ['proxy.metrics']],
    ["the init container's resources", { release: '2.15', init: IMAGE }, ['proxyInit.resources']],
    ["the init container's resources, since they are the proxy's", { release: '2.16', init: IMAGE }, []],
    ["the init container's image", { release: '2.19' }, ['proxyInit.image']],
    ["the init container's image, without an init container", { release: '2.19', cni: true }, []],
    ["the init container's image, since it is the proxy's", { release: '2.20' }, []],
    ['a number where text is wanted', { release: '2.20', budget: '1' }, []],
    [
      'text where a number is wanted',
      { release: '2.18', init: IMAGE, budget: '"1"' },
      ['controller.podDisruptionBudget.maxUnavailable'],
    ],
    ['text, since it is wanted', { release: '2.20', budget: '"1"' }, []],
  ];
  for (const [what, parts, members] of cases) {
    test(`${what}: ${members.length === 0 ? 'fits' : members.join(', ')}`, () => {
      assert.deepEqual(codesOf(parts), members);
    });
  }
});
