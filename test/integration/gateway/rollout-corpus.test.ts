/**
 * A real rollout: Istio 1.28 and 1.30 as they were recorded, their recorded reviews as live load. The mesh moves to 1.30 step by step and by
 * itself; a next revision, whose template denies, is rolled back by itself. All the while each pod is what Istio's injector of the
 * revision that its cohort says has made of it.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import type { ReadyLine } from '../../../gateway/gateway.ts';
import { placeOf } from '../../../gateway/rollout/cohort.ts';
import type { RolloutDescription } from '../../../gateway/rollout/describe.ts';
import { readPodMetadata } from '../../../gateway/rollout/pod-metadata.ts';
import { workloadOf } from '../../../gateway/rollout/workload.ts';
import { applyPatch } from '../../../workers/jsonpatch/apply.ts';
import type { Operation } from '../../../workers/jsonpatch/operation.ts';
import { firstDifference } from '../../../workers/kube/pod-compare.ts';
import type { IstioRevisionSpec } from '../../../workers/protocol.ts';
import type { JsonObject } from '../../../workers/template/value.ts';
import { corpusPath, corpusSkip } from '../../conformance/corpus.ts';
import { type IstioReleaseCase, istioReleaseCases, istioReleases } from '../../conformance/istio-releases.ts';
import { differenceAsKnownTo, kubernetesOfIstio } from '../../conformance/kube-fields.ts';
import { patchText, TestClient } from './harness.ts';
import { GatewayProcess, makeFolders, readFile } from './process.ts';

const SET = 'classic';
const INTERVAL_MS = 1_000;
const STEPS = [25, 60];
/** A turn of the controller, a check that asks all processes, and what a busy machine adds. */
const SLACK_MS = 1_500;
const HEAD = 'apiVersion: meshgate.dev/v1alpha1\n';

/** A review of the corpus, and what both releases have made of its pod. */
interface Recorded {
  readonly path: string;
  readonly body: string;
  readonly object: JsonObject;
  /** By release. */
  readonly pods: ReadonlyMap<string, JsonObject>;
  /** In the rollout, by its name. */
  readonly place: (rollout: string) => number;
}

/** The reviews of both releases that were injected by either, and whose pods ask for no revision. */
function readLoad(releases: readonly string[]): { load: readonly Recorded[]; specs: Map<string, IstioRevisionSpec> } {
  const specs = new Map<string, IstioRevisionSpec>();
  const byBody = new Map<string, IstioReleaseCase[]>();
  for (const release of releases) {
    for (const each of istioReleaseCases(release)) {
      if (each.set !== SET) break;
      specs.set(release, each.spec);
      if (!each.allowed || each.pod === null || each.upstreamInvalid) continue;
      byBody.set(each.body, [...(byBody.get(each.body) ?? []), each]);
    }
  }
  const load = [...byBody.values()].flatMap((cases): Recorded[] => {
    const [first] = cases;
    if (first === undefined || cases.length < releases.length) return [];
    const metadata = readPodMetadata(Buffer.from(JSON.stringify(first.object)));
    const templates = metadata.annotations['inject.istio.io/templates'];
    if (metadata.labels['istio.io/rev'] !== undefined || (templates !== undefined && templates !== 'sidecar'))
      return [];
    const { namespace } = (JSON.parse(first.body) as { request: { namespace: string } }).request;
    const workload = workloadOf(metadata, () => undefined);
    return [
      {
        path: first.path,
        body: first.body,
        object: first.object,
        pods: new Map(cases.flatMap(({ release, pod }) => (pod === null ? [] : [[release, pod] as const]))),
        place: (rollout) => placeOf(rollout, namespace, workload),
      },
    ];
  });
  return { load, specs };
}

function rolloutFile(name: string, from: string, to: string): string {
  const metric = (each: string) => `{name: ${each}, thresholdRange: {max: 1}, minSamples: 5, onMissing: Wait}`;
  const metrics = ['error-rate', 'denied-rate'].map(metric).join(', ');
  const analysis = `{interval: ${INTERVAL_MS}ms, stepWeights: [${STEPS.join(', ')}], metrics: [${metrics}]}`;
  return `${HEAD}kind: RevisionRollout\nmetadata: {name: ${name}}\nspec: {mesh: prod, from: ${from}, to: ${to}, analysis: ${analysis}}\n`;
}

const skip = corpusSkip();

describe('a rollout between two recorded releases of Istio', { skip }, () => {
  const folders = makeFolders();
  const write = (name: string, text: string) => writeFileSync(join(folders.policy, name), text);
  let gateway: GatewayProcess;
  let ready: ReadyLine;
  let client: TestClient;
  let load: readonly Recorded[] = [];
  /** The releases by their revisions' names. */
  const releaseOf = new Map<string, string>();
  /** What is wrong with answers, but for denials of workloads in the canary of the revision that denies. */
  const wrong: string[] = [];
  const answered = { '1-28': 0, '1-30': 0, denied: 0 };
  let ending = false;
  let sending: Promise<unknown>;

  function meshFile(defaultRevision: string): string {
    return `${HEAD}kind: Mesh\nmetadata: {name: prod}\nspec: {provider: istio, defaultRevision: ${defaultRevision}, paths: [/inject], nativeSidecars: Never}\n`;
  }

  function writeRevision(name: string, { injectConfig, values, meshConfig, revision }: IstioRevisionSpec): void {
    mkdirSync(join(folders.policy, name), { recursive: true });
    write(`${name}/inject-config.yaml`, injectConfig);
    write(`${name}/values.json`, values);
    write(`${name}/mesh.yaml`, meshConfig);
    const texts = `injectConfig: {file: ${name}/inject-config.yaml}, values: {file: ${name}/values.json}, meshConfig: {file: ${name}/mesh.yaml}`;
    write(
      `${name}.yaml`,
      `${HEAD}kind: MeshRevision\nmetadata: {name: ${name}}\nspec: {mesh: prod, istio: {${texts}, revision: ${revision}}}\n`,
    );
  }

  /** Sends one and says which of the revisions has answered as it was recorded; null for a denial. */
  async function ask(each: Recorded): Promise<string | null> {
    const answer = await client.post(`${each.path}?timeout=10s`, each.body);
    if (answer.body.response?.allowed !== true) return null;
    const pod = applyPatch(each.object, JSON.parse(patchText(answer)) as Operation[]) as JsonObject;
    const differences: string[] = [];
    for (const [name, release] of releaseOf) {
      const recorded = each.pods.get(release);
      if (recorded === undefined) continue;
      const kubernetes = kubernetesOfIstio(release);
      const differs =
        firstDifference(recorded, pod) !== null && differenceAsKnownTo(kubernetes, recorded, pod) !== null;
      if (!differs) return name;
      differences.push(`${name}: ${JSON.stringify(firstDifference(recorded, pod))?.slice(0, 300)}`);
    }
    wrong.push(`neither release makes this pod of ${each.path}: ${differences.join('; ')}`);
    return '';
  }

  async function sendAll(lane: number): Promise<void> {
    for (let n = lane; !ending; n += 3) {
      const each = load[n % load.length];
      if (each === undefined) return;
      const name = await ask(each);
      if (name === '1-28' || name === '1-30') answered[name] += 1;
      else if (name === null) {
        answered.denied += 1;
        // Only the first step's workloads ever see the bad revision.
        if (each.place('worse') >= (STEPS[0] ?? 0)) wrong.push(`denied: place ${each.place('worse')}`);
      }
      await sleep(4);
    }
  }

  async function until(name: string, what: string, holds: (now: RolloutDescription) => boolean) {
    let now: RolloutDescription | null = null;
    for (let i = 0; i < 400; i++) {
      const answer = await request(`${ready.admin}/api/v1/rollouts/${name}`);
      now = answer.statusCode === 200 ? ((await answer.body.json()) as RolloutDescription) : null;
      if (answer.statusCode !== 200) await answer.body.dump();
      if (now !== null && holds(now)) return now;
      await sleep(50);
    }
    return assert.fail(`${what}: ${JSON.stringify(now)}\n${gateway.stderr.slice(-2_000)}`);
  }

  before(async () => {
    assert.ok(existsSync(corpusPath('istio', 'releases')), `no recorded releases at ${corpusPath()}`);
    for (const name of ['1-28', '1-30']) {
      const release = istioReleases().find((each) => each.startsWith(`${name.replace('-', '.')}.`));
      assert.ok(release !== undefined, `no release ${name} is recorded`);
      releaseOf.set(name, release);
    }
    const read = readLoad([...releaseOf.values()]);
    load = read.load;
    assert.ok(load.length > 20, `${load.length} reviews`);
    const [old, next] = [...releaseOf.values()].map((release) => read.specs.get(release));
    assert.ok(old !== undefined && next !== undefined);
    const worse = next.injectConfig.replace(/^ {2}sidecar: \|\n/m, '$&    {{ fail "this revision denies" }}\n');
    assert.notEqual(worse, next.injectConfig);
    writeRevision('1-28', old);
    writeRevision('1-30', next);
    writeRevision('1-30-worse', { ...next, injectConfig: worse });
    write('mesh.yaml', meshFile('1-28'));
    gateway = new GatewayProcess([
      ...['serve', '--source', folders.policy, '--state', folders.state, '--processes', '2', '--workers', '1'],
      ...['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--drain-delay', '0'],
    ]);
    ready = await gateway.ready();
    client = new TestClient(ready.admission, readFile(ready.ca), { connections: 4 });
    sending = Promise.all([0, 1, 2].map(sendAll));
  });
  after(async () => {
    ending = true;
    await sending;
    await client?.close();
    gateway?.child.kill('SIGKILL');
    folders.remove();
  });

  it('promotes the newer release by itself, step by step', async () => {
    write('rollout.yaml', rolloutFile('better', '1-28', '1-30'));
    const step = await until('better', 'no first step', ({ canaryWeight }) => canaryWeight === STEPS[0]);
    for (const each of load) {
      const name = await ask(each);
      // The next step may have come meanwhile.
      if (each.place('better') < (STEPS[0] ?? 0)) assert.equal(name, '1-30');
      else if (each.place('better') >= (STEPS[1] ?? 0) && step.phase === 'Progressing') {
        const { phase } = await until('better', 'gone', () => true);
        if (phase === 'Progressing') assert.equal(name, '1-28');
      }
    }
    const done = await until('better', 'not promoted', ({ phase }) => phase === 'Succeeded');
    const weights = done.events.flatMap(({ message }) => /weight (\d+)$/.exec(message)?.[1] ?? []);
    assert.deepEqual(weights.map(Number), STEPS);
    for (const each of load) assert.equal(await ask(each), '1-30');
    assert.deepEqual(wrong, []);
    assert.equal(answered.denied, 0);
    assert.ok(answered['1-28'] > 20 && answered['1-30'] > 20, JSON.stringify(answered));
  });

  it('rolls back a revision whose template denies, within two intervals of its first step', async () => {
    write('mesh.yaml', meshFile('1-30'));
    await until('better', 'no agreement', ({ active }) => !active);
    write('rollout.yaml', rolloutFile('worse', '1-30', '1-30-worse'));
    const failed = await until('worse', 'not rolled back', ({ phase }) => phase === 'Failed');
    assert.deepEqual([failed.failure?.check, failed.failure?.limit, failed.canaryWeight], ['denied-rate', 'max 1', 0]);
    assert.equal(failed.failure?.value, 100);
    const at = (pattern: RegExp) => Date.parse(failed.events.find(({ message }) => pattern.test(message))?.at ?? '');
    const tookMs = at(/^Rolled back/) - at(/weight 25$/);
    assert.ok(tookMs <= 2 * INTERVAL_MS + SLACK_MS, `${tookMs} ms`);
    for (const each of load) assert.equal(await ask(each), '1-30');
    assert.ok(answered.denied > 0);
    assert.deepEqual(wrong, []);
    await sleep(2 * INTERVAL_MS);
    const { phase } = await until('worse', 'gone', () => true);
    assert.equal(phase, 'Failed', 'it stays so');
  });
});
