/**
 * Several times what a gateway can do, in open loop: is what it takes done in time and as much as before, is the rest refused at once, does
 * its memory stay bounded, and is it itself again soon after. k6 (`npm run loadtest -- overload`) shows the same from outside, but takes
 * more than a core to send so much; this generator leaves the gateway its core.
 *
 * To refuse a review takes the listening thread nearly all that to take it in does. Where both run on one core, three times the capacity can only
 * be refused beside nine tenths of the work if a refusal costs less than a twentieth of an injection, so the template gets extra work to do.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setInterval } from 'node:timers/promises';
import { adminFigures } from '../../report/panels.ts';
import { scrapeOnce } from '../../report/scrape.ts';
import { GENERATOR_CORE } from '../cores.ts';
import { residentBytes } from '../cpu-time.ts';
import { errorsOf, type Figure, figure, type Section } from '../figures.ts';
import { Generator } from '../load/generator.ts';
import type { FloodPart, FloodWindow } from '../load/protocol.ts';
import { measureRounds } from '../rounds.ts';
import { type BenchRun, policyOf, reviewsSpec } from '../run.ts';
import { median } from '../statistics.ts';
import type { WarmRule } from '../steadiness.ts';
import { startGatewaySubject } from '../subject.ts';
import { capacitySubject } from './servers.ts';

/** With extra work the usual number of requests would take a minute. */
const WARM: WarmRule = { requests: 4_000, seconds: 10, limitSeconds: 25 };
const CAPACITY_ROUNDS = 5;
const CALM_SHARE = 0.5;
const CALM_MS = 5_000;
/** Three apiservers with as many requests in flight as they let in by default (--max-requests-inflight, --max-mutating-requests-inflight). */
const CONNECTIONS = 3 * 600;
const TIMEOUT_SECONDS = 2;
const REFUSED_WITHIN_MS = 50;
const SAMPLE_MS = 250;
const MEGABYTE = 1024 * 1024;

/** What the run is held to; docs/adr/0011-deadlines-and-overload.md. */
export const LIMITS = {
  promptShare: 0.99,
  acceptedShare: 0.9,
  memoryMb: 512,
  recoverySeconds: 2,
} as const;

export async function measureOverload(run: BenchRun): Promise<Section> {
  const { options } = run;
  const policy = policyOf(run);
  const extra = policy.texts === null ? 0 : addWork(policy.texts, options.extra);
  const generator = new Generator(GENERATOR_CORE);
  const args = ['--workers', String(options.workers)];
  const subject = await startGatewaySubject({
    name: 'gateway',
    policy,
    root: run.root,
    args,
    profile: options.profile ?? undefined,
  });
  try {
    const { name, urls, pid, admin = '' } = subject;
    await generator.open({ name, urls, connections: options.connections, reviews: reviewsSpec('distinct', policy) });
    const [rounds = []] = await measureRounds([capacitySubject(generator, subject)], {
      rounds: CAPACITY_ROUNDS,
      windowMs: options.windowMs,
      warm: WARM,
    });
    const capacity = median(rounds.map(({ perSecond }) => perSecond));
    const first = await scrapeOnce(admin);
    const memory = watchMemory(pid);
    const window = await generator.flood({
      name,
      connections: CONNECTIONS,
      calmPerSecond: CALM_SHARE * capacity,
      calmMs: CALM_MS,
      floodPerSecond: options.over * capacity,
      floodMs: options.seconds * 1_000,
      timeoutSeconds: TIMEOUT_SECONDS,
      refusedWithinMs: REFUSED_WITHIN_MS,
    });
    const peaks = await memory.stop();
    const own = adminFigures([first, await scrapeOnce(admin)], first.atMs);
    const inBudget = own?.budgetShares.find(([share]) => share === 1)?.[1] ?? Number.NaN;
    const judged = judge(window, { capacity, ...peaks, refusedIn50Ms: own?.refusedIn50Ms ?? Number.NaN, inBudget });
    return {
      mode: 'overload',
      title: `overload: ${options.over} times the capacity of one core for ${options.seconds} s, ${policy.description} with ${extra} rounds of extra work, ${CONNECTIONS} connections, ?timeout=${TIMEOUT_SECONDS}s`,
      ...judged,
      errors: errorsOf([rounds]),
    };
  } finally {
    generator.stop();
    await subject.stop();
  }
}

/** Lists in a template are made whole: longer ones are large objects to V8, and their collection would be what is measured. */
const ROUNDS_AT_ONCE = 100;

/** Has Istio's template print some numbers, for nobody, before it begins; returns how many. Linkerd has no template. */
function addWork(texts: string, rounds: number): number {
  const file = join(texts, 'inject-config.yaml');
  if (rounds === 0 || !existsSync(file)) return 0;
  const place = '  sidecar: |\n';
  const text = readFileSync(file, 'utf8');
  if (!text.includes(place)) throw new Error(`${file} has no template called sidecar`);
  const times = Math.ceil(rounds / ROUNDS_AT_ONCE);
  const work = `{{- range until ${times} }}{{ range until ${ROUNDS_AT_ONCE} }}{{ $_ := printf "%05d" . | quote }}{{ end }}{{ end -}}`;
  writeFileSync(file, text.replace(place, `${place}    ${work}\n`));
  return times * ROUNDS_AT_ONCE;
}

interface Around {
  readonly capacity: number;
  readonly startMb: number;
  readonly peakMb: number;
  /** By the gateway's own clock. */
  readonly refusedIn50Ms: number;
  readonly inBudget: number;
}

/** What was measured, and what of it is not as it has to be. */
export function judge(window: FloodWindow, around: Around): Pick<Section, 'figures' | 'notes' | 'failures'> {
  const { parts, offered, acceptedPerSecond, recoverySeconds } = window;
  const refused = parts.find(({ name }) => name === 'flood refused');
  const late = parts.reduce((sum, { count, inTime }) => sum + Math.round(count * (1 - inTime)), 0);
  const wrong = parts.filter(({ name }) => !/ (patched|refused|expired)$/.test(name));
  const accepted = acceptedPerSecond / around.capacity;
  const grownMb = around.peakMb - around.startMb;
  const one = (name: string, unit: string, value: number): Figure => figure(name, unit, [value]);
  const figures = [
    one('capacity', '/s', around.capacity),
    one('due in the flood', '', offered),
    one('accepted in the flood', '/s', acceptedPerSecond),
    one('accepted, to the capacity', '', accepted),
    ...parts.flatMap((part) => partFigures(part)),
    one('refused within 50 ms, by the gateway', '', around.refusedIn50Ms),
    one('within the budget, by the gateway', '', around.inBudget),
    one('later than the timeout', '', late),
    one('without an answer', '', window.unanswered),
    one('memory before, with all connections', 'MB', around.startMb),
    one('memory at most', 'MB', around.peakMb),
    one('recovery', 's', recoverySeconds),
    one('generator: 99 % sent at most late by', 'ms', window.sentLateMs),
    one('generator: share of its core', '', window.ownBusy),
  ];
  const failures = [
    ...wrong.map(({ name, count, example }) => `${name}: ${count}, the first of them: ${example}`),
    ...(late + window.unanswered > 0
      ? [`${late} answers later than the timeout, ${window.unanswered} without one`]
      : []),
    ...below('refused within 50 ms of being sent', refused?.promptSinceSent ?? 1, LIMITS.promptShare),
    ...below('accepted, to the capacity', accepted, LIMITS.acceptedShare),
    ...(grownMb > LIMITS.memoryMb ? [`memory grew by ${grownMb.toFixed(0)} MB`] : []),
    ...(recoverySeconds > LIMITS.recoverySeconds ? [`recovery took ${recoverySeconds.toFixed(1)} s`] : []),
  ];
  return { figures, notes: [], failures };
}

function below(name: string, value: number, limit: number): string[] {
  return value >= limit ? [] : [`${name}: ${value.toFixed(3)}, at least ${limit} is expected`];
}

function partFigures({ name, count, promptSinceDue, promptSinceSent, p50Ms, p99Ms, maxMs }: FloodPart): Figure[] {
  const one = (what: string, unit: string, value: number): Figure => figure(`${name}: ${what}`, unit, [value]);
  return [
    one('answers', '', count),
    ...(name.endsWith('refused')
      ? [one('within 50 ms of due', '', promptSinceDue), one('within 50 ms of sent', '', promptSinceSent)]
      : []),
    one('p50 from sent', 'ms', p50Ms),
    one('p99 from sent', 'ms', p99Ms),
    one('longest from due', 'ms', maxMs),
  ];
}

/** Looks at the memory of a process until it is stopped. */
function watchMemory(pid: number): { stop(): Promise<{ readonly startMb: number; readonly peakMb: number }> } {
  const seen: number[] = [];
  const stopped = new AbortController();
  const look = (): void => void seen.push((residentBytes(pid) ?? Number.NaN) / MEGABYTE);
  const loop = (async () => {
    try {
      for await (const _ of setInterval(SAMPLE_MS, undefined, { signal: stopped.signal })) look();
    } catch {
      // It was stopped.
    }
  })();
  look();
  return {
    stop: async () => {
      stopped.abort();
      await loop;
      look();
      return { startMb: seen[0] ?? Number.NaN, peakMb: Math.max(...seen) };
    },
  };
}
