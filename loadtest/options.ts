/** The command line of the load tests. */
import { parseArgs } from 'node:util';
import type { RunSettings } from './report/record.ts';
import { SCENARIOS } from './scenarios/catalogue.ts';
import type { Scenario } from './scenarios/scenario.ts';

/** Wrong use: told with the usage, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface LoadTestOptions {
  readonly name: string;
  readonly scenario: Scenario;
  readonly settings: RunSettings;
  /** An injector that already runs; null starts this checkout's gateway. */
  readonly target: string | null;
  /** Its admin address, where it has one like Meshgate's. */
  readonly admin: string | null;
  /** What pods are injected with, and so what marks them. */
  readonly provider: 'istio' | 'linkerd';
  /** The container to expect; null is the provider's own. */
  readonly sidecar: string | null;
  readonly json: string | null;
  readonly report: string | null;
  readonly compare: string | null;
  readonly workers: number | null;
  readonly processes: number | null;
}

/** Bounds of everything that makes load, so that a slip of the finger does not make a flood. */
const LIMITS = {
  rate: { max: 50_000, what: 'reviews a second' },
  duration: { max: 3_600, what: 'seconds' },
  seed: { max: 2 ** 31 - 1, what: 'a seed' },
  timeout: { max: 30, what: 'seconds' },
  p99: { max: 30_000, what: 'milliseconds' },
  meshes: { max: 500, what: 'meshes' },
  workers: { max: 256, what: 'workers' },
  processes: { max: 64, what: 'processes' },
} as const;

type NumberFlag = keyof typeof LIMITS;

export function usage(): string {
  const scenarios = [...SCENARIOS].map(([name, { about }]) => `  ${name.padEnd(12)} ${about}`);
  return `usage: npm run loadtest -- SCENARIO [flags]

${scenarios.join('\n')}

  --rate N          reviews a second (each scenario has its own default)
  --duration S      seconds, also as 30s or 2m
  --seed N          of the fleet's pods (default 1)
  --timeout S       what the apiserver would give, in ?timeout= (default 10, overload 2)
  --p99 MS          limit of the 99th percentile
  --meshes N        of many-meshes
  --target URL      an injector that already runs, with the path of its webhook, instead of this checkout's gateway
  --admin URL       its admin address, for a Meshgate
  --provider NAME   istio (default) or linkerd: what the pods ask for and which container is expected
  --sidecar NAME    the container to expect, where it has another name
  --workers N, --processes N   of the gateway that is started
  --json FILE       all figures (default loadtest/out/SCENARIO.json)
  --report FILE     the report (default loadtest/out/SCENARIO.html)
  --compare FILE    figures of an earlier run, to stand beside this one's

Exit codes: 0 passed, 1 a threshold was crossed, 2 wrong use, 3 it could not run.`;
}

/** Throws UsageError. */
export function parseOptions(args: readonly string[]): LoadTestOptions {
  const { values, positionals } = parse(args);
  const [name = '', ...others] = positionals;
  const scenario = SCENARIOS.get(name);
  if (scenario === undefined)
    throw new UsageError(name === '' ? 'a scenario is missing' : `there is no scenario ${name}`);
  if (others.length > 0) throw new UsageError(`one scenario at a time, and ${others[0]} is too much`);
  const number = (flag: NumberFlag): number | null => parseCount(flag, values[flag]);
  const { defaults } = scenario;
  const provider = (['istio', 'linkerd'] as const).find((each) => each === values.provider);
  if (provider === undefined) throw new UsageError(`--provider is istio or linkerd, not ${values.provider}`);
  const target = values.target === undefined ? null : parseUrl('target', values.target);
  const admin = values.admin === undefined ? null : parseUrl('admin', values.admin);
  if (admin !== null && target === null) throw new UsageError('--admin is the admin address of a --target');
  return {
    name,
    scenario,
    settings: {
      rate: number('rate') ?? defaults.rate,
      seconds: number('duration') ?? defaults.seconds,
      seed: number('seed') ?? 1,
      timeoutSeconds: number('timeout') ?? defaults.timeoutSeconds,
      p99LimitMs: number('p99') ?? defaults.p99LimitMs,
      meshes: scenario.manyMeshes && target === null ? (number('meshes') ?? defaults.meshes) : 0,
    },
    target,
    admin,
    provider,
    sidecar: values.sidecar ?? null,
    json: values.json ?? null,
    report: values.report ?? null,
    compare: values.compare ?? null,
    workers: number('workers'),
    processes: number('processes'),
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        rate: text,
        duration: text,
        seed: text,
        timeout: text,
        p99: text,
        meshes: text,
        workers: text,
        processes: text,
        target: text,
        admin: text,
        provider: { type: 'string', default: 'istio' },
        sidecar: text,
        json: text,
        report: text,
        compare: text,
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function parseCount(flag: NumberFlag, text: string | undefined): number | null {
  if (text === undefined) return null;
  const { max, what } = LIMITS[flag];
  const isTime = flag === 'duration' || flag === 'timeout';
  const [, digits = '', unit = ''] = (isTime ? /^(\d{1,10})(s|m)?$/ : /^(\d{1,10})$/).exec(text) ?? [];
  const value = Number(digits) * (unit === 'm' ? 60 : 1);
  if (digits === '' || value < 1 || value > max)
    throw new UsageError(`--${flag} is ${what}, from 1 to ${max}, not ${text}`);
  return value;
}

function parseUrl(flag: string, text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) throw new UsageError(`--${flag} is a URL, not ${text}`);
  if (url.username !== '' || url.password !== '') throw new UsageError(`--${flag} may hold no password`);
  return flag === 'admin' ? url.origin : url.href;
}
