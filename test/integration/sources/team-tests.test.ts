/** Whose commit is held back when a test of a team's overlay fails (docs/adr/0025). */
import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import type { SourceSpec } from '../../../gateway/gitsync/source-spec.ts';
import { TestBench } from '../../../gateway/policytest/bench.ts';
import type { SnapshotSource, SourceControl } from '../../../gateway/snapshot.ts';
import { condition, conditionTypes, MESH, REVISION, type Repository, Workshop } from './workshop.ts';

/** Expects that the base's template gives pods this label. */
const expecting = (label: string) => `apiVersion: meshgate.dev/v1alpha1
kind: InjectionTest
metadata: {name: team-gets-its-label}
spec:
  mesh: edge
  pod: {metadata: {name: p, labels: {meshgate.dev/inject: enabled}}, spec: {containers: [{name: c, image: i}]}}
  expect: {outcome: patched, pod: {metadata: {labels: {label: ${label}}}}}
`;
const giving = (label: string) => `metadata: {labels: {label: ${label}}}`;

const bench = new TestBench();
let workshop: Workshop;
let base: Repository;
let team: Repository;
let other: Repository;

after(() => bench.close());
beforeEach(() => {
  workshop = new Workshop();
  base = workshop.repository('base');
  team = workshop.repository('team');
  other = workshop.repository('other');
  base.commit({ 'mesh.yaml': MESH, 'v1.yaml': REVISION, 'overlay.tpl': giving('one') });
  team.commit({ 'test.yaml': expecting('one') });
  other.commit({ 'other.yaml': REVISION.replace('name: v1', 'name: other'), 'overlay.tpl': '# first' });
});
afterEach(() => workshop.close());

function open(ofTeam: Partial<SourceSpec> = {}): SnapshotSource & SourceControl {
  const allow = { kinds: ['InjectionTest', 'MeshRevision'] };
  const specs = [
    { name: 'base', url: base.url },
    { name: 'team', url: team.url, allow, ...ofTeam },
    { name: 'other', url: other.url, allow },
  ];
  return workshop.open(specs, {
    test: (snapshot, tests, prefix, signal) => bench.run(snapshot, tests, prefix, signal),
  });
}

const revisions = (...commits: readonly string[]) =>
  ['base', 'team', 'other'].map((name, index) => `${name}/main@sha1:${commits[index]}`).join(',');
const problemsOf = (source: SnapshotSource) => source.status().problems.map(({ code, file }) => [code, file]);

describe('a test of a team that fails', () => {
  it('by a commit of the team holds that commit back, while the base moves on', async () => {
    const source = open();
    await source.start();
    const good = team.head();
    team.commit({ 'test.yaml': expecting('never') });
    base.commit({ 'overlay.tpl': `${giving('one')} # next` });
    await source.sync();
    assert.equal(source.status().serving, revisions(base.head(), good, other.head()));
    assert.deepEqual(problemsOf(source), [['TEST_FAILED', 'team/test.yaml']]);
    const fault = condition(source, 'BuildFailed', 1);
    assert.deepEqual([fault.reason, fault.message.includes(team.head())], ['TestsFailed', true]);
    assert.match(fault.message, /team-gets-its-label/);
    assert.equal(condition(source, 'ArtifactOutdated', 1).reason, 'NewRevision');
    assert.deepEqual(conditionTypes(source, 0), ['Ready=True', 'ArtifactInStorage=True']);
  });

  it('by a commit of the base holds that one back, named as what it breaks, while other teams move on', async () => {
    const source = open();
    await source.start();
    const good = base.head();
    base.commit({ 'overlay.tpl': giving('two') });
    other.commit({ 'overlay.tpl': '# second' });
    await source.sync();
    assert.equal(source.status().serving, revisions(good, team.head(), other.head()));
    const fault = condition(source, 'BuildFailed', 0);
    assert.equal(fault.reason, 'TestsFailed');
    assert.match(
      fault.message,
      new RegExp(`${base.head()} is not served: .*breaks source team: test team-gets-its-label`),
    );
    assert.deepEqual(conditionTypes(source, 1), ['Ready=True', 'ArtifactInStorage=True']);
    assert.deepEqual(conditionTypes(source, 2), ['Ready=True', 'ArtifactInStorage=True']);

    // The team that follows the base lets it through.
    team.commit({ 'test.yaml': expecting('two') });
    await source.sync();
    assert.equal(source.status().serving, revisions(base.head(), team.head(), other.head()));
    assert.deepEqual(problemsOf(source), []);
  });

  it('by commits that came together is laid to the one without which the others are good', async () => {
    const source = open();
    await source.start();
    const good = base.head();
    base.commit({ 'overlay.tpl': giving('two') });
    team.commit({ 'test.yaml': `# reworded\n${expecting('one')}` });
    await source.sync();
    assert.equal(source.status().serving, revisions(good, team.head(), other.head()));
    assert.deepEqual(conditionTypes(source, 1), ['Ready=True', 'ArtifactInStorage=True']);
    assert.equal(condition(source, 'BuildFailed', 0).reason, 'TestsFailed');
  });

  it('by a commit of the base is only told where the team’s tests are to be reported, also after a restart', async () => {
    const before = open({ tests: 'Report' });
    await before.start();
    await before.stop();
    const source = open({ tests: 'Report' });
    await source.start();
    base.commit({ 'overlay.tpl': giving('two') });
    await source.sync();
    assert.equal(source.status().serving, revisions(base.head(), team.head(), other.head()));
    assert.deepEqual(conditionTypes(source, 0), ['Ready=True', 'ArtifactInStorage=True']);
    const told = condition(source, 'Healthy', 1);
    assert.deepEqual([told.status, told.reason], ['False', 'TestsFailed']);
    assert.match(told.message, /team-gets-its-label/);
    assert.equal(condition(source, 'Ready', 1).reason, 'TestsFailed');
    await source.stop();

    const again = open({ tests: 'Report' });
    await again.start();
    assert.equal(again.status().serving, revisions(base.head(), team.head(), other.head()));
    const good = team.head();
    // A commit of its own has to pass them.
    team.commit({ 'test.yaml': expecting('three') });
    await again.sync();
    assert.equal(again.status().serving, revisions(base.head(), good, other.head()));
    assert.equal(condition(again, 'BuildFailed', 1).reason, 'TestsFailed');
    team.commit({ 'test.yaml': expecting('two') });
    await again.sync();
    assert.deepEqual([problemsOf(again), conditionTypes(again, 1)], [[], ['Ready=True', 'ArtifactInStorage=True']]);
  });

  it('keeps the gateway from starting where nothing has ever served', async () => {
    team.commit({ 'test.yaml': expecting('never') });
    await assert.rejects(open({ tests: 'Report' }).start(), { code: 'TEST_FAILED' });
  });
});

it('a base that takes away what a team refers to is held back, and named', async () => {
  team.commit({ 'extra.yaml': REVISION.replace('name: v1', 'name: extra'), 'overlay.tpl': 'metadata: {}' });
  const source = open();
  await source.start();
  const good = base.head();
  base.commit({
    'mesh.yaml': MESH.replace('edge', 'renamed'),
    'v1.yaml': REVISION.replace('mesh: edge', 'mesh: renamed'),
  });
  await source.sync();
  assert.equal(source.status().serving, revisions(good, team.head(), other.head()));
  assert.equal(condition(source, 'BuildFailed', 0).reason, 'PoliciesInvalid');
  assert.match(condition(source, 'BuildFailed', 0).message, /breaks source (team|other)/);
  assert.equal(condition(source, 'Ready', 1).status, 'True');
});
