/** Which core runs what: servers on core 0, the generator on core 1, so that they do not take each other's time. */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

export const SERVER_CORE = '0';
export const GENERATOR_CORE = '1';

/** Whether processes can be kept on cores here: there are several, and there is taskset. */
export function canPin(): boolean {
  return availableParallelism() > 1 && spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status === 0;
}

/** The command to put before another to keep it on these cores (taskset's list, e.g. `0` or `0,1`); empty where that is not possible. */
export function pinned(cores: string): readonly string[] {
  return canPin() ? ['taskset', '-c', cores] : [];
}

/** Moves a running process with all its threads to these cores, where that is possible. */
export function pinRunning(pid: number, cores: string): void {
  if (canPin()) spawnSync('taskset', ['-a', '-p', '-c', cores, String(pid)], { stdio: 'ignore' });
}
