/**
 * `meshgate serve`: runs the gateway until it is told to stop.
 */
import type { Command } from 'commander';
import type { Cluster } from '../cluster/cluster.ts';
import { loadOptions } from '../config/load.ts';
import { flagName, type GatewayOptions, OPTIONS, type OptionKey } from '../config/options.ts';
import type { ReadyLine } from '../gateway.ts';
import type { AdmissionService } from '../service/admission-service.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import { type CommandContext, EXIT_FAILED, EXIT_OK } from './context.ts';
import { LISTENER_COMMAND } from './listener.ts';
import { SOURCE_HOST_COMMAND } from './source-host.ts';

/** Adds `serve`. */
export function registerServe(program: Command, context: CommandContext): void {
  const command = program.command('serve').description('serve admission reviews with policies from a folder or Git');
  addGatewayFlags(command).action(async (flags: Record<string, string | undefined>) => {
    context.finish(await serve(await readFlags(flags, context), context));
  });
}

/** Adds a flag for each option, and `--config`. */
export function addGatewayFlags(command: Command): Command {
  command.option('--config <FILE>', 'YAML or JSON file with option keys such as tlsCert');
  for (const key of Object.keys(OPTIONS) as OptionKey[]) {
    command.option(`--${flagName(key)} <${OPTIONS[key].placeholder}>`, OPTIONS[key].help);
  }
  return command;
}

/** The options from parsed flags; `defaults` stand in for what neither flags nor environment nor file give. */
export function readFlags(
  flags: Readonly<Record<string, string | undefined>>,
  context: CommandContext,
  defaults: Readonly<Partial<Record<OptionKey, string>>> = {},
): Promise<GatewayOptions> {
  const configFile = flags['config'] ?? context.environment['MESHGATE_CONFIG'] ?? null;
  return loadOptions({ flags, environment: context.environment, configFile, defaults });
}

/**
 * Starts the gateway, prints the ready line, and resolves with an exit code when the gateway has stopped after SIGTERM or SIGINT. A
 * second signal ends it at once.
 */
export async function serve(
  options: GatewayOptions,
  context: CommandContext,
  onReady: (ready: ReadyLine) => Promise<void> = async () => undefined,
): Promise<number> {
  const { Gateway } = await import('../gateway.ts');
  const { createLogger } = await import('../telemetry/logger.ts');
  const { SourceProcess } = await import('../gitsync/source-process.ts');
  const { logSyncEvent } = await import('../telemetry/sync-log.ts');
  const logger = createLogger(options.logLevel);
  const { sources, state, workerMemory } = options;
  const cluster = await openOwnCluster(options, logger);
  const source = new SourceProcess({
    setup: { sources, stateDir: state, workerMemory },
    program: programOf(context),
    argument: SOURCE_HOST_COMMAND,
    report: (event) => logSyncEvent(logger, event),
    onLost: (reason) => {
      logger.error({ code: 'PROCESS_ENDED', reason }, 'the process that keeps the sources ended and is replaced');
    },
  });
  const service = await createService(options, logger, context);
  const gateway = new Gateway({ options, logger, version: context.version, service, source, control: source, cluster });
  endOnFaults(logger);
  const stopAsked = new Promise<void>((resolve) => {
    let asked = false;
    const ask = (): void => {
      if (asked) process.exit(EXIT_FAILED);
      asked = true;
      resolve();
    };
    process.on('SIGTERM', ask);
    process.on('SIGINT', ask);
  });
  const starting = gateway.start();
  const ready = await Promise.race([starting, stopAsked]);
  if (ready === undefined) {
    starting.catch(() => undefined);
    await gateway.stop();
    return EXIT_OK;
  }
  context.stdout(`${JSON.stringify(ready)}\n`);
  await onReady(ready);
  await stopAsked;
  await gateway.drain();
  return EXIT_OK;
}

/** Its code is loaded where a cluster is named. */
async function openOwnCluster(
  { kubeconfig, clusterNamespace }: GatewayOptions,
  logger: Logger,
): Promise<Cluster | null> {
  if (kubeconfig === null) return null;
  const { openCluster } = await import('../cluster/cluster.ts');
  return openCluster({ kubeconfig, namespace: clusterNamespace }, logger);
}

async function createService(
  options: GatewayOptions,
  logger: Logger,
  context: CommandContext,
): Promise<AdmissionService> {
  const { workerFile } = context;
  if (options.processes > 1) {
    const { ProcessService } = await import('../service/process-service.ts');
    return new ProcessService({ options, logger, program: programOf(context), argument: LISTENER_COMMAND });
  }
  const { LocalService } = await import('../service/local-service.ts');
  return new LocalService({ options, logger, workerFile, tracing: await startTracing(options, context) });
}

/** What a process of the gateway runs. */
function programOf({ root }: CommandContext): URL {
  return new URL('bin/meshgate.mjs', root);
}

/** Ends the process, with a line in the log, over an error that nothing handled. */
export function endOnFaults(logger: Logger): void {
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      logger.fatal({ err: error, code: 'INTERNAL' }, 'the gateway met an error that nothing handles, and ends');
      process.exit(EXIT_FAILED);
    });
  }
}

/** Traces are made, and the packages for it loaded, only when a collector is named. */
export async function startTracing(
  { otlpEndpoint }: Pick<GatewayOptions, 'otlpEndpoint'>,
  { environment, version }: Pick<CommandContext, 'environment' | 'version'>,
): Promise<Tracing | null> {
  const named = environment['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? environment['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? '';
  if (otlpEndpoint === null && named === '') return null;
  const { createTracing } = await import('../telemetry/tracing.ts');
  return createTracing({ endpoint: otlpEndpoint, version });
}
