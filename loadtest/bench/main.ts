/**
 * `npm run bench [-- --provider istio|linkerd] [--seconds N] [--connections N] [--storm] [--workers N] [--json FILE] [--profile DIR]`: what the gateway does
 * in a second, and how that compares with the yardstick (a bare node:https server with JSON.parse and JSON.stringify, see
 * yardstick.ts) in the same run on the same Node. Servers are pinned to core 0 and the generator to core 1 where taskset is there.
 * Use the ratio; absolute figures move from machine to machine. Exits 1 when an answer was not 200.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createCertificates } from '../../gateway/server/certificate.ts';
import { startGateway } from '../gateway.ts';
import type { GeneratorTask, Measurement } from './generator.ts';
import { measureInProcess } from './in-process.ts';
import { benchPolicy } from './policy.ts';

const DISTINCT_REVIEWS = 2_000;

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '8' },
    connections: { type: 'string', default: '16' },
    workers: { type: 'string', default: '1' },
    storm: { type: 'boolean', default: false },
    provider: { type: 'string', default: 'istio' },
    json: { type: 'string' },
    profile: { type: 'string' },
  },
});
const seconds = Number(options.seconds);
const provider = (['istio', 'linkerd'] as const).find((name) => name === options.provider);
if (provider === undefined) throw new Error(`--provider is istio or linkerd, not ${options.provider}`);

/** The command that keeps a process on one core, where there is more than one to choose from. */
function pinned(core: number): string[] {
  const usable = availableParallelism() > 1 && spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status === 0;
  return usable ? ['taskset', '-c', String(core)] : [];
}

function generate(url: string, annotations: GeneratorTask['annotations']): Promise<Measurement> {
  const task: GeneratorTask = {
    url,
    connections: Number(options.connections),
    warmupSeconds: 3,
    seconds,
    seed: 1,
    distinct: DISTINCT_REVIEWS,
    storm: options.storm,
    annotations,
  };
  const [file = process.execPath, ...args] = [
    ...pinned(1),
    process.execPath,
    join(import.meta.dirname, 'generator.ts'),
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (chunk) => {
      out += String(chunk);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(out) as Measurement);
      else reject(new Error(`the generator ended with code ${code}`));
    });
    child.stdin.end(JSON.stringify(task));
  });
}

async function measureYardstick(
  answerBytes: number,
  folder: string,
  annotations: GeneratorTask['annotations'],
): Promise<Measurement> {
  const { key, cert } = await createCertificates(join(folder, 'tls'));
  const [file = process.execPath, ...args] = [
    ...pinned(0),
    process.execPath,
    join(import.meta.dirname, 'yardstick.ts'),
  ];
  const child = spawn(file, [...args, String(answerBytes)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, KEY_FILE: key, CERT_FILE: cert },
  });
  try {
    return await generate(`${await readyUrl(child)}/inject?timeout=10s`, annotations);
  } finally {
    child.kill('SIGTERM');
  }
}

function readyUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let out = '';
    child.stdout?.on('data', (chunk) => {
      out += String(chunk);
      if (out.includes('\n')) resolve((JSON.parse(out) as { admission: string }).admission);
    });
    child.once('close', () => reject(new Error('the yardstick ended before it was ready')));
  });
}

const folder = mkdtempSync(join(tmpdir(), 'meshgate-bench-'));
try {
  const policy = benchPolicy(join(folder, 'policy'), provider);
  const nodeArgs: string[] = [];
  if (options.profile !== undefined) {
    mkdirSync(options.profile, { recursive: true });
    nodeArgs.push('--cpu-prof', `--cpu-prof-dir=${options.profile}`);
  }
  const inProcess = measureInProcess({
    provider,
    annotations: policy.annotations,
    folder: join(folder, 'policy', 'bench'),
    seconds,
    distinct: DISTINCT_REVIEWS,
    storm: options.storm,
  });
  const gateway = await startGateway({
    args: [...policy.args, '--workers', options.workers],
    prefix: pinned(0),
    nodeArgs,
  });
  let ours: Measurement;
  try {
    ours = await generate(`${gateway.admission}${policy.path}?timeout=10s`, policy.annotations);
  } finally {
    await gateway.stop();
  }
  const yardstick = await measureYardstick(ours.answerBytes, folder, policy.annotations);
  const result = {
    date: new Date().toISOString(),
    node: process.version,
    configuration: policy.description,
    reviews: options.storm ? 'storm' : 'distinct',
    inProcess,
    https: ours,
    yardstick,
    ratio: ours.requestsPerSecond / yardstick.requestsPerSecond,
  };
  const line = (name: string, measurement: Measurement): string =>
    `${name.padEnd(24)}${measurement.requestsPerSecond.toFixed(0).padStart(8)}/s   p50 ${measurement.p50Ms.toFixed(2)} ms   p99 ${measurement.p99Ms.toFixed(2)} ms   ${measurement.errors} errors`;
  console.log(
    `Node ${process.version}, ${policy.description}, ${DISTINCT_REVIEWS} ${result.reviews} reviews of ${ours.reviewBytes} bytes, answers of ${ours.answerBytes} bytes`,
  );
  if (inProcess !== null) {
    console.log(
      `${'in process'.padEnd(24)}${inProcess.perSecond.toFixed(0).padStart(8)}/s   ${inProcess.microseconds.toFixed(1)} µs each`,
    );
  }
  console.log(line('over HTTPS, one core', ours));
  console.log(line('yardstick', yardstick));
  console.log(`ratio to the yardstick  ${result.ratio.toFixed(3).padStart(9)}`);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
  if (ours.errors > 0) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
