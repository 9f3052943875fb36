/**
 * What requests feel of a commit that changes every revision, and how long it takes to serve: `--help` tells the options. A real gateway
 * fetches from a real repository; a signed webhook call announces each commit; requests come at a constant rate. Each commit is followed by
 * a window of the same length without one, which shows what the machine itself does to requests.
 *
 * Exits 1 when a commit took longer than 1 s from the end of its fetch, or when the slowest request beside any commit took 20 ms longer
 * than the slowest one of a window without (their median: the slowest of four hundred is not the same twice). A round in which other work
 * took more than a tenth of a core is shown, but run again, at most as often as there are rounds.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Publication, Subject, type Window } from './publish/subject.ts';
import { describeSlow } from './publish/trace.ts';
import { traceLoop } from './publish/trace-probe.ts';
import { median } from './statistics.ts';

const SERVED_LIMIT_MS = 1_000;
const SLOWER_LIMIT_MS = 20;
/** Of a core. */
const OTHERS_LIMIT = 0.1;
const root = join(import.meta.dirname, '..', '..');

const USAGE = `usage: node loadtest/bench/publish.ts [options]
  --revisions N   revisions that each commit changes (default: 100)
  --in-use N      of these, how many requests ask for, in turn (default: 10)
  --rate N        requests a second (default: 100)
  --workers N     worker threads of the gateway (default: 1)
  --rounds N      commits for each subject (default: 3)
  --against DIR   measure another checkout or build of Meshgate in turn with this one
  --json FILE     write the results as JSON
  --profile DIR   write a CPU profile of each of the gateway's threads
  --trace         show what the slowest requests waited for (for one to be looked at: it costs a little itself)
`;

const { values: options } = parseArgs({
  options: {
    revisions: { type: 'string', default: '100' },
    'in-use': { type: 'string', default: '10' },
    rate: { type: 'string', default: '100' },
    workers: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '3' },
    against: { type: 'string' },
    json: { type: 'string' },
    profile: { type: 'string' },
    trace: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const ms = (value: number): string => value.toFixed(1).padStart(7);
const seconds = (value: number | null): string => (value === null ? '–' : value.toFixed(2));

function row(what: string, { p50Ms, p99Ms, slowestMs, stalls, cpuSeconds, othersShare }: Window): string {
  const requests = `p50${ms(p50Ms)}  p99${ms(p99Ms)}  slowest${ms(slowestMs)}`;
  const stall = `stall${ms(stalls.wallMs)} (CPU${ms(stalls.cpuMs)})`;
  return `    ${what.padEnd(16)} ${requests}  ${stall}  CPU ${seconds(cpuSeconds)} s  others ${seconds(othersShare)}`;
}

function report(
  name: string,
  { servedMs, servedAfterFetchMs, during, control }: Publication,
  trace: string | null,
): void {
  const served = `served ${servedAfterFetchMs.toFixed(0)} ms after the fetch, ${servedMs.toFixed(0)} ms after the webhook`;
  const note = isDisturbed({ during, control }) ? ' (other work: not counted)' : '';
  const told = ({ slow }: Window): string[] => (trace === null ? [] : describeSlow(slow, trace));
  const [with_, without] = [row('with a commit', during), row('without', control)];
  console.log([`  ${name}: ${served}${note}`, with_, ...told(during), without, ...told(control)].join('\n'));
}

/** Where others' CPU time is not known, it does not count. */
function isDisturbed({ during, control }: Pick<Publication, 'during' | 'control'>): boolean {
  return Math.max(during.othersShare ?? 0, control.othersShare ?? 0) > OTHERS_LIMIT;
}

/** What the limits are missed by; empty when they are met. */
function faults(rounds: readonly Publication[], wanted: number): string[] {
  if (rounds.length < wanted / 2) return [`other work on the machine left only ${rounds.length} rounds to count`];
  const slowest = Math.max(...rounds.map(({ during }) => during.slowestMs));
  const usual = median(rounds.map(({ control }) => control.slowestMs));
  const served = Math.max(...rounds.map(({ servedAfterFetchMs }) => servedAfterFetchMs));
  return [
    ...(served <= SERVED_LIMIT_MS ? [] : [`a commit took ${served.toFixed(0)} ms; the limit is ${SERVED_LIMIT_MS} ms`]),
    ...(slowest - usual <= SLOWER_LIMIT_MS
      ? []
      : [
          `a request took ${(slowest - usual).toFixed(0)} ms longer than the slowest without a commit; the limit is ${SLOWER_LIMIT_MS} ms`,
        ]),
  ];
}

function summarize(name: string, rounds: readonly Publication[]): void {
  const of = (figure: (each: Publication) => number): string => median(rounds.map(figure)).toFixed(0);
  const worst = Math.max(...rounds.map(({ during }) => during.slowestMs));
  const cpu = of(({ during, control }) => 1_000 * ((during.cpuSeconds ?? 0) - (control.cpuSeconds ?? 0)));
  console.log(
    `${name}, ${rounds.length} rounds, medians: served ${of((each) => each.servedAfterFetchMs)} ms after the fetch; slowest request ` +
      `${of((each) => each.during.slowestMs)} ms (worst ${worst.toFixed(0)} ms), without a commit ` +
      `${of((each) => each.control.slowestMs)} ms; longest stall ` +
      `${of((each) => each.during.stalls.wallMs)} ms (CPU ${of((each) => each.during.stalls.cpuMs)} ms), without ` +
      `${of((each) => each.control.stalls.wallMs)} ms; a commit takes ${cpu} ms of CPU`,
  );
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'meshgate-publish-'));
  const revisions = Number(options.revisions);
  const common = {
    revisions,
    inUse: Math.min(Number(options['in-use']), revisions),
    ratePerSecond: Number(options.rate),
    workers: Number(options.workers),
  };
  const traceOf = (name: string) => (options.trace ? join(folder, `${name}.trace`) : null);
  const roots = [
    { name: 'this', root },
    ...(options.against === undefined ? [] : [{ name: 'against', root: resolve(options.against) }]),
  ];
  const subjects = roots.map(({ name, root: ofSubject }) => {
    const own = join(folder, name);
    mkdirSync(own);
    const profile =
      options.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${join(options.profile, name)}`];
    return new Subject({ name, root: ofSubject, folder: own, nodeArgs: profile, trace: traceOf(name), ...common });
  });
  const endTraces = roots.flatMap(({ name }) => {
    const trace = traceOf(name);
    return trace === null ? [] : [traceLoop(trace, 'generator')];
  });
  const results = new Map<string, Publication[]>(subjects.map(({ name }) => [name, []]));
  try {
    for (const subject of subjects) await subject.start();
    console.log(
      `${revisions} revisions, ${common.inUse} in use, ${common.ratePerSecond} requests a second, workers: ${common.workers}`,
    );
    const wanted = Number(options.rounds);
    const isDone = () => [...results.values()].every((rounds) => rounds.length >= wanted);
    for (let round = 1; round <= 2 * wanted && !isDone(); round += 1) {
      // Every other round in reverse.
      for (const subject of round % 2 === 0 ? subjects.toReversed() : subjects) {
        const published = await subject.publish();
        if (!isDisturbed(published)) results.get(subject.name)?.push(published);
        report(subject.name, published, traceOf(subject.name));
      }
    }
    for (const [name, rounds] of results) if (rounds.length > 0) summarize(name, rounds);
    const failed = subjects.reduce((sum, subject) => sum + subject.failed, 0);
    const found = [...(failed > 0 ? [`${failed} requests failed`] : []), ...faults(results.get('this') ?? [], wanted)];
    console.log(found.length === 0 ? 'good' : `not good: ${found.join('; ')}`);
    if (options.json !== undefined) {
      writeFileSync(options.json, `${JSON.stringify({ ...common, results: Object.fromEntries(results) })}\n`);
    }
    process.exitCode = found.length === 0 ? 0 : 1;
  } finally {
    for (const end of endTraces) end();
    for (const subject of subjects) await subject.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

if (options.help) console.log(USAGE);
else await main();
