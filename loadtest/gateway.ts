/**
 * Starts the real gateway for a load test or benchmark: its own process, free ports, a state folder of its own, ended afterwards.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const READY_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 15_000;
const root = join(import.meta.dirname, '..');

export interface RunningGateway {
  readonly admission: string;
  readonly admin: string;
  /** File of the CA certificate that signed its serving certificate. */
  readonly ca: string;
  readonly snapshot: string;
  readonly pid: number;
  /** Its state folder, which is removed when it stops. */
  readonly state: string;
  stop(): Promise<void>;
}

export interface GatewayOptions {
  /** Arguments after `serve`, e.g. ['--source', 'DIR']; --listen, --admin and --state are added. */
  readonly args: readonly string[];
  /** Command that is put before node, e.g. ['taskset', '-c', '0']. */
  readonly prefix?: readonly string[];
  /** Arguments for node, e.g. ['--cpu-prof']. */
  readonly nodeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The program; by default this checkout's. */
  readonly program?: string;
}

/** Resolves when the gateway has printed its ready line; rejects with the end of its log when it ends or is not ready in 60 s. */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const state = mkdtempSync(join(tmpdir(), 'meshgate-load-'));
  const command = [
    ...(options.prefix ?? []),
    process.execPath,
    ...(options.nodeArgs ?? []),
    options.program ?? join(root, 'bin', 'meshgate.mjs'),
    'serve',
    ...options.args,
    ...['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--state', state],
  ];
  const [file = process.execPath, ...args] = command;
  const child = spawn(file, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  });
  let log = '';
  child.stderr.on('data', (chunk) => {
    log = (log + String(chunk)).slice(-20_000);
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async (): Promise<void> => {
    await end(child, ended);
    rmSync(state, { recursive: true, force: true });
  };
  try {
    const line = await firstLine(child, ended, () => log);
    const ready = JSON.parse(line) as { admission: string; admin: string; ca: string; snapshot: string };
    return { ...ready, pid: child.pid ?? 0, state, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function firstLine(child: ChildProcess, ended: Promise<void>, log: () => string): Promise<string> {
  if (child.stdout === null) throw new Error('the gateway has no stdout');
  const lines = createInterface({ input: child.stdout });
  const line = new Promise<string>((resolve) => lines.once('line', resolve));
  let limit: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    limit = setTimeout(
      () => reject(new Error(`the gateway was not ready in ${READY_LIMIT_MS / 1000} s\n${log()}`)),
      READY_LIMIT_MS,
    );
  });
  const gone = ended.then(() => Promise.reject(new Error(`the gateway ended with code ${child.exitCode}\n${log()}`)));
  try {
    return await Promise.race([line, late, gone]);
  } finally {
    clearTimeout(limit);
  }
}

async function end(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const limit = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await ended;
  clearTimeout(limit);
}
