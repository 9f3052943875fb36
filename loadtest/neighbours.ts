/** How much of the machine was busy with something else during a run: figures of a shared machine are not those of the gateway. */
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';

/** Linux counts processor time in hundredths of a second. */
const TICKS_PER_SECOND = 100;
/** Part of the machine that the system itself may take. */
const USUAL_SHARE = 0.1;

/** Seconds that all cores together have worked. */
export function busySeconds(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1_000;
}

/** Processor seconds of a process; null where the system does not tell, or the process is gone. */
export function processSeconds(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may hold anything; user and system time are the 12th and 13th member after it.
    const members = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(members[11]) + Number(members[12]);
    return Number.isFinite(ticks) ? ticks / TICKS_PER_SECOND : null;
  } catch {
    return null;
  }
}

export interface MachineUse {
  readonly wallSeconds: number;
  readonly busySeconds: number;
  /** Of gateway, generator and runner. */
  readonly ownSeconds: number;
}

/** Since some beginning, as told by this process and, where there is one, a gateway that it has started. */
export function machineUse(gateway: number | null): MachineUse {
  const own = [process.pid, ...(gateway === null ? [] : [gateway])];
  return {
    wallSeconds: performance.now() / 1_000,
    busySeconds: busySeconds(),
    ownSeconds: own.reduce((sum, pid) => sum + (processSeconds(pid) ?? 0), 0),
  };
}

/** A sentence when other processes had a part in the figures, otherwise null. */
export function tellNeighbours({ wallSeconds, busySeconds: busy, ownSeconds }: MachineUse): string | null {
  const cores = availableParallelism();
  const others = Math.max(0, busy - ownSeconds) / Math.max(1, wallSeconds);
  if (others <= cores * USUAL_SHARE) return null;
  return `Other processes kept ${others.toFixed(1)} of ${cores} cores busy: these are the figures of a shared machine.`;
}
