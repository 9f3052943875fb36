/** `meshgate replay`: what commits would have answered to recorded reviews. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { encodeRecord } from '../../gateway/record/recorded-review.ts';
import type { ReplayReport } from '../../gateway/replay/replay.ts';
import { firstDifference } from '../../workers/kube/pod-compare.ts';
import { corpusPath, corpusSkip } from '../conformance/corpus.ts';
import { type IstioReleaseCase, istioReleaseCases } from '../conformance/istio-releases.ts';
import { type LinkerdCase, linkerdCases } from '../conformance/linkerd.ts';
import { Workspace } from './command.ts';

const API_VERSION = 'meshgate.dev/v1alpha1';
let space: Workspace;
before(() => {
  space = new Workspace();
});
after(() => space.remove());

function commit(repository: string, message: string): void {
  const git = (...args: readonly string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', '-C', space.path(repository), ...args]);
  if (!existsSync(space.path(`${repository}/.git`))) git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('commit', '-q', '-m', message);
}

async function replay(...args: readonly string[]) {
  const { out, err, code } = await space.run('replay', '--output', 'json', ...args);
  assert.notEqual(out, '', err);
  return { report: JSON.parse(out) as ReplayReport, err, code };
}

describe('replayed on the commit before and after an upgrade of Istio', { skip: corpusSkip() }, () => {
  let recorded: readonly (readonly [IstioReleaseCase, IstioReleaseCase])[];
  let reviews: string;

  function write({ spec }: IstioReleaseCase): void {
    const { injectConfig, values, meshConfig, release } = spec;
    const references = Object.entries({ injectConfig, values, meshConfig }).map(([field, text]) => {
      space.write(`istio/${field}.txt`, text);
      return [field, { file: `${field}.txt` }] as const;
    });
    const istio = {
      ...Object.fromEntries(references),
      revision: 'default',
      ...(release === undefined ? {} : { release }),
    };
    const head = { apiVersion: API_VERSION };
    const meshSpec = { provider: 'istio', nativeSidecars: 'Never', defaultRevision: 'live' };
    space.write('istio/mesh.yaml', { ...head, kind: 'Mesh', metadata: { name: 'istio' }, spec: meshSpec });
    const revision = { ...head, kind: 'MeshRevision', metadata: { name: 'live' }, spec: { mesh: 'istio', istio } };
    space.write('istio/live.yaml', revision);
  }

  before(() => {
    const answers = (release: string) =>
      [...istioReleaseCases(release)].filter(({ set }) => set === 'classic' || set === 'probe/classic');
    const later = answers('1.30.3');
    recorded = answers('1.26.8').flatMap((each, index) => {
      const other = later[index];
      return other === undefined || each.upstreamInvalid || other.upstreamInvalid ? [] : [[each, other] as const];
    });
    const [first] = recorded;
    assert.ok(first !== undefined);
    write(first[0]);
    commit('istio', '1.26');
    write(first[1]);
    commit('istio', '1.30');
    reviews = space.write('istio-reviews/all.ndjson', recorded.map(([{ body }]) => body).join('\n'));
  });

  for (const [commitName, side] of [
    ['HEAD~1', 0],
    ['main', 1],
  ] as const) {
    it(`counts at ${commitName} what that release had answered`, async () => {
      const { report, code } = await replay('--source', `${space.path('istio')}@${commitName}`, '--reviews', reviews);
      assert.equal(code, 0);
      const [mesh] = report.replays;
      assert.ok(mesh !== undefined && report.replays.length === 1);
      const counted = new Map<string, number>();
      for (const { kind, count } of mesh.replayed.outcomes) counted.set(kind, (counted.get(kind) ?? 0) + count);
      const answers = recorded.map((pair) => pair[side]);
      assert.equal(mesh.reviews, answers.length);
      assert.equal(counted.get('denied'), answers.filter(({ allowed }) => !allowed).length);
      assert.equal(counted.get('patched'), answers.filter(({ pod }) => pod !== null).length);
      assert.equal(counted.get('failed'), undefined);
      const { p50Ms, p99Ms, maxMs } = mesh.replayed.timing;
      assert.ok(p50Ms > 0 && p99Ms >= p50Ms && maxMs >= p99Ms);
    });
  }

  it('tells what the upgrade changed, and ends with 1', async () => {
    const args = ['--source', `${space.path('istio')}@main`, '--reviews', reviews];
    const { report, code } = await replay(...args, '--against', `${space.path('istio')}@HEAD~1`);
    assert.equal(code, 1);
    const { against } = report.replays[0] ?? {};
    const differently = recorded.filter(
      ([was, is]) => was.allowed !== is.allowed || firstDifference(was.pod ?? was.object, is.pod ?? is.object) !== null,
    );
    // Two denials of other codes are a difference that the recorded answers do not tell.
    const groups = against?.differences.groups ?? [];
    const otherwise = groups.filter(
      ({ kind, path }) => kind === 'outcome' && path.every((name) => /^denied/.test(name)),
    );
    const refused = otherwise.reduce((sum, { pods }) => sum + pods, 0);
    assert.equal((against?.differences.differentPods ?? 0) - refused, differently.length);
    const byCommit = await space.run('replay', ...args, '--against', 'HEAD~1', '--rev', 'live');
    assert.equal(byCommit.code, 1, byCommit.err);
    assert.match(byCommit.out, /^against live@HEAD~1|^against HEAD~1/m);
    assert.match(byCommit.out, /^ {2}\d+ skipped \(HOST_NETWORK\)/m);
    assert.match(byCommit.out, /^ {2}\S+ ms an injection \(p50\), \S+ ms \(p99\)$/m);
    assert.match(byCommit.out, /^ {2}image of istio-proxy: /m);
    assert.equal((await space.run('replay', ...args, '--against', 'HEAD~1', '--no-exit-code')).code, 0);
  });
});

describe('reviews that the gateway recorded', { skip: corpusSkip() }, () => {
  const cases = (): LinkerdCase[] => [...linkerdCases()].filter(({ set }) => set === 'generated/default');
  let all: LinkerdCase[];

  function record({ review, cluster, expected: { allowed, pod, reasons } }: LinkerdCase, mesh: string): string {
    assert.ok(allowed && pod !== null);
    const [reason] = reasons;
    const line = encodeRecord(
      {
        ...{
          mesh,
          revision: 'live',
          explicit: false,
          policyName: null,
          params: {},
          namespace: '',
          cluster,
          review: Buffer.from(review),
        },
        outcome: reason === undefined ? { kind: 'patched' } : { kind: 'skipped', reason },
        answeredAt: 0,
        durationMs: 1,
      },
      true,
    );
    assert.ok(line !== null);
    return line;
  }

  before(() => {
    all = cases().filter(({ expected }) => expected.allowed && !expected.upstreamInvalid);
    const folder = corpusPath('linkerd', 'generated', 'default');
    space.write('linkerd/values.txt', readFileSync(`${folder}/values.yaml`, 'utf8'));
    space.write('linkerd/anchors.txt', readFileSync(`${folder}/trust-anchors.pem`, 'utf8'));
    for (const mesh of ['east', 'west']) {
      const spec = { provider: 'linkerd', defaultRevision: 'live' };
      space.write(`linkerd/${mesh}.yaml`, { apiVersion: API_VERSION, kind: 'Mesh', metadata: { name: mesh }, spec });
      const linkerd = { values: { file: 'values.txt' }, trustAnchors: { file: 'anchors.txt' } };
      space.write(`linkerd/${mesh}-live.yaml`, {
        ...{ apiVersion: API_VERSION, kind: 'MeshRevision', metadata: { name: 'live' } },
        spec: { mesh, linkerd: { ...linkerd, controlPlaneNamespace: 'linkerd' } },
      });
    }
    const lines = all.map((each, index) => record(each, index % 3 === 0 ? 'west' : 'east'));
    space.write('recorded/a.ndjson', `${lines.join('\n')}\n`);
  });

  it('go to the mesh that answered them, with what was known of their cluster then', async () => {
    const { report } = await replay('--source', space.path('linkerd'), '--reviews', space.path('recorded'));
    const counts = report.replays.map(({ mesh, reviews }) => [mesh, reviews] as const).sort();
    const west = Math.ceil(all.length / 3);
    assert.deepEqual(counts, [
      ['east', all.length - west],
      ['west', west],
    ]);
    // Whether Linkerd injects depends on the namespace's annotations, which only the recording knows.
    const injected = report.replays.flatMap(({ replayed }) =>
      replayed.outcomes.filter(({ kind }) => kind === 'patched'),
    );
    const wanted = all.filter(({ expected }) => expected.reasons.length === 0).length;
    assert.equal(
      injected.reduce((sum, { count }) => sum + count, 0),
      wanted,
    );
    assert.ok(wanted > 0);
  });

  it('of one mesh alone, with how many outcomes are not as recorded', async () => {
    const args = ['--source', space.path('linkerd'), '--reviews', space.path('recorded'), '--mesh', 'west'];
    const { report } = await replay(...args);
    const [west] = report.replays;
    assert.deepEqual([report.replays.length, west?.mesh], [1, 'west']);
    assert.equal(west?.recorded.reviews, Math.ceil(all.length / 3));
  });

  it('of a mesh that the source does not have are told', async () => {
    const [first] = all;
    assert.ok(first !== undefined);
    const file = space.write('other.ndjson', `${record(first, 'north')}\n${record(first, 'east')}`);
    const { err, report } = await replay('--source', space.path('linkerd'), '--reviews', file);
    assert.match(err, /1 reviews of mesh north, which is not there/);
    assert.deepEqual([report.left, report.replays.length], [{ north: 1 }, 1]);
  });

  for (const [name, args, code, message] of [
    ['no reviews', ['--source', 'linkerd'], 2, /required option '--reviews/],
    [
      'a mesh that is not there',
      ['--source', 'linkerd', '--mesh', 'none', '--reviews', 'recorded'],
      2,
      /no review to replay/,
    ],
    [
      'a revision that is not there',
      ['--source', 'linkerd', '--rev', 'v9', '--reviews', 'recorded'],
      2,
      /no revision and no tag v9/,
    ],
    [
      'a commit of no repository',
      ['--source', 'linkerd', '--against', 'v9', '--reviews', 'recorded'],
      2,
      /lies in no repository/,
    ],
    ['files that are not there', ['--source', 'linkerd', '--reviews', 'nowhere'], 3, /FILE_UNREADABLE/],
  ] as const) {
    it(`ends with ${code} for ${name}`, async () => {
      const paths = args.map((arg) => (['linkerd', 'recorded'].includes(arg) ? space.path(arg) : arg));
      const result = await space.run('replay', ...paths);
      assert.equal(result.code, code, result.err);
      assert.match(result.err, message);
    });
  }
});
