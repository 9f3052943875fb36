/** A gateway, the repository that it reads, and what is measured of both: commits that are published under load. */
import { createHmac, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { request } from 'undici';
import { type RunningGateway, startGateway } from '../../gateway.ts';
import { cpuSeconds, cpuSecondsWithEnded, machineCpuSeconds } from '../cpu-time.ts';
import { quantile } from '../statistics.ts';
import { PolicyRepository } from './policies.ts';
import { type Answered, Requests } from './requests.ts';
import type { Stalls } from './stall-probe.ts';

const SERVED_LIMIT_MS = 60_000;
/** How long requests are watched at least, and how long after a commit has come to serve. */
const WINDOW_MS = 4_000;
const AFTERWARDS_MS = 1_500;
const WARM_UP = 600;
const POLL_MS = 10;
/** Requests of a window that are kept by themselves. */
const SLOW_KEPT = 3;
/** The ref that a fetch moves when it has everything (gateway/gitsync/remote-repository.ts). */
const OBSERVED_REF = join('refs', 'meshgate', 'observed');

export interface SubjectOptions {
  readonly name: string;
  /** Of the checkout or build that is measured. */
  readonly root: string;
  /** An empty folder. */
  readonly folder: string;
  readonly revisions: number;
  readonly inUse: number;
  readonly ratePerSecond: number;
  readonly workers: number;
  readonly nodeArgs: readonly string[];
  /** Where the gateway's threads write what they did (trace-probe.ts); null: nowhere. */
  readonly trace: string | null;
}

/** What requests and the gateway's threads saw of a stretch of time. */
export interface Window {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly slowestMs: number;
  /** The slowest first. */
  readonly slow: readonly Answered[];
  /** The main thread's. */
  readonly stalls: Stalls;
  /** User and system time of the gateway and of the process that keeps its sources; null where there is no /proc. Git's is not in it. */
  readonly cpuSeconds: number | null;
  /** What anything but the gateway, its git and this program took of the machine's cores, as a share of one; null as above. */
  readonly othersShare: number | null;
}

export interface Publication {
  /** From the webhook's call: the time that calls are gathered, and the fetch, are in it. */
  readonly servedMs: number;
  /** From the end of the fetch. */
  readonly servedAfterFetchMs: number;
  readonly during: Window;
  /** As long, without a commit. */
  readonly control: Window;
}

export class Subject {
  readonly name: string;
  readonly #options: SubjectOptions;
  readonly #repository: PolicyRepository;
  readonly #secret = randomBytes(24).toString('hex');
  readonly #stalls: string;
  #gateway: RunningGateway | null = null;
  #requests: Requests | null = null;
  #round = 0;

  constructor(options: SubjectOptions) {
    this.name = options.name;
    this.#options = options;
    this.#stalls = join(options.folder, 'stalls.json');
    this.#repository = new PolicyRepository(join(options.folder, 'policies'), options.revisions);
  }

  get failed(): number {
    return this.#requests?.failed ?? 0;
  }

  async start(): Promise<void> {
    const { folder, root, inUse, nodeArgs, workers, trace } = this.#options;
    this.#repository.commit(0);
    const secretFile = join(folder, 'secret');
    writeFileSync(secretFile, this.#secret);
    const probes = ['stall-probe.ts', ...(trace === null ? [] : ['trace-probe.ts'])].flatMap((name) => {
      return ['--import', pathToFileURL(join(import.meta.dirname, name)).href];
    });
    this.#gateway = await startGateway({
      program: join(root, 'bin', 'meshgate.mjs'),
      args: [
        '--source',
        `file://${this.#repository.directory}`,
        '--workers',
        String(workers),
        '--hook-token-file',
        secretFile,
      ],
      nodeArgs: [...probes, ...nodeArgs],
      env: { MESHGATE_STALLS: this.#stalls, ...(trace === null ? {} : { MESHGATE_TRACE: trace }) },
    });
    this.#requests = new Requests(this.#gateway, inUse);
    await this.#requests.open();
    await this.#requests.warmUp(WARM_UP);
  }

  /** One commit that changes every revision, and after it as much time without one. */
  async publish(): Promise<Publication> {
    this.#round += 1;
    const commit = this.#repository.commit(this.#round);
    const start = performance.now();
    const served = this.#announce(commit);
    const during = await this.#watch(
      served.then(({ servedMs }) => sleep(Math.max(WINDOW_MS - servedMs, AFTERWARDS_MS))),
    );
    const lengthMs = performance.now() - start;
    return { ...(await served), during, control: await this.#watch(sleep(lengthMs)) };
  }

  async stop(): Promise<void> {
    this.#requests?.close();
    await this.#gateway?.stop();
  }

  async #watch(ended: Promise<unknown>): Promise<Window> {
    const { pid, requests } = this.#running();
    await this.#takeStalls(pid);
    const [cpuBefore, othersBefore, startMs] = [cpuSeconds(pid), othersCpuSeconds(pid), performance.now()];
    const answered = await requests.run(this.#options.ratePerSecond, ended);
    const durationsMs = answered.map(({ durationMs }) => durationMs);
    const [cpuAfter, othersAfter, endMs] = [cpuSeconds(pid), othersCpuSeconds(pid), performance.now()];
    return {
      p50Ms: quantile(durationsMs, 0.5),
      p99Ms: quantile(durationsMs, 0.99),
      slowestMs: quantile(durationsMs, 1),
      slow: answered.toSorted((a, b) => b.durationMs - a.durationMs).slice(0, SLOW_KEPT),
      stalls: await this.#takeStalls(pid),
      cpuSeconds: cpuBefore === null || cpuAfter === null ? null : cpuAfter - cpuBefore,
      othersShare:
        othersBefore === null || othersAfter === null
          ? null
          : Math.max(0, (1_000 * (othersAfter - othersBefore)) / (endMs - startMs)),
    };
  }

  /** Announces the commit and waits until it serves. */
  async #announce(commit: string): Promise<{ servedMs: number; servedAfterFetchMs: number }> {
    const { admin, state } = this.#running();
    const body = JSON.stringify({ after: commit });
    const signature = createHmac('sha256', this.#secret).update(body).digest('hex');
    const start = performance.now();
    const headers = { 'x-hub-signature-256': `sha256=${signature}` };
    const hook = await request(`${admin}/hooks/git`, { method: 'POST', headers, body });
    await hook.body.dump();
    if (hook.statusCode !== 202) throw new Error(`the webhook was answered ${hook.statusCode}`);
    while (performance.now() - start < SERVED_LIMIT_MS) {
      const readiness = (await (await request(`${admin}/readyz`)).body.json()) as {
        checks: { snapshot: { serving: string | null } };
      };
      if (readiness.checks.snapshot.serving?.endsWith(commit) === true) {
        return { servedMs: performance.now() - start, servedAfterFetchMs: Date.now() - fetchedAtMs(state) };
      }
      await sleep(POLL_MS);
    }
    throw new Error(`the commit did not serve within ${SERVED_LIMIT_MS} ms`);
  }

  async #takeStalls(pid: number): Promise<Stalls> {
    rmSync(this.#stalls, { force: true });
    process.kill(pid, 'SIGUSR2');
    for (;;) {
      await sleep(POLL_MS);
      try {
        return JSON.parse(readFileSync(this.#stalls, 'utf8')) as Stalls;
      } catch {
        // The gateway has not come to it yet.
      }
    }
  }

  #running(): RunningGateway & { readonly requests: Requests } {
    if (this.#gateway === null || this.#requests === null) throw new Error('the gateway was not started');
    return { ...this.#gateway, requests: this.#requests };
  }
}

/** CPU time of whatever else runs on the machine. */
function othersCpuSeconds(pid: number): number | null {
  const [machine, gateway] = [machineCpuSeconds(), cpuSecondsWithEnded(pid)];
  const { user, system } = process.cpuUsage();
  return machine === null || gateway === null ? null : machine - gateway - (user + system) / 1_000_000;
}

/** When the last fetch had everything, by the clock of files. */
function fetchedAtMs(state: string): number {
  const refs = readdirSync(state, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith(OBSERVED_REF));
  return Math.max(...refs.map((path) => statSync(join(state, path)).mtimeMs));
}
