/** Starts and ends a test apiserver: a cluster without nodes, on loopback, with data that are gone afterwards. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installApiserver } from './install.ts';

const START_LIMIT_MS = 90_000;
/** Of what it says on standard error, for the error. */
const KEPT_CHARACTERS = 4_000;

export interface Apiserver {
  /** File, of an administrator. */
  readonly kubeconfig: string;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

export interface ApiserverOptions {
  /** Whether Deployments, Jobs and the like make pods. */
  readonly controllers?: boolean;
  /** kube-apiserver's own. */
  readonly flags?: readonly string[];
}

/** Builds the server where it is missing. Rejects where it does not start, with what it said. */
export async function startApiserver({ controllers = false, flags = [] }: ApiserverOptions = {}): Promise<Apiserver> {
  const folder = mkdtempSync(join(tmpdir(), 'meshgate-apiserver-'));
  const args = ['--data', folder, '--tied', ...(controllers ? ['--controllers'] : []), '--', ...flags];
  const child = spawn(installApiserver(), args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  let said = '';
  child.stderr.on('data', (chunk) => {
    said = (said + String(chunk)).slice(-KEPT_CHARACTERS);
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  const line = new Promise<string>((resolve) => child.stdout.once('data', (chunk) => resolve(String(chunk).trim())));
  const limit = AbortSignal.timeout(START_LIMIT_MS);
  const late = new Promise<null>((resolve) => limit.addEventListener('abort', () => resolve(null)));
  const kubeconfig = await Promise.race([line, ended.then(() => null), late]);
  if (kubeconfig === null) {
    await stop();
    throw new Error(`the test apiserver did not start: ${said}`);
  }
  return { kubeconfig, process: child, stop };
}
