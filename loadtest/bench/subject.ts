/**
 * What is measured: servers that run side by side on the same core, each idle while another one has its window.
 */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createCertificates } from '../../gateway/server/certificate.ts';
import { startGateway } from '../gateway.ts';
import { pinned, SERVER_CORE } from './cores.ts';
import type { BenchPolicy } from './policy.ts';

export interface Subject {
  readonly name: string;
  readonly urls: readonly string[];
  readonly pid: number;
  /** Address of a gateway's metrics. */
  readonly admin?: string;
  stop(): Promise<void>;
}

export interface GatewaySetup {
  readonly name: string;
  readonly policy: BenchPolicy;
  /** The checkout or build whose gateway is started. */
  readonly root: string;
  /** Arguments of `serve` besides the source, e.g. ['--workers', '1']. */
  readonly args: readonly string[];
  /** Cores as taskset takes them; null: all of them. */
  readonly cores?: string | null;
  /** Folder for CPU profiles of its threads, which are written when it ends. */
  readonly profile?: string | undefined;
}

/** What the apiserver adds to a webhook's URL when nothing else is configured. */
const QUERY = '?timeout=10s';

export async function startGatewaySubject(setup: GatewaySetup): Promise<Subject> {
  const { name, policy, root, args, cores = SERVER_CORE, profile } = setup;
  const nodeArgs: string[] = [];
  if (profile !== undefined) {
    mkdirSync(profile, { recursive: true });
    nodeArgs.push('--cpu-prof', `--cpu-prof-dir=${profile}`);
  }
  const gateway = await startGateway({
    args: [...policy.args, ...args],
    prefix: cores === null ? [] : pinned(cores),
    nodeArgs,
    program: join(root, 'bin', 'meshgate.mjs'),
  });
  const urls = policy.paths.map((path) => `${gateway.admission}${path}${QUERY}`);
  return { name, urls, pid: gateway.pid, admin: gateway.admin, stop: () => gateway.stop() };
}

/** Starts the yardstick (yardstick.ts), which answers with `answerBytes`. `folder` gets its certificate. */
export async function startYardstick(folder: string, answerBytes: number): Promise<Subject> {
  const { key, cert } = await createCertificates(join(folder, 'tls'));
  const command = [...pinned(SERVER_CORE), process.execPath, join(import.meta.dirname, 'yardstick.ts')];
  const [file = process.execPath, ...args] = command;
  const child = spawn(file, [...args, String(answerBytes)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, KEY_FILE: key, CERT_FILE: cert },
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve);
    child.once('error', reject);
    child.once('close', () => reject(new Error('the yardstick ended before it was ready')));
  });
  const { admission } = JSON.parse(line) as { admission: string };
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  return { name: 'yardstick', urls: [`${admission}/inject${QUERY}`], pid: child.pid ?? 0, stop };
}
