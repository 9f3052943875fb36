/** `meshgate explain` and `inject` choose a revision of a source as a gateway does: by labels, and by a rollout's cohorts. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Explanation } from '../../gateway/explain/explanation.ts';
import { placeOf } from '../../gateway/rollout/cohort.ts';
import { type CommandResult, Workspace } from './command.ts';

const HEAD = 'apiVersion: meshgate.dev/v1alpha1\n';
const revision = (name: string) =>
  `---\n${HEAD}kind: MeshRevision\nmetadata: {name: ${name}}\nspec: {mesh: shop, template: {template: {inline: 'spec: {containers: [{name: proxy, image: "proxy:${name}"}]}'}, policy: enabled}}\n`;

function policies(mesh = '', rollout = ''): string {
  return `${HEAD}kind: Mesh
metadata: {name: shop}
spec: {provider: template, defaultRevision: v1, tags: {next: v3}${mesh}}
${revision('v1')}${revision('v2')}${revision('v3')}---
${HEAD}kind: ClusterSnapshot
metadata: {name: c}
spec:
  namespaces:
  - {name: shop, labels: {tier: web}}
  - {name: bank, labels: {meshgate.dev/rev: next}}
  - {name: quiet, annotations: {meshgate.dev/rollout: disabled}}
---
${HEAD}kind: RevisionRollout
metadata: {name: move}
spec: {mesh: shop, from: v1, to: v2${rollout}}
`;
}

function deployment(name: string, namespace = 'shop', metadata = '{}'): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: ${namespace}}
spec: {template: {metadata: ${metadata}, spec: {containers: [{name: app, image: example.com/app}]}}}
`;
}

let space: Workspace;
beforeEach(() => {
  space = new Workspace();
  space.write('policies/mesh.yaml', policies());
});
afterEach(() => space.remove());

async function run(command: 'explain' | 'inject', file: string, ...flags: string[]): Promise<CommandResult> {
  const input = space.write('in.yaml', file);
  const given = command === 'inject' ? ['-f', input] : [input];
  return space.run(command, ...given, '--source', space.path('policies'), ...flags);
}

async function explain(file: string, ...flags: string[]): Promise<Explanation> {
  const { out, err } = await run('explain', file, '--json', ...flags);
  const [first] = JSON.parse(out || '[]') as Explanation[];
  assert.ok(first !== undefined, err);
  return first;
}

const saysOf = ({ steps }: Explanation, rule: string) => steps.find((step) => step.rule === rule)?.says;
const place = (name: string) => placeOf('move', 'shop', { kind: 'Deployment', name });
const shown = (name: string) => (Math.floor(place(name) * 100) / 100).toFixed(2);

describe('the cohort of a workload', () => {
  it('is told with place, weight and revision', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
      const told = await explain(deployment(name), '--weight', '40');
      const included = place(name) < 40;
      assert.deepEqual(told.cohort, {
        ...{ rollout: 'move', from: 'v1', to: 'v2', weight: 40, place: place(name), included, keptOut: null },
      });
      assert.equal(told.revision, included ? 'v2' : 'v1');
      const says = included
        ? `in the canary, as ${shown(name)} is below 40: revision v2`
        : `not in the canary, as ${shown(name)} is not below 40: revision v1`;
      assert.equal(saysOf(told, 'rollout'), says);
    }
  });

  it('is not guessed without a weight', async () => {
    const told = await explain(deployment('a'));
    assert.deepEqual([told.revision, told.cohort?.weight, told.cohort?.included], ['v1', null, null]);
    assert.equal(
      saysOf(told, 'rollout'),
      `in the canary at weights above ${shown('a')}; --weight or --state tells the weight`,
    );
  });

  const OPTED_OUT = '{annotations: {meshgate.dev/rollout: disabled}}';
  const ASKS = '{labels: {meshgate.dev/rev: v3}}';
  const keptOut: readonly (readonly [string, string, string, string, string, string])[] = [
    ['podAnnotation', 'v1', 'shop', OPTED_OUT, '', 'annotation meshgate.dev/rollout: disabled of the pod'],
    ['namespaceAnnotation', 'v1', 'quiet', '{}', '', 'annotation meshgate.dev/rollout: disabled of the namespace'],
    [
      ...(['namespaceSelector', 'v1', 'quiet2', '{}', ', namespaceSelector: {matchLabels: {tier: web}}'] as const),
      "the rollout's namespaceSelector does not match the namespace's labels",
    ],
    [
      ...(['objectSelector', 'v1', 'shop', '{}', ', objectSelector: {matchLabels: {app: web}}'] as const),
      "the rollout's objectSelector does not match the pod's labels",
    ],
    ['label', 'v3', 'shop', ASKS, '', 'a label asks for a revision'],
  ];
  for (const [why, chosen, namespace, metadata, rollout, words] of keptOut) {
    it(`is outside by ${why}`, async () => {
      space.write('policies/mesh.yaml', policies('', rollout));
      const told = await explain(deployment('a', namespace, metadata), '--weight', '100');
      assert.deepEqual([told.cohort?.keptOut, told.cohort?.included, told.revision], [why, false, chosen]);
      assert.equal(saysOf(told, 'rollout'), `not in the canary: ${words}`);
    });
  }

  it('reads the namespace from flags too', async () => {
    space.write('policies/mesh.yaml', policies('', ', namespaceSelector: {matchLabels: {tier: web}}'));
    const flags = ['--weight', '100', '--namespace-labels', 'tier=web'];
    assert.equal((await explain(deployment('a', 'quiet2'), ...flags)).revision, 'v2');
  });

  it('is told in words', async () => {
    const { out } = await run('explain', deployment('a'), '--weight', '100');
    assert.match(out, /^Deployment shop\/a \(mesh shop, revision v2\)$/m);
    assert.match(out, /rollout +rollout move from v1 to v2 at weight 100; Deployment shop\/a has place \d+\.\d\d$/m);
  });
});

describe('a label that names a revision', () => {
  it('is followed, of the namespace before that of the pod', async () => {
    const told = await explain(deployment('a', 'bank', '{labels: {meshgate.dev/rev: v2}}'));
    assert.equal(told.revision, 'v3');
    assert.equal(
      told.steps.find(({ rule }) => rule === 'revision')?.saw,
      'label meshgate.dev/rev=next of the namespace',
    );
    const injected = await run('inject', deployment('a', 'bank'));
    assert.match(injected.out, /image: "?proxy:v3/);
  });

  it('is followed by each workload of a file by itself, beside the cohorts', async () => {
    const [inside, outside] = [deployment('in'), deployment('out', 'quiet')];
    const { out, code } = await run(
      'inject',
      [inside, outside, deployment('b', 'bank')].join('---\n'),
      '--weight',
      '100',
    );
    assert.equal(code, 0);
    assert.deepEqual(out.match(/proxy:v\d/g), ['proxy:v2', 'proxy:v1', 'proxy:v3']);
  });

  it('gives a warning, or a denial, where there is no such revision', async () => {
    const file = deployment('a', 'shop', '{labels: {meshgate.dev/rev: v9}}');
    const warned = await run('inject', file);
    assert.match(
      warned.err,
      /^warning: label meshgate.dev\/rev=v9 of the pod names no revision of mesh shop; revision v1 is used$/m,
    );
    assert.match(warned.out, /proxy:v1/);
    space.write('policies/mesh.yaml', policies(', unknownRevision: Deny'));
    const denied = await run('inject', file);
    assert.deepEqual([denied.code, denied.out], [1, '']);
    assert.match(denied.err, /"shop\/a" is denied: .*v9 of the pod names no revision.* \[REVISION_UNSERVED\]/);
    const { verdict, steps } = await explain(file);
    assert.deepEqual([verdict.kind, verdict.code, steps.at(-1)?.rule], ['denied', 'REVISION_UNSERVED', 'revision']);
  });

  it('has no say where the revision is named', async () => {
    const told = await explain(deployment('a', 'bank'), '--revision', 'v2');
    assert.deepEqual([told.revision, told.cohort], ['v2', undefined]);
  });
});

describe('flags that mean nothing', () => {
  it('are refused', async () => {
    const wrong: readonly (readonly [RegExp, ...string[]])[] = [
      [/percentage from 0 to 100, not 101/, '--weight', '101'],
      [/percentage/, '--weight', 'much'],
      [/exclude each other/, '--weight', '10', '--state', '.'],
      [/no rollout has a say/, '--weight', '10', '--revision', 'v2'],
    ];
    for (const [message, ...flags] of wrong) {
      const { code, err } = await run('explain', deployment('a'), ...flags);
      assert.equal(code, 2, err);
      assert.match(err, message);
    }
    const { code, err } = await run('explain', deployment('a'), '--state', space.path('nowhere'));
    assert.equal(code, 3, err);
    assert.match(err, /GATEWAY_NOT_RUNNING/);
  });
});
