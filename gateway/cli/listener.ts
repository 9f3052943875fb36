/**
 * `meshgate listener`, which only a gateway with several processes runs: one of those processes.
 */
import { EXIT_OK, EXIT_USAGE, type Surroundings } from './context.ts';

export const LISTENER_COMMAND = 'listener';

/** Resolves with the exit code when the gateway ends. */
export async function runListener(context: Surroundings): Promise<number> {
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
