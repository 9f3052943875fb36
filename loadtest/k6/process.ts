/**
 * Runs k6 with a plan and reads its figures. k6 knows no npm packages and follows no `.ts` import of its own: it gets one plain script.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { build } from 'esbuild';
import { processSeconds } from '../neighbours.ts';
import { type Plan, secondsOf } from './plan.ts';
import type { ProgressListener } from './progress.ts';
import { watchProgress } from './progress.ts';
import type { Summary } from './summary.ts';

/** Exit code of k6 when a threshold was crossed. */
const THRESHOLDS_CROSSED = 99;
/** Beyond its planned time, for the start, the last answers and the summary. */
const EXTRA_LIMIT_MS = 90_000;
const LOG_LIMIT = 20_000;
const CPU_PERIOD_MS = 1_000;

export interface K6 {
  readonly binary: string;
  readonly script: string;
  /** Command to put before it. */
  readonly prefix: readonly string[];
}

export interface K6Run {
  readonly summary: Summary;
  /** File of sampled answers, one a line. */
  readonly samples: string;
  /** Processor time of k6, a second before its end; 0 where the system does not tell. */
  readonly cpuSeconds: number;
}

/** Makes the script that k6 runs, into `folder`. */
export async function bundleDriver(folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, 'drive.js');
  await build({
    entryPoints: [join(import.meta.dirname, 'drive.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    target: 'es2020',
    external: ['k6', 'k6/*'],
    logLevel: 'error',
  });
  return outfile;
}

/** Files are left in `folder`. Rejects when k6 does not come to an end of its own, or the signal is aborted. */
export async function runK6(
  k6: K6,
  plan: Plan,
  folder: string,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<K6Run> {
  const file = (name: string): string => join(folder, name);
  writeFileSync(file('plan.json'), JSON.stringify(plan));
  // k6 appends to what an earlier run has left.
  rmSync(file('samples.ndjson'), { force: true });
  const address = `127.0.0.1:${await freePort()}`;
  const [command = k6.binary, ...args] = [
    ...k6.prefix,
    k6.binary,
    'run',
    '--quiet',
    '--no-usage-report',
    '--no-color',
    ...['--log-format', 'raw', '--console-output', file('samples.ndjson'), '--address', address],
    k6.script,
  ];
  const limit = AbortSignal.timeout(secondsOf(plan.load) * 1_000 + EXTRA_LIMIT_MS);
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PLAN: file('plan.json'), SUMMARY: file('summary.json') },
    signal: AbortSignal.any([limit, signal]),
  });
  let log = '';
  const keep = (chunk: unknown): void => {
    log = (log + String(chunk)).slice(-LOG_LIMIT);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  let cpuSeconds = 0;
  const clock = setInterval(() => {
    cpuSeconds = processSeconds(child.pid ?? 0) ?? cpuSeconds;
  }, CPU_PERIOD_MS);
  const progress = watchProgress(`http://${address}`, plan, onProgress);
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (exit) => resolve(exit ?? 1));
    });
    if (code !== 0 && code !== THRESHOLDS_CROSSED) throw new Error(`K6_FAILED: k6 ended with code ${code}\n${log}`);
  } finally {
    progress.stop();
    clearInterval(clock);
  }
  return {
    summary: JSON.parse(readFileSync(file('summary.json'), 'utf8')) as Summary,
    samples: file('samples.ndjson'),
    cpuSeconds,
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
