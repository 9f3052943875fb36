/**
 * Loaded into a gateway's process (`node --import`): how long its main thread is busy with one thing. It looks at the clock and at the
 * thread's CPU time every millisecond; what passes between two looks is a stall. The signal SIGUSR2 has the longest ones since the last
 * signal written to the file of MESHGATE_STALLS.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

export interface Stalls {
  /** The longest time between two looks. */
  readonly wallMs: number;
  /** The most CPU time of the main thread between two looks: what others took of the core is not in it. */
  readonly cpuMs: number;
}

const LOOK_MS = 1;
const file = process.env['MESHGATE_STALLS'];

// Not in the processes that a gateway starts.
if (isMainThread && file !== undefined && process.send === undefined) {
  let atMs = performance.now();
  let cpuUs = threadCpuUs();
  let longest: Stalls = { wallMs: 0, cpuMs: 0 };
  const look = (): void => {
    const now = performance.now();
    const cpu = threadCpuUs();
    longest = {
      wallMs: Math.max(longest.wallMs, now - atMs),
      cpuMs: Math.max(longest.cpuMs, (cpu - cpuUs) / 1_000),
    };
    atMs = now;
    cpuUs = cpu;
  };
  setInterval(look, LOOK_MS).unref();
  process.on('SIGUSR2', () => {
    look();
    writeFileSync(`${file}.tmp`, JSON.stringify(longest));
    renameSync(`${file}.tmp`, file);
    longest = { wallMs: 0, cpuMs: 0 };
  });
}

function threadCpuUs(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}
