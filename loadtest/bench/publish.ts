/**
 * `node loadtest/bench/publish.ts [--revisions N] [--rate N] [--rounds N] [--json FILE]`: what requests feel of a commit that changes every
 * revision, and how long it takes to serve. A real gateway with one worker reads a real repository; requests come at a constant rate,
 * whether earlier ones were answered or not; a signed webhook call announces each commit, and the time to the new snapshot is taken from
 * that call, so that the fetch counts as well.
 *
 * Exits 1 when a commit took longer than 1 s, or a request more than 20 ms longer than the median without a commit.
 */
import { execFileSync } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Agent, request } from 'undici';
import { distinctReviews } from '../fleet/fleet.ts';
import { type RunningGateway, startGateway } from '../gateway.ts';

const SERVED_LIMIT_MS = 1_000;
const SLOWER_LIMIT_MS = 20;
const BASELINE_MS = 5_000;
/** How long requests are watched after a commit. */
const ROUND_MS = 3_000;
const WARM_UP = 500;
const root = join(import.meta.dirname, '..', '..');

const { values: options } = parseArgs({
  options: {
    revisions: { type: 'string', default: '100' },
    rate: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'string' },
  },
});
const revisions = Number(options.revisions);
const rate = Number(options.rate);

interface Sample {
  readonly sentAtMs: number;
  readonly durationMs: number;
}

/** Istio's own default configuration where it is recorded, otherwise the one of the default policies. */
function readConfiguration(): { injectConfig: string; values: string; meshConfig: string } {
  const configs = join(process.env.MESHGATE_CORPUS ?? join(root, '..', 'shared', 'corpus'), 'istio');
  const marker = join(configs, 'DEFAULT');
  const text = (...path: readonly string[]) => readFileSync(join(...path), 'utf8');
  if (existsSync(marker)) {
    const folder = join(configs, 'configs', text(marker).trim());
    const [injectConfig, values] = [text(folder, 'inject-config.yaml'), text(folder, 'values.json')];
    return { injectConfig, values, meshConfig: text(folder, 'mesh.configmap.yaml') };
  }
  const folder = join(root, 'policies', 'istio-prod');
  const [values, meshConfig] = [text(folder, '1-30', 'values.json'), text(folder, '1-30', 'mesh.yaml')];
  return { injectConfig: text(folder, 'inject-config.yaml'), values, meshConfig };
}

function git(repository: string, ...args: readonly string[]): void {
  const identity = ['-c', 'user.name=bench', '-c', 'user.email=bench@example.com'];
  execFileSync('git', ['-C', repository, ...identity, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Every revision has a template of its own, and every commit changes all of them. */
function commitRound(repository: string, round: number): void {
  const { injectConfig, values, meshConfig } = readConfiguration();
  for (let index = 0; index < revisions; index += 1) {
    const folder = join(repository, `r${index}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'inject-config.yaml'), `${injectConfig}\n# revision ${index}, round ${round}\n`);
    writeFileSync(join(folder, 'values.json'), values);
    writeFileSync(join(folder, 'mesh.yaml'), meshConfig);
    writeFileSync(join(folder, 'revision.yaml'), revisionText(index));
  }
  writeFileSync(
    join(repository, 'mesh.yaml'),
    'apiVersion: meshgate.dev/v1alpha1\nkind: Mesh\nmetadata: {name: istio}\nspec: {provider: istio, paths: [/inject], defaultRevision: r0}\n',
  );
  git(repository, 'add', '-A');
  git(repository, 'commit', '-q', '-m', `round ${round}`);
}

function revisionText(index: number): string {
  return `apiVersion: meshgate.dev/v1alpha1
kind: MeshRevision
metadata: {name: r${index}}
spec:
  mesh: istio
  istio: {injectConfig: {file: inject-config.yaml}, values: {file: values.json}, meshConfig: {file: mesh.yaml}}
`;
}

/** Sends reviews at a constant rate until it is stopped; a late answer keeps no later request from being sent. */
class Load {
  readonly samples: Sample[] = [];
  readonly #reviews = distinctReviews({ seed: 1 });
  readonly #agent: Agent;
  readonly #url: string;
  failed = 0;

  constructor(gateway: RunningGateway) {
    this.#agent = new Agent({ connect: { ca: readFileSync(gateway.ca) }, connections: 32, pipelining: 1 });
    this.#url = `${gateway.admission}/inject?timeout=10s`;
  }

  async warmUp(): Promise<void> {
    for (let count = 0; count < WARM_UP; count += 1) await this.#send();
    this.samples.length = 0;
  }

  async run(signal: AbortSignal): Promise<void> {
    const pending = new Set<Promise<void>>();
    const start = performance.now();
    for (let count = 0; !signal.aborted; count += 1) {
      const wait = start + (count * 1_000) / rate - performance.now();
      if (wait > 0) await sleep(wait);
      const sent = this.#send().finally(() => pending.delete(sent));
      pending.add(sent);
    }
    await Promise.all(pending);
  }

  async #send(): Promise<void> {
    const body = JSON.stringify(this.#reviews.next().value);
    const sentAtMs = performance.now();
    const headers = { 'content-type': 'application/json' };
    const answer = await request(this.#url, { method: 'POST', headers, body, dispatcher: this.#agent });
    await answer.body.dump();
    if (answer.statusCode !== 200) this.failed += 1;
    this.samples.push({ sentAtMs, durationMs: performance.now() - sentAtMs });
  }

  close(): Promise<void> {
    return this.#agent.close();
  }
}

/** Announces the commit and waits until it serves; resolves with the milliseconds that took. */
async function publish(gateway: RunningGateway, secret: string, commit: string): Promise<number> {
  const body = JSON.stringify({ after: commit });
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  const start = performance.now();
  const headers = { 'x-hub-signature-256': `sha256=${signature}` };
  const hook = await request(`${gateway.admin}/hooks/git`, { method: 'POST', headers, body });
  await hook.body.dump();
  if (hook.statusCode !== 202) throw new Error(`the webhook was answered ${hook.statusCode}`);
  while (performance.now() - start < 60_000) {
    const readiness = (await (await request(`${gateway.admin}/readyz`)).body.json()) as {
      checks: { snapshot: { serving: string | null } };
    };
    if (readiness.checks.snapshot.serving?.endsWith(commit) === true) return performance.now() - start;
    await sleep(10);
  }
  throw new Error('the commit did not serve within a minute');
}

function quantile(samples: readonly Sample[], share: number): number {
  const sorted = samples.map(({ durationMs }) => durationMs).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

const shown = (ms: number): string => ms.toFixed(1);

const folder = mkdtempSync(join(tmpdir(), 'meshgate-publish-'));
const repository = join(folder, 'policies');
const secret = randomBytes(24).toString('hex');
writeFileSync(join(folder, 'secret'), secret);
mkdirSync(repository);
git(repository, 'init', '-q', '-b', 'main');
commitRound(repository, 0);
const gateway = await startGateway({
  args: ['--source', `file://${repository}`, '--workers', '1', '--hook-token-file', join(folder, 'secret')],
});
const load = new Load(gateway);
try {
  await load.warmUp();
  const stop = new AbortController();
  const running = load.run(stop.signal);
  await sleep(BASELINE_MS);
  const baseline = [...load.samples];
  const rounds: { servedMs: number; slowestMs: number; p99Ms: number }[] = [];
  for (let round = 1; round <= Number(options.rounds); round += 1) {
    commitRound(repository, round);
    // Making the commit is not what is measured.
    await sleep(1_000);
    const head = execFileSync('git', ['-C', repository, 'rev-parse', 'HEAD'], { encoding: 'utf8' }).trim();
    const start = performance.now();
    const servedMs = await publish(gateway, secret, head);
    await sleep(Math.max(0, ROUND_MS - servedMs));
    const during = load.samples.filter(({ sentAtMs }) => sentAtMs >= start);
    rounds.push({ servedMs, slowestMs: quantile(during, 1), p99Ms: quantile(during, 0.99) });
  }
  stop.abort();
  await running;
  const before = { p50Ms: quantile(baseline, 0.5), p99Ms: quantile(baseline, 0.99), slowestMs: quantile(baseline, 1) };
  const good =
    load.failed === 0 &&
    rounds.every(
      ({ servedMs, slowestMs }) => servedMs <= SERVED_LIMIT_MS && slowestMs - before.p50Ms <= SLOWER_LIMIT_MS,
    );
  console.log(`${revisions} revisions, ${rate} requests a second, one worker, ${load.failed} failed`);
  console.log(
    `  without a commit    p50 ${shown(before.p50Ms)} ms  p99 ${shown(before.p99Ms)} ms  slowest ${shown(before.slowestMs)} ms`,
  );
  for (const { servedMs, slowestMs, p99Ms } of rounds) {
    console.log(
      `  commit served after ${shown(servedMs)} ms; meanwhile p99 ${shown(p99Ms)} ms  slowest ${shown(slowestMs)} ms`,
    );
  }
  console.log(
    good ? 'good' : `not good: the limits are ${SERVED_LIMIT_MS} ms, and ${SLOWER_LIMIT_MS} ms above the median`,
  );
  if (options.json !== undefined)
    writeFileSync(options.json, `${JSON.stringify({ revisions, rate, before, rounds })}\n`);
  process.exitCode = good ? 0 : 1;
} finally {
  await load.close();
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
}
