/**
 * `meshgate listener`, which only a gateway with several processes runs: one of those processes.
 */
import type { Command } from 'commander';
import { type CommandContext, EXIT_OK, EXIT_USAGE } from './context.ts';

export const LISTENER_COMMAND = 'listener';

/** Adds the hidden command. */
export function registerListener(program: Command, context: CommandContext): void {
  program.command(LISTENER_COMMAND, { hidden: true }).action(async () => context.finish(await listen(context)));
}

async function listen(context: CommandContext): Promise<number> {
  if (process.send === undefined) {
    context.stderr('meshgate: this command is for `serve --processes`\n');
    return EXIT_USAGE;
  }
  // A terminal sends its signals to the whole group; the gateway says when it is time.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => undefined);
  const { runListenerProcess } = await import('../service/process-main.ts');
  const { LocalService } = await import('../service/local-service.ts');
  const { createLogger } = await import('../telemetry/logger.ts');
  const { endOnFaults, startTracing } = await import('./serve.ts');
  await runListenerProcess(async ({ options, ticketKeys }) => {
    const logger = createLogger(options.logLevel);
    endOnFaults(logger);
    const tracing = await startTracing(options, context);
    return new LocalService({ options, logger, workerFile: context.workerFile, tracing, ticketKeys });
  });
  return EXIT_OK;
}
