import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Rollout } from '../rollout/rollout.ts';
import { buildSnapshot, EMPTY_BUILD_CACHE } from './build.ts';
import { digestOf } from './canonical-json.ts';
import { formatProblem, orderProblems } from './problem.ts';
import { createSchemaCheck } from './schema-check.ts';

const check = createSchemaCheck();

const MESH = `apiVersion: meshgate.dev/v1alpha1
kind: Mesh
metadata: {name: edge}
spec: {provider: template, defaultRevision: v1, tags: {next: v2}}
`;
const revision = (name: string, text = 'spec: {}') => `---
apiVersion: meshgate.dev/v1alpha1
kind: MeshRevision
metadata: {name: ${name}}
spec: {mesh: edge, template: {template: {inline: "${text}"}}}
`;
const rollout = (spec: string, name = 'r') => `---
apiVersion: meshgate.dev/v1alpha1
kind: RevisionRollout
metadata: {name: ${name}}
spec:
${spec.replaceAll(/^/gm, '  ')}
`;
const MOVE = 'mesh: edge\nfrom: v1\nto: v2\n';

async function build(rollouts: string, second = 'spec: {}') {
  const bytes = Buffer.from(MESH + revision('v1') + revision('v2', second) + rollouts);
  const file = { path: 'all.yaml', bytes: bytes.length, id: digestOf(bytes.toString('latin1')) };
  const tree = {
    revision: 'main@sha1:0',
    prefix: '',
    files: new Map([[file.path, file]]),
    problems: [],
    read: async () => new Map([[file.path, bytes]]),
  };
  const { signal } = new AbortController();
  return buildSnapshot(tree, EMPTY_BUILD_CACHE, { check, compile: async () => [], loadedAt: new Date(0), signal });
}

async function built(spec: string, second?: string): Promise<Rollout> {
  const { snapshot, problems } = await build(rollout(spec), second);
  assert.deepEqual(problems.map(formatProblem), []);
  const found = snapshot?.rollouts?.get('r');
  assert.ok(found);
  return found;
}

async function problemsOf(spec: string): Promise<readonly string[]> {
  return orderProblems((await build(rollout(spec))).problems).map((each) =>
    formatProblem(each).replace(/^all\.yaml:(\d+):(\d+): error: /, (_, line) => `${Number(line) - 19}: `),
  );
}

describe('a RevisionRollout', () => {
  it('has defaults, and units of its own', async () => {
    const { digest, ...rest } = await built(MOVE);
    assert.match(digest, /^[0-9a-f]{64}$/);
    assert.deepEqual(rest, {
      name: 'r',
      mesh: 'edge',
      from: 'v1',
      to: 'v2',
      namespaceSelector: null,
      objectSelector: null,
      intervalMs: 60_000,
      threshold: 2,
      steps: [10, 20, 30, 40, 50],
      iterations: 1,
      metrics: [],
      webhooks: [],
      skipAnalysis: false,
      suspend: false,
    });
    const full = await built(`${MOVE}analysis:
  interval: 300ms
  metrics:
    - {name: denied-rate, thresholdRange: {max: 1}, minSamples: 20, onMissing: Ignore, interval: 5m}
    - name: latency
      thresholdRange: {max: 0.5}
      query: 'avg(x{mesh="{{ mesh }}",revision="{{to}}"}[{{ interval }}])'
      prometheus: {address: "http://prometheus:9090"}
  webhooks: [{name: gate, type: confirm-promotion, url: "http://gate/x", timeout: 3s, metadata: {a: b}}]
`);
    assert.equal(full.intervalMs, 300);
    assert.deepEqual(
      full.metrics.map(({ name, intervalMs, minSamples, onMissing, prometheus }) => {
        return [name, intervalMs, minSamples, onMissing, prometheus?.address];
      }),
      [
        ['denied-rate', 300_000, 20, 'Ignore', undefined],
        ['latency', 300, 1, 'Fail', 'http://prometheus:9090'],
      ],
    );
    assert.deepEqual(full.webhooks, [
      { name: 'gate', type: 'confirm-promotion', url: 'http://gate/x', timeoutMs: 3_000, metadata: { a: 'b' } },
    ]);
  });

  it('goes up by stepWeight, along stepWeights, or at once', async () => {
    const steps = async (analysis: string) => (await built(`${MOVE}analysis: {${analysis}}\n`)).steps;
    assert.deepEqual(await steps('stepWeight: 20, maxWeight: 50'), [20, 40, 50]);
    assert.deepEqual(await steps('stepWeight: 60'), [60]);
    assert.deepEqual(await steps('maxWeight: 5'), [5]);
    assert.deepEqual(await steps('stepWeights: [1, 5, 80]'), [1, 5, 80]);
    assert.deepEqual(await steps('stepWeights: [1, 5, 80], maxWeight: 50'), [1, 5, 50]);
    const { iterations, steps: once } = await built(`${MOVE}analysis: {iterations: 7}\n`);
    assert.deepEqual([iterations, once], [7, [100]]);
  });

  it('has another digest when it or a revision changes, and the same when it is only suspended', async () => {
    const { digest } = await built(MOVE);
    assert.equal((await built(`${MOVE}suspend: true\n`)).digest, digest);
    assert.notEqual((await built(`${MOVE}analysis: {threshold: 3}\n`)).digest, digest);
    assert.notEqual((await built(MOVE, 'spec: {nodeName: x}')).digest, digest);
  });

  it('has a shadow with defaults, whose mistakes are told', async () => {
    assert.equal((await built(MOVE)).shadow, undefined);
    const { shadow } = await built(`${MOVE}shadow: {upstream: {url: "https://istiod/inject"}}\n`);
    const upstream = { url: 'https://istiod/inject', caFile: null, timeoutMs: 10_000 };
    assert.deepEqual(shadow, { sample: 1, perSecond: 20, allowedDifferences: [], upstream });
    const allowed = await built(`${MOVE}shadow: {sample: 0.5, allowedDifferences: [{path: /spec/**, to: 'a.*'}]}\n`);
    assert.deepEqual(allowed.shadow?.allowedDifferences, [{ path: '/spec/**', to: 'a.*' }]);
    assert.deepEqual(await problemsOf(`${MOVE}shadow:\n  upstream: {url: "https://a/", timeout: 5m}\n`), [
      '5: the timeout 5m is not between 1ms and 30s [FIELD_INVALID]',
    ]);
    const [wrong, ...others] = await problemsOf(`${MOVE}shadow:\n  allowedDifferences:\n  - {path: /a, to: '('}\n`);
    assert.match(wrong ?? '', /^6: the allowed difference can not be used: "\(" is no regular expression/);
    assert.deepEqual(others, []);
  });

  it('says where it is wrong', async () => {
    assert.deepEqual(await problemsOf('mesh: edg\nfrom: v1\nto: v2\n'), [
      '1: there is no mesh "edg" (did you mean "edge"?) [MESH_UNDEFINED]',
    ]);
    assert.deepEqual(await problemsOf('mesh: edge\nfrom: v3\nto: next\n'), [
      '2: mesh edge has no revision "v3" (did you mean "v1"?) [REVISION_UNDEFINED]',
      '3: mesh edge has no revision "next": it is a tag, name the revision itself [REVISION_UNDEFINED]',
    ]);
    assert.deepEqual(await problemsOf('mesh: edge\nfrom: v1\nto: v1\n'), [
      '3: spec.to is the revision that spec.from leaves [FIELD_INVALID]',
    ]);
    assert.deepEqual(
      await problemsOf(`${MOVE}namespaceSelector: {matchExpressions: [{key: a, operator: In}]}
analysis:
  stepWeight: 5
  stepWeights: [5, 4]
  interval: 10ms
  metrics:
    - {name: denied-rat, thresholdRange: {max: 1}}
    - {name: x, thresholdRange: {}, query: "{{ namespace }}"}
    - {name: error-rate, thresholdRange: {min: 2, max: 1}}
  webhooks: [{name: w, url: "http://w", timeout: 2m}]
`),
      [
        '4: spec.namespaceSelector: In needs at least one value [FIELD_INVALID]',
        '7: spec.analysis has stepWeight and stepWeights: only one of them says how it goes on [FIELD_INVALID]',
        '8: the interval 10ms is not between 100ms and 24h [FIELD_INVALID]',
        '10: "denied-rat" is no built-in metric, and has no query (did you mean "denied-rate"?) [FIELD_INVALID]',
        '11: metric x needs both query and prometheus, or neither of them [FIELD_INVALID]',
        '11: metric x has neither min nor max, so that everything would pass [FIELD_INVALID]',
        '11: the query has {{ namespace }}, which stands for nothing [FIELD_INVALID]',
        '12: metric error-rate has a min above its max, so that nothing would pass [FIELD_INVALID]',
        '13: the timeout 2m is not between 1ms and 1m [FIELD_INVALID]',
      ],
    );
    assert.deepEqual(await problemsOf(`${MOVE}analysis: {stepWeights: [5, 4]}\n`), [
      '4: spec.analysis.stepWeights does not rise at item 1 [FIELD_INVALID]',
    ]);
    const opens = (name: string) => `{name: ${name}, type: open-change, url: "http://w"}`;
    assert.deepEqual(await problemsOf(`${MOVE}analysis:\n  webhooks:\n  - ${opens('a')}\n  - ${opens('b')}\n`), [
      '7: there are two webhooks of the type open-change: a change is opened once [FIELD_INVALID]',
    ]);
  });

  it('is the only one of its mesh that leaves a revision', async () => {
    const { problems } = await build(rollout(MOVE) + rollout(MOVE, 's') + rollout('mesh: edge\nfrom: v2\nto: v1', 't'));
    assert.deepEqual(
      problems.map(({ code, message }) => [code, message]),
      [['ROLLOUT_CONFLICT', 'rollout r already leaves revision v1 of mesh edge']],
    );
  });
});
