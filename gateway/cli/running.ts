/**
 * The note that `start` leaves in its state folder, so that other commands find the gateway that runs.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GatewayError } from '../errors.ts';
import type { ReadyLine } from '../gateway.ts';

const FILE = 'running.json';

export function writeRunning(state: string, ready: ReadyLine): void {
  writeFileSync(join(state, FILE), `${JSON.stringify({ ...ready, pid: process.pid }, null, 2)}\n`);
}

export function removeRunning(state: string): void {
  rmSync(join(state, FILE), { force: true });
}

/** Where the gateway with this state folder runs. Throws GATEWAY_NOT_RUNNING. */
export function readRunning(state: string): ReadyLine {
  try {
    const running = JSON.parse(readFileSync(join(state, FILE), 'utf8')) as ReadyLine & { pid: number };
    // A gateway that was killed leaves its note behind; signal 0 only asks whether the process is there.
    process.kill(running.pid, 0);
    return running;
  } catch (error) {
    throw new GatewayError('GATEWAY_NOT_RUNNING', 'No gateway runs here: start one with `npm start` first.', {
      cause: error,
    });
  }
}
