/** `meshgate diff`: which pods come out different between revisions and commits, grouped. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import type { MeshComparison } from '../../gateway/diff/compare-sides.ts';
import type { DifferenceGroup } from '../../gateway/diff/groups.ts';
import { firstDifference } from '../../workers/kube/pod-compare.ts';
import { corpusSkip } from '../conformance/corpus.ts';
import { type IstioReleaseCase, istioReleaseCases } from '../conformance/istio-releases.ts';
import { Workspace } from './command.ts';
import { DEPLOYMENT, INJECT_CONFIG, MESH_CONFIG, VALUES } from './istio-files.ts';

let space: Workspace;
before(() => {
  space = new Workspace();
});
after(() => space.remove());

const API_VERSION = 'meshgate.dev/v1alpha1';

function writeMesh(folder: string, spec: object): void {
  const mesh = { provider: 'istio', nativeSidecars: 'Never', ...spec };
  space.write(`${folder}/mesh.yaml`, {
    apiVersion: API_VERSION,
    kind: 'Mesh',
    metadata: { name: 'istio' },
    spec: mesh,
  });
}

interface Texts {
  readonly injectConfig: string;
  readonly values: string;
  readonly meshConfig: string;
  readonly release?: string;
}

function writeRevision(folder: string, name: string, { injectConfig, values, meshConfig, release }: Texts): void {
  const references = Object.entries({ injectConfig, values, meshConfig }).map(([field, text]) => {
    space.write(`${folder}/${name}/${field}.txt`, text);
    return [field, { file: `${name}/${field}.txt` }] as const;
  });
  const given = release === undefined ? {} : { release };
  const spec = { mesh: 'istio', istio: { ...Object.fromEntries(references), revision: 'default', ...given } };
  space.write(`${folder}/${name}.yaml`, { apiVersion: API_VERSION, kind: 'MeshRevision', metadata: { name }, spec });
}

async function compare(...args: readonly string[]): Promise<MeshComparison> {
  const { out, err } = await space.run('diff', '--output', 'json', ...args);
  const { comparisons } = JSON.parse(out || '{"comparisons":[]}') as { comparisons: MeshComparison[] };
  const [comparison] = comparisons;
  assert.ok(comparison !== undefined && comparisons.length === 1, err);
  return comparison;
}

function groupAt(groups: readonly DifferenceGroup[], pointer: string, action: string): DifferenceGroup {
  const found = groups.find((group) => group.pointer === pointer && group.action === action);
  assert.ok(found !== undefined, `${action} ${pointer}: ${groups.map((group) => group.pointer).join('\n')}`);
  return found;
}

/** Of groups about outcomes: pods by `was -> is`. */
function outcomes(groups: readonly DifferenceGroup[]): ReadonlyMap<string, DifferenceGroup> {
  return new Map(groups.filter(({ kind }) => kind === 'outcome').map((group) => [group.path.join(' -> '), group]));
}

describe('from Istio 1.26 to 1.30, on recorded requests', { skip: corpusSkip() }, () => {
  /** Requests that both releases have answered, beside both answers. */
  let recorded: readonly (readonly [IstioReleaseCase, IstioReleaseCase])[];
  let comparison: MeshComparison;
  const PROXY = '/spec/containers/istio-proxy';
  const IMAGES = { from: 'docker.io/istio/proxyv2:1.26.8', to: 'registry.istio.io/release/proxyv2:1.30.3' };

  before(async () => {
    const answers = (release: string) =>
      [...istioReleaseCases(release)].filter(({ set }) => set === 'classic' || set === 'probe/classic');
    const later = answers('1.30.3');
    const both = answers('1.26.8').flatMap((each, index) => {
      const other = later[index];
      return other === undefined || each.upstreamInvalid || other.upstreamInvalid ? [] : [[each, other] as const];
    });
    recorded = both;
    const [first] = both;
    assert.ok(first !== undefined);
    writeMesh('releases', { defaultRevision: '1-26', tags: { canary: '1-30' } });
    writeRevision('releases', '1-26', first[0].spec);
    writeRevision('releases', '1-30', first[1].spec);
    const reviews = space.write('reviews/all.ndjson', both.map(([{ body }]) => body).join('\n'));
    const source = ['--source', space.path('releases'), '--from', '1-26', '--to', 'canary'];
    comparison = await compare(...source, '--reviews', reviews);
  });

  it('tells both ends', () => {
    const { mesh, from, to } = comparison;
    assert.deepEqual(
      [mesh, from.revision, from.release, to.revision, to.release],
      ['istio', '1-26', '1.26.8', '1-30', '1.30.3'],
    );
  });

  it('finds as many pods different as the two releases have answered differently', () => {
    const differently = recorded.filter(
      ([was, is]) => was.allowed !== is.allowed || firstDifference(was.pod ?? was.object, is.pod ?? is.object) !== null,
    );
    const refusedOtherwise = [...outcomes(comparison.groups)].filter(([name]) => /^denied.* -> denied/.test(name));
    const refused = refusedOtherwise.reduce((sum, [, { pods }]) => sum + pods, 0);
    assert.equal(comparison.pods, recorded.length);
    assert.equal(comparison.differentPods - refused, differently.length);
    assert.ok(differently.length > 150);
  });

  it('finds the proxy image and its tags', () => {
    const { kind, values } = groupAt(comparison.groups, `${PROXY}/image`, 'changed');
    assert.equal(kind, 'image');
    assert.deepEqual([values[0]?.from, values[0]?.to], [IMAGES.from, IMAGES.to]);
  });

  it('finds that other words than true and false fall to the policy since 1.27', () => {
    const found = outcomes(comparison.groups);
    for (const code of ['INJECT_LABEL_FALSE', 'INJECT_ANNOTATION_FALSE']) {
      assert.ok((found.get(`skipped (${code}) -> injected`)?.pods ?? 0) > 0, [...found.keys()].join('\n'));
    }
  });

  it('finds that interfaces (1.30) and resources (1.27.6) are validated', () => {
    const denied = outcomes(comparison.groups).get('injected -> denied (ANNOTATION_INVALID)');
    const messages = denied?.values.map(({ to }) => to).join('\n') ?? '';
    for (const annotation of ['excludeInterfaces', 'kubevirtInterfaces', 'reroute-virtual-interfaces', 'proxyCPU']) {
      assert.ok(messages.includes(annotation), `${annotation}: ${messages}`);
    }
  });

  it('finds fields of the proxy configuration that 1.26 does not know', () => {
    for (const field of ['fileFlushInterval', 'statsCompression', 'proxyHeaders/xForwardedHost']) {
      groupAt(comparison.groups, `${PROXY}/env/PROXY_CONFIG/value/${field}`, 'added');
    }
  });

  it('finds that probers are appended on re-injection since 1.27', () => {
    assert.equal(groupAt(comparison.groups, `${PROXY}/env/ISTIO_KUBE_APP_PROBERS`, 'added').kind, 'env');
  });

  it('finds native sidecars by annotation, whose proxy goes to the other list', () => {
    const moved = groupAt(comparison.groups, '/spec/initContainers/istio-proxy', 'moved');
    assert.deepEqual([moved.values[0]?.from, moved.values[0]?.to], ['containers', 'initContainers']);
  });

  it('keeps what repeats other differences apart, as status', () => {
    const groups = comparison.groups.filter(({ pointer }) => pointer.includes('sidecar.istio.io~1status'));
    assert.ok(groups.length > 0 && groups.every(({ kind }) => kind === 'status'));
  });

  it('finds nothing that came with 1.31 or before 1.26', () => {
    const text = JSON.stringify(comparison.groups);
    for (const word of ['scrape-targets', 'SCRAPE_PORT_INVALID', 'secure-port', 'zipkin', 'enableCoreDump']) {
      assert.equal(text.includes(word), false, word);
    }
  });

  it('says so for people', async () => {
    const args = [
      '--source',
      space.path('releases'),
      '--from',
      '1-26',
      '--to',
      '1-30',
      '--reviews',
      space.path('reviews'),
    ];
    const { out, code } = await space.run('diff', ...args);
    assert.equal(code, 1);
    assert.match(out, /^mesh istio of dir@sha256:[0-9a-f]{12}: 1-26 \(as 1\.26\.8\) -> 1-30 \(as 1\.30\.3\)$/m);
    assert.match(out, /^ {2}image of istio-proxy: \d different values such as "docker/m);
    assert.match(out, /^ {2}env PROXY_CONFIG \(statsCompression\) of istio-proxy added: true, \d+ pods?, \d+ work/m);
    assert.equal((await space.run('diff', ...args, '--no-exit-code')).code, 0);
  });
});

describe('from commit to commit', () => {
  const git = (...args: readonly string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', '-C', space.path('repo'), ...args]);
  const args = (...more: readonly string[]) => ['--source', space.path('repo/policies'), ...more];
  const texts = { injectConfig: INJECT_CONFIG, values: VALUES, meshConfig: MESH_CONFIG, release: '1.30.3' };
  const other = { ...texts, values: VALUES.replace('example.com/istio', 'example.com/other') };
  let workload: readonly string[];

  before(() => {
    assert.notEqual(other.values, texts.values);
    workload = ['--reviews', space.write('workloads/web.yaml', DEPLOYMENT)];
    const commit = (message: string) => {
      git('add', '-A');
      git('commit', '-q', '-m', message);
    };
    writeMesh('repo/policies', { defaultRevision: 'v1', tags: { stable: 'v1' } });
    writeRevision('repo/policies', 'v1', texts);
    execFileSync('git', ['init', '-q', '-b', 'main', space.path('repo')]);
    commit('v1');
    writeRevision('repo/policies', 'v2', other);
    writeMesh('repo/policies', { defaultRevision: 'v2', tags: { stable: 'v1' } });
    commit('v2');
  });

  for (const [from, to, revisions, differs] of [
    ['HEAD~1', 'main', ['v1', 'v2'], true],
    ['main^', 'stable', ['v1', 'v1'], false],
    ['v1@HEAD~1', 'v1@HEAD', ['v1', 'v1'], false],
    ['stable@HEAD~1', 'v2', ['v1', 'v2'], true],
    ['HEAD', undefined, ['v2', 'v2'], false],
  ] as const) {
    it(`${from} -> ${to ?? 'the source as it is'}`, async () => {
      const end = to === undefined ? [] : ['--to', to];
      const comparison = await compare(...args('--from', from, ...end), ...workload);
      assert.deepEqual([comparison.from.revision, comparison.to.revision], revisions);
      assert.equal(comparison.pods, 1);
      assert.equal(comparison.differentPods, differs ? 1 : 0);
      if (differs) {
        const { values } = groupAt(comparison.groups, '/spec/containers/istio-proxy/image', 'changed');
        assert.match(
          `${values[0]?.from} ${values[0]?.to}`,
          /^registry\.example\.com\/istio\S* registry\.example\.com\/other\S*$/,
        );
        assert.deepEqual(values[0]?.examples, ['shop/web']);
      }
    });
  }

  it("compares the source's own tests where no reviews are named, and says when there are none", async () => {
    const { code, err } = await space.run('diff', ...args('--from', 'v1', '--to', 'v2'));
    assert.equal(code, 2);
    assert.match(err, /no InjectionTests of istio: name pods with --reviews/);
    const pod = { metadata: { name: 'a', namespace: 'shop' }, spec: { containers: [{ name: 'app', image: 'app' }] } };
    const spec = { mesh: 'istio', pod, expect: { outcome: 'patched' } };
    const test = { apiVersion: API_VERSION, kind: 'InjectionTest', metadata: { name: 'plain' }, spec };
    const file = space.write('repo/policies/test.yaml', test);
    assert.equal((await compare(...args('--from', 'v1', '--to', 'v2'))).differentPods, 1);
    git('clean', '-qf', file);
  });

  const wrong: readonly (readonly [name: string, args: readonly string[], code: number, message: RegExp])[] = [
    ['no --from', [], 2, /required option '--from/],
    [
      'a name of nothing',
      ['--from', 'v9'],
      2,
      /no revision and no tag v9; there are v1, v2, stable, and git knows no commit v9/,
    ],
    ['a revision that the commit lacks', ['--from', 'v2@HEAD~1'], 2, /no revision and no tag v2; there are v1, stable/],
    ['a commit that is none', ['--from', 'v1@HEAD~9'], 2, /git knows no commit HEAD~9/],
    ['an option as a commit', ['--from', 'v1@--output=x'], 2, /git knows no commit --output=x/],
    ['a mesh of neither', ['--from', 'HEAD', '--mesh', 'none'], 2, /there is no mesh none/],
    ['files that are not there', ['--from', 'v1', '--reviews', 'nowhere'], 3, /FILE_UNREADABLE/],
    ['no pods', ['--from', 'v1', '--reviews', 'SERVICE'], 3, /hold no pod/],
    [
      'a line that is no review',
      ['--from', 'v1', '--reviews', 'BROKEN'],
      3,
      /broken\.ndjson: line 2: .*\[MANIFEST_INVALID\]/,
    ],
  ];
  for (const [name, given, code, message] of wrong) {
    it(`refuses ${name}`, async () => {
      const files: Readonly<Record<string, string>> = {
        SERVICE: space.write('service.yaml', 'kind: Service\n'),
        BROKEN: space.write('broken.ndjson', '{}\n{"kind": \n'),
      };
      const result = await space.run(
        'diff',
        '--source',
        space.path('repo/policies'),
        ...given.map((arg) => files[arg] ?? arg),
      );
      assert.equal(result.code, code, result.err);
      assert.match(result.err, message);
    });
  }
});
