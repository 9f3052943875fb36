/**
 * What a gateway runs in processes of its own, by the argument that they are started with. That is all they are told on a command line, so
 * they do without what reads one: it would stay in their memory.
 */
import type { Surroundings } from './context.ts';
import { LISTENER_COMMAND, runListener } from './listener.ts';
import { reportError } from './report-error.ts';
import { hostSources, SOURCE_HOST_COMMAND } from './source-host.ts';

const PROCESSES: ReadonlyMap<string, (surroundings: Surroundings) => Promise<number>> = new Map([
  [LISTENER_COMMAND, runListener],
  [SOURCE_HOST_COMMAND, hostSources],
]);

/** Runs the process that `args` names, and resolves with its exit code as soon as it has ended; null where they name none. */
export function runOwnProcess(args: readonly string[], surroundings: Surroundings): Promise<number> | null {
  const [name, ...rest] = args;
  const run = rest.length === 0 ? PROCESSES.get(name ?? '') : undefined;
  return run?.(surroundings).catch((error: unknown) => reportError(error, surroundings)) ?? null;
}
