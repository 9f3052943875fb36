/** One load test from beginning to end: the injector, the fleet, k6, the gateway's own figures, the checks. */

import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { BIG_SIZES, type Mix, USUAL_SIZES } from './fleet/mix.ts';
import { type PreparedFleet, prepareReviews, writeReviews } from './fleet/prepare.ts';
import { type Injector, openInjector } from './injector.ts';
import { installK6 } from './k6/install.ts';
import { arrivalsOf, type Load, type Plan, secondsOf } from './k6/plan.ts';
import { bundleDriver, type K6, type K6Run, runK6 } from './k6/process.ts';
import type { ProgressListener } from './k6/progress.ts';
import {
  answersOf,
  droppedOf,
  intervalFigures,
  lateOf,
  phasesOf,
  type Summary,
  spreadOf,
  thresholdChecks,
} from './k6/summary.ts';
import { machineUse, tellNeighbours } from './neighbours.ts';
import type { LoadTestOptions } from './options.ts';
import { adminFigures } from './report/panels.ts';
import { type Check, RECORD_FORMAT, type RunFigures, type RunRecord, type SampleFigures } from './report/record.ts';
import { checkSample } from './report/sample.ts';
import { type Scrape, Scraper } from './report/scrape.ts';

/** V8 compiles the gateway's hot code for some seconds; after that the best stretch counts, for neighbours only slow down. */
const PROBE = { clients: 24, seconds: 18, warmupSeconds: 8, stretchSeconds: 4 } as const;
const CLOSED_LOOP_REVIEWS = 4_000;
const WARM_UP = { clients: 8, seconds: 4 } as const;
const POINTS_LIMIT = 180;
/** Each client is a JavaScript engine of k6's with a connection of its own. */
const CLIENTS_AT_LEAST = 32;
const CLIENTS_AT_MOST = 2_000;

export interface Watcher {
  readonly onStep: (text: string) => void;
  readonly onProgress: ProgressListener;
  readonly signal: AbortSignal;
}

/** Rejects when the run could not be made. */
export async function measure(options: LoadTestOptions, watcher: Watcher): Promise<RunRecord> {
  const folder = mkdtempSync(join(tmpdir(), 'meshgate-loadtest-'));
  try {
    watcher.onStep('getting k6');
    const binary = installK6();
    const script = await bundleDriver(folder);
    watcher.onStep(options.target === null ? 'starting the gateway' : `aiming at ${options.target}`);
    const injector = await openInjector(options);
    try {
      return await new Run(options, watcher, folder, injector, {
        binary,
        script,
        prefix: injector.generatorPrefix,
      }).record();
    } finally {
      await injector.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Driven {
  readonly run: K6Run;
  readonly scrapes: readonly Scrape[];
  /** What has to be said of the machine. */
  readonly neighbours: string | null;
}

class Run {
  readonly #options: LoadTestOptions;
  readonly #watcher: Watcher;
  readonly #folder: string;
  readonly #injector: Injector;
  readonly #k6: K6;
  readonly #urls: readonly string[];

  constructor(options: LoadTestOptions, watcher: Watcher, folder: string, injector: Injector, k6: K6) {
    this.#options = options;
    this.#watcher = watcher;
    this.#folder = folder;
    this.#injector = injector;
    this.#k6 = k6;
    this.#urls = injector.destinations.map(({ url }) => withTimeout(url, options.settings.timeoutSeconds));
  }

  async record(): Promise<RunRecord> {
    const { scenario, settings } = this.#options;
    const probed = scenario.before === 'capacity' && settings.rate === 0 ? await this.#probe() : null;
    if (scenario.before === 'warm-up') await this.#warmUp();
    const capacity = probed ?? settings.rate;
    const load: Load = { kind: 'arrivals', phases: scenario.phases(settings, capacity) };
    const fleet = this.#prepare(Math.ceil(arrivalsOf(load)), settings.seed);
    const highest = Math.max(...load.phases.map(({ rate }) => rate));
    const inFlight = Math.ceil(highest * scenario.patienceSeconds);
    const clients = Math.min(CLIENTS_AT_MOST, Math.max(CLIENTS_AT_LEAST, inFlight));
    const plan: Plan = {
      urls: this.#urls,
      reviews: join(this.#folder, 'reviews.ndjson'),
      load,
      clientsAtStart: clients,
      clientsAtMost: clients,
      sampleEvery: Math.max(1, Math.ceil(arrivalsOf(load) / scenario.sample)),
      intervalSeconds: Math.max(1, Math.ceil(secondsOf(load) / POINTS_LIMIT)),
      thresholds: scenario.thresholds(settings),
    };
    const { run, scrapes, neighbours } = await this.#drive(plan);
    this.#watcher.onStep('applying the sampled patches');
    const sample = await checkSample(run.samples, fleet, this.#injector.destinations);
    const figures = this.#figures(plan, run, scrapes, sample, probed);
    return this.#judged(figures, thresholdChecks(run.summary, plan), neighbours);
  }

  #prepare(wanted: number, seed: number): PreparedFleet {
    const { scenario } = this.#options;
    const mix: Mix = {
      seed,
      destinations: this.#injector.destinations,
      sizes: scenario.pods === 'big' ? BIG_SIZES : USUAL_SIZES,
      storm: scenario.pods === 'one-workload',
    };
    const fleet = prepareReviews(mix, wanted);
    writeReviews(join(this.#folder, 'reviews.ndjson'), fleet);
    const kilobytes = (fleet.bytes / fleet.reviews.length / 1_024).toFixed(1);
    this.#watcher.onStep(`prepared ${fleet.reviews.length.toLocaleString('en')} reviews of ${kilobytes} KB on average`);
    return fleet;
  }

  /** Reviews a second in the best stretch of a closed loop, the first seconds left out. */
  async #probe(): Promise<number> {
    this.#watcher.onStep('looking for the capacity');
    const { summary, plan } = await this.#closedLoop(PROBE);
    // The last interval holds what was still under way.
    const warm = intervalFigures(summary, plan).slice(PROBE.warmupSeconds, -1);
    const stretches = warm.map((_, from) => warm.slice(from, from + PROBE.stretchSeconds));
    const rates = stretches
      .filter(({ length }) => length === PROBE.stretchSeconds)
      .map((stretch) => stretch.reduce((sum, { latency }) => sum + latency.count, 0) / PROBE.stretchSeconds);
    const capacity = Math.max(0, ...rates);
    if (!(capacity >= 1)) throw new Error('the target answered nothing while its capacity was looked for');
    this.#watcher.onStep(`capacity: ${capacity.toFixed(0)} reviews a second`);
    return Math.round(capacity);
  }

  async #warmUp(): Promise<void> {
    this.#watcher.onStep(`warming up for ${WARM_UP.seconds} s`);
    await this.#closedLoop(WARM_UP);
  }

  async #closedLoop({
    clients,
    seconds,
  }: {
    clients: number;
    seconds: number;
  }): Promise<{ summary: Summary; plan: Plan }> {
    // Other pods than the run's own, which are not to be known already.
    this.#prepare(CLOSED_LOOP_REVIEWS, this.#options.settings.seed + 1_000_003);
    const plan: Plan = {
      urls: this.#urls,
      reviews: join(this.#folder, 'reviews.ndjson'),
      load: { kind: 'closed', clients, seconds },
      clientsAtStart: clients,
      clientsAtMost: clients,
      sampleEvery: Number.MAX_SAFE_INTEGER,
      intervalSeconds: 1,
      thresholds: {},
    };
    const { onProgress, signal } = this.#watcher;
    const { summary } = await runK6(this.#k6, plan, this.#folder, onProgress, signal);
    return { summary, plan };
  }

  async #drive(plan: Plan): Promise<Driven> {
    const { admin } = this.#injector;
    const scraper = admin === null ? null : new Scraper(admin);
    await scraper?.start();
    const before = machineUse(this.#injector.pid);
    try {
      const run = await runK6(this.#k6, plan, this.#folder, this.#watcher.onProgress, this.#watcher.signal);
      const after = machineUse(this.#injector.pid);
      const neighbours = tellNeighbours({
        wallSeconds: after.wallSeconds - before.wallSeconds,
        busySeconds: after.busySeconds - before.busySeconds,
        ownSeconds: after.ownSeconds - before.ownSeconds + run.cpuSeconds,
      });
      // Nothing is known of a target's own time.
      return {
        run,
        neighbours: this.#injector.pid === null ? null : neighbours,
        scrapes: (await scraper?.stop()) ?? [],
      };
    } catch (error) {
      await scraper?.stop();
      throw error;
    }
  }

  #figures(
    plan: Plan,
    { summary }: K6Run,
    scrapes: readonly Scrape[],
    sample: SampleFigures,
    capacity: number | null,
  ): RunFigures {
    const startedAtMs = summary.setup_data?.startedAtMs ?? scrapes[0]?.atMs ?? Date.now();
    const { name, scenario, settings, workers, processes } = this.#options;
    const own = this.#options.target === null;
    return {
      format: RECORD_FORMAT,
      scenario: name,
      about: scenario.about,
      startedAt: new Date(startedAtMs).toISOString(),
      target: this.#injector.description,
      settings,
      environment: {
        generator: `k6, on Node ${process.version}`,
        cores: `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'unknown'}`,
        ...(this.#k6.prefix.length > 0 ? { shared: 'half of the cores for the gateway, half for the generator' } : {}),
        ...(own ? { workers: String(workers ?? 'default'), processes: String(processes ?? 1) } : {}),
      },
      intervalSeconds: plan.intervalSeconds,
      latency: spreadOf(summary, 'latency'),
      refused: spreadOf(summary, 'latency_refused'),
      answers: answersOf(summary),
      late: lateOf(summary),
      dropped: droppedOf(summary),
      phases: phasesOf(summary, plan),
      intervals: intervalFigures(summary, plan),
      admin: adminFigures(scrapes, startedAtMs),
      sample,
      capacity,
    };
  }

  #judged(figures: RunFigures, thresholds: readonly Check[], neighbours: string | null): RunRecord {
    const { checks, findings } = this.#options.scenario.judge(figures);
    const all = [...thresholds, ...checks, sampleCheck(figures.sample)];
    const told = neighbours === null ? findings : [...findings, neighbours];
    return { ...figures, checks: all, findings: told, passed: all.every(({ ok }) => ok) };
  }
}

function sampleCheck({ checked, wrong }: SampleFigures): Check {
  return {
    name: 'sampled patches that apply and give an injected pod',
    limit: 'all, and at least one',
    measured: `${checked - wrong} of ${checked}`,
    ok: checked > 0 && wrong === 0,
  };
}

function withTimeout(address: string, seconds: number): string {
  const url = new URL(address);
  url.searchParams.set('timeout', `${seconds}s`);
  return url.href;
}
