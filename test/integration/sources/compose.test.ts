/** Several sources: what overlays may, what happens when one of them is wrong, and what is told of it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { effectiveDocuments } from '../../../gateway/gitsync/effective.ts';
import type { SourceSpec } from '../../../gateway/gitsync/source-spec.ts';
import { condition, conditionTypes, MESH, POLICIES, REVISION, type Repository, Workshop } from './workshop.ts';

const TEAM_REVISION = `apiVersion: meshgate.dev/v1alpha1
kind: MeshRevision
metadata: {name: team}
spec: {mesh: edge, template: {template: {file: team.tpl}}}
`;
const replacing = (text: string) =>
  text.replace('metadata: {', 'metadata: {annotations: {meshgate.dev/replaces: "true"}, ');

let workshop: Workshop;
let base: Repository;
let team: Repository;
let specs: readonly SourceSpec[];

beforeEach(() => {
  workshop = new Workshop();
  base = workshop.repository('base');
  team = workshop.repository('team');
  base.commit(POLICIES);
  team.commit({ 'team.yaml': TEAM_REVISION, 'team.tpl': 'metadata: {}' });
  specs = [
    { name: 'base', url: base.url, intervalMs: 60_000 },
    {
      name: 'team',
      url: team.url,
      intervalMs: 60_000,
      allow: { kinds: ['MeshRevision', 'ClusterSnapshot'], meshes: ['edge'], namespaces: ['shop-*'] },
    },
  ];
});
afterEach(() => workshop.close());

const revisionOf = (repository: Repository, name: string) => `${name}/main@sha1:${repository.head()}`;
const both = () => `${revisionOf(base, 'base')},${revisionOf(team, 'team')}`;

describe('a base and an overlay', () => {
  it('serve together, and each is reported by itself', async () => {
    const source = workshop.open(specs);
    await source.start();
    assert.equal(source.status().serving, both());
    assert.deepEqual([...(source.current()?.meshes.get('edge')?.revisions.keys() ?? [])].sort(), ['team', 'v1']);
    const [first, second] = source.status().sources ?? [];
    assert.deepEqual([first?.name, second?.name], ['base', 'team']);
    assert.equal(second?.artifact?.revision, `main@sha1:${team.head()}`);
    assert.match(second?.artifact?.digest ?? '', /^sha256:[0-9a-f]{64}$/);
    assert.deepEqual(conditionTypes(source, 1), ['Ready=True', 'ArtifactInStorage=True']);
  });

  it('collide over a name, unless the overlay says that it replaces', async () => {
    const source = workshop.open(specs);
    await source.start();
    const before = source.status().serving;
    team.commit({ 'v1.yaml': REVISION, 'overlay.tpl': '# of the team' });
    const collided = await source.sync();
    assert.equal(collided.serving, before, 'the team falls back to its last good commit');
    assert.deepEqual(
      collided.problems.map(({ code, file }) => [code, file]),
      [['NAME_DUPLICATE', 'team/v1.yaml']],
    );
    team.commit({ 'v1.yaml': replacing(REVISION) });
    const replaced = await source.sync();
    assert.deepEqual([replaced.serving, replaced.problems], [both(), []]);
    const spec = source.current()?.meshes.get('edge')?.revisions.get('v1')?.spec;
    assert.equal(spec?.provider === 'template' ? spec.template : '', '# of the team');
  });

  for (const [what, files, problem] of [
    ['kinds', { 'mesh.yaml': MESH.replace('edge', 'other') }, /may not define the kind Mesh/],
    [
      'meshes',
      { 'v1.yaml': REVISION.replace('mesh: edge', 'mesh: core').replace('name: v1', 'name: x') },
      /may not speak of the mesh core/,
    ],
    [
      'namespaces',
      {
        'c.yaml':
          'apiVersion: meshgate.dev/v1alpha1\nkind: ClusterSnapshot\nmetadata: {name: c}\nspec: {namespaces: [{name: shop-a}, {name: kube-system}]}\n',
      },
      /may not speak of the namespace kube-system/,
    ],
  ] as const) {
    it(`hold the overlay to its ${what}`, async () => {
      const source = workshop.open(specs);
      await source.start();
      const before = source.status().serving;
      team.commit({ ...files, 'overlay.tpl': '' });
      const { serving, problems } = await source.sync();
      const forbidden = problems.filter(({ code }) => code === 'OVERLAY_FORBIDDEN');
      assert.equal(forbidden.length, 1);
      assert.match(forbidden[0]?.message ?? '', problem);
      assert.equal(forbidden[0]?.line !== undefined, true);
      assert.equal(serving, before);
    });
  }

  it('never read each other’s files', async () => {
    const source = workshop.open(specs);
    await source.start();
    team.commit({ 'team.yaml': TEAM_REVISION.replace('team.tpl', '../base/overlay.tpl') });
    assert.deepEqual(
      (await source.sync()).problems.map(({ code }) => code),
      ['REFERENCE_ESCAPES'],
    );
    symlinkSync('/etc/passwd', join(team.directory, 'link.tpl'));
    team.commit({ 'team.yaml': TEAM_REVISION });
    assert.deepEqual(
      (await source.sync()).problems.map(({ code, file }) => [code, file]),
      [['TREE_SYMLINK', 'team/link.tpl']],
    );
  });
});

describe('one source that is wrong', () => {
  it('keeps its last good commit, and the others move on, also after a restart', async () => {
    const source = workshop.open(specs);
    await source.start();
    const good = revisionOf(team, 'team');
    team.commit({ 'team.yaml': TEAM_REVISION.replace('kind: MeshRevision', 'kind: MeshRevison') });
    const broken = team.head();
    base.commit({ 'overlay.tpl': '# next' });
    const status = await source.sync();
    assert.equal(status.serving, `${revisionOf(base, 'base')},${good}`);
    assert.deepEqual(
      status.problems.map(({ code, file, line }) => [code, file, line]),
      [['KIND_UNKNOWN', 'team/team.yaml', 2]],
    );
    assert.deepEqual(conditionTypes(source, 0), ['Ready=True', 'ArtifactInStorage=True']);
    assert.equal(condition(source, 'BuildFailed', 1).reason, 'PoliciesInvalid');
    assert.match(condition(source, 'ArtifactOutdated', 1).message, new RegExp(broken));
    assert.equal(condition(source, 'ArtifactOutdated', 1).reason, 'NewRevision');
    await source.stop();

    const again = workshop.open(specs);
    await again.start();
    assert.equal(again.status().serving, `${revisionOf(base, 'base')},${good}`);
    base.commit({ 'overlay.tpl': '# after the restart' });
    assert.equal((await again.sync()).serving, `${revisionOf(base, 'base')},${good}`);
    team.commit({ 'team.yaml': TEAM_REVISION });
    assert.deepEqual([(await again.sync()).serving, again.status().problems], [both(), []]);
  });

  it('or can not be reached does not hold the others up', async () => {
    const source = workshop.open(specs);
    await source.start();
    const good = revisionOf(team, 'team');
    renameSync(team.directory, `${team.directory}-away`);
    base.commit({ 'overlay.tpl': '# next' });
    const status = await source.sync();
    assert.equal(status.serving, `${revisionOf(base, 'base')},${good}`);
    assert.match(status.problems[0]?.message ?? '', /^source team: /);
    assert.deepEqual(
      [condition(source, 'FetchFailed', 1).reason, condition(source, 'Reconciling', 1).reason],
      ['GitOperationFailed', 'ProgressingWithRetry'],
    );
    assert.equal(condition(source, 'Ready', 0).status, 'True');
    renameSync(`${team.directory}-away`, team.directory);
    assert.deepEqual((await source.sync()).problems, []);
  });

  it('or is suspended stays as it is', async () => {
    const before = workshop.open(specs);
    await before.start();
    await before.stop();
    const good = revisionOf(team, 'team');
    team.commit({ 'team.tpl': '# not wanted yet' });
    base.commit({ 'overlay.tpl': '# next' });
    const source = workshop.open(specs.map((spec) => (spec.name === 'team' ? { ...spec, suspend: true } : spec)));
    await source.start();
    assert.equal(source.status().serving, `${revisionOf(base, 'base')},${good}`);
    assert.equal(condition(source, 'Ready', 1).reason, 'Suspended');
    const none = workshop.open([{ url: base.url, suspend: true }], { stateDir: join(workshop.root, 'fresh') });
    await assert.rejects(none.start(), { code: 'SOURCE_SUSPENDED' });
  });
});

it('the effective documents tell the repository, commit, file and line of each value', async () => {
  team.commit({ 'deep/v1.yaml': replacing(REVISION), 'deep/overlay.tpl': '' });
  const { documents, problems } = await effectiveDocuments(specs, { PATH: process.env['PATH'], HOME: workshop.root });
  assert.deepEqual(problems, []);
  assert.deepEqual(documents.map(({ kind, name }) => `${kind} ${name}`).sort(), [
    'Mesh edge',
    'MeshRevision team',
    'MeshRevision v1',
  ]);
  const replaced = documents.find(({ name }) => name === 'v1');
  const at = (repository: Repository, source: string, file: string, line: number) => ({
    source,
    revision: `main@sha1:${repository.head()}`,
    file,
    line,
  });
  assert.deepEqual(replaced?.replaces, at(base, 'base', 'v1.yaml', 1));
  const file = replaced?.values.find(({ path }) => path.join('.') === 'spec.template.template.file');
  assert.deepEqual(file, {
    path: ['spec', 'template', 'template', 'file'],
    value: 'overlay.tpl',
    origin: at(team, 'team', 'deep/v1.yaml', 4),
  });
  const mesh = documents.find(({ kind }) => kind === 'Mesh')?.values.find(({ path }) => path.at(-1) === 'provider');
  assert.deepEqual(mesh?.origin, at(base, 'base', 'mesh.yaml', 4));
});

it('`meshgate effective --config` prints them as YAML', () => {
  workshop.write({
    'gateway.yaml': `workers: 2\n---\n${specs
      .map(({ name, url, allow }) =>
        JSON.stringify({
          apiVersion: 'meshgate.dev/v1alpha1',
          kind: 'GatewaySource',
          metadata: { name },
          spec: { url, ...(allow === undefined ? {} : { allow }) },
        }),
      )
      .reverse()
      .join('\n---\n')}\n`,
  });
  const root = join(import.meta.dirname, '..', '..', '..');
  const config = join(workshop.root, 'gateway.yaml');
  const printed = execFileSync(process.execPath, [join(root, 'bin', 'meshgate.mjs'), 'effective', '--config', config], {
    encoding: 'utf8',
  });
  assert.ok(
    printed.includes(`    provider: "template" # base main@sha1:${base.head()} mesh.yaml:4`) ||
      printed.includes(`  provider: "template" # base main@sha1:${base.head()} mesh.yaml:4`),
    printed,
  );
  assert.ok(printed.includes(`mesh: "edge" # team main@sha1:${team.head()} team.yaml:4`), printed);
});
