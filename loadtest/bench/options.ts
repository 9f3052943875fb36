/** The bench's command line. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { BENCH_PROVIDERS, type BenchProvider } from './policy.ts';

/** What can be measured, in the order in which it is. */
export const MODES = [
  'in-process',
  'distinct',
  'storm',
  'cores',
  'latency',
  'overload',
  'handshakes',
  'big-pods',
  'revisions',
  'releases',
  'cold-start',
] as const;
export type Mode = (typeof MODES)[number];

const DEFAULT_MODES: readonly Mode[] = ['in-process', 'distinct'];
const MAX_ROUNDS = 1_000;
const MAX_WINDOW_MS = 60_000;
const MAX_CONNECTIONS = 1_000;
const MAX_WORKERS = 256;
const MAX_SECONDS = 3_600;
const MAX_OVER = 100;
const MAX_EXTRA = 100_000;

export interface BenchOptions {
  readonly modes: readonly Mode[];
  readonly provider: BenchProvider;
  readonly rounds: number;
  readonly windowMs: number;
  readonly connections: number;
  readonly workers: number;
  /** `overload`: how long the flood lasts, and how many times the capacity it brings. */
  readonly seconds: number;
  readonly over: number;
  /** `overload`: rounds of extra work in the template. */
  readonly extra: number;
  /** Another checkout or build to compare with. */
  readonly against: string | null;
  /** File for the results; `-` is stdout, in place of the text. */
  readonly json: string | null;
  /** Folder for CPU profiles. */
  readonly profile: string | null;
}

export const USAGE = `usage: npm run bench -- [WHAT…] [options]
  WHAT              ${MODES.join(', ')} or all (default: ${DEFAULT_MODES.join(' ')})
  --provider NAME   ${BENCH_PROVIDERS.join(' or ')}: whose own default configuration injects (default: istio)
  --against DIR     measure another checkout or build of Meshgate in turn with this one
  --rounds N        rounds in which every subject has one window (default: 12)
  --window MS       length of a window (default: 1500)
  --connections N   keep-alive connections of the generator (default: 16)
  --workers N       worker threads of the gateway (default: 1)
  --seconds N       overload: length of the flood (default: 60)
  --over N          overload: how many times the capacity comes (default: 3)
  --extra N         overload: rounds of extra work in Istio's template (default: 16000, some 4 ms; 0 for none)
  --json FILE       write the results as JSON; - writes them to stdout in place of the text
  --profile DIR     write a CPU profile of each of the gateway's threads
`;

/** What is wrong with the command line. */
export class UsageError extends Error {}

/** Reads the arguments after the command. Throws UsageError. */
export function parseBenchOptions(args: readonly string[]): BenchOptions {
  const { values, positionals } = parse(args);
  const modes = positionals.length === 0 ? DEFAULT_MODES : positionals.flatMap(modeOf);
  const provider = BENCH_PROVIDERS.find((name) => name === values.provider);
  if (provider === undefined)
    throw new UsageError(`--provider is ${BENCH_PROVIDERS.join(' or ')}, not ${values.provider}`);
  return {
    modes: MODES.filter((mode) => modes.includes(mode)),
    provider,
    rounds: integer('rounds', values.rounds, MAX_ROUNDS),
    windowMs: integer('window', values.window, MAX_WINDOW_MS),
    connections: integer('connections', values.connections, MAX_CONNECTIONS),
    workers: integer('workers', values.workers, MAX_WORKERS),
    seconds: integer('seconds', values.seconds, MAX_SECONDS),
    over: number('over', values.over, MAX_OVER),
    extra: integer('extra', values.extra, MAX_EXTRA, 0),
    against: values.against === undefined ? null : resolve(values.against),
    json: values.json ?? null,
    profile: values.profile === undefined ? null : resolve(values.profile),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        provider: { type: 'string', default: 'istio' },
        against: { type: 'string' },
        rounds: { type: 'string', default: '12' },
        window: { type: 'string', default: '1500' },
        connections: { type: 'string', default: '16' },
        workers: { type: 'string', default: '1' },
        seconds: { type: 'string', default: '60' },
        over: { type: 'string', default: '3' },
        extra: { type: 'string', default: '16000' },
        json: { type: 'string' },
        profile: { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function modeOf(name: string): readonly Mode[] {
  if (name === 'all') return MODES;
  const mode = MODES.find((each) => each === name);
  if (mode === undefined) throw new UsageError(`there is nothing called ${name} to measure`);
  return [mode];
}

function integer(name: string, text: string, max: number, min = 1): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : -1;
  if (value < min || value > max) throw new UsageError(`--${name} is a number from ${min} to ${max}, not ${text}`);
  return value;
}

function number(name: string, text: string, max: number): number {
  const value = /^\d{1,3}(\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (value <= 0 || value > max) throw new UsageError(`--${name} is a number up to ${max}, not ${text}`);
  return value;
}
