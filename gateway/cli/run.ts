/**
 * The command line: builds the program, runs a command, and turns errors into messages and exit codes.
 */
import { Command, CommanderError } from 'commander';
import { type COMMAND_ERRORS, GatewayError } from '../errors.ts';
import { formatProblem, SourceError } from '../gitsync/problem.ts';
import { type CommandContext, EXIT_FAILED, EXIT_OK, EXIT_USAGE } from './context.ts';
import { GATEWAY_COMMANDS, type RegisterCommand } from './gateway-commands.ts';

/** Runs the command that `args` names and resolves with its exit code: 0 fine, 1 findings, 2 wrong use, 3 it could not run. */
export async function runCommandLine(
  args: readonly string[],
  surroundings: Omit<CommandContext, 'finish'>,
): Promise<number> {
  let exitCode: number = EXIT_OK;
  const context: CommandContext = {
    ...surroundings,
    finish: (code) => {
      exitCode = code;
    },
  };
  const program = new Command('meshgate')
    .description('One Kubernetes admission gateway for every mesh.')
    .version(context.version)
    .exitOverride()
    .configureOutput({ writeOut: context.stdout, writeErr: context.stderr })
    .showHelpAfterError('(meshgate help COMMAND tells the options)');
  for (const register of await commandsFor(args[0])) register(program, context);
  // A command made by `program.command` copies these settings; one that was added whole does not.
  for (const command of program.commands) command.exitOverride().copyInheritedSettings(program);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    return reportError(error, context);
  }
}

/** Those of a gateway's own processes have the others' code not in memory for as long as they run. */
async function commandsFor(name: string | undefined): Promise<Iterable<RegisterCommand>> {
  const own = GATEWAY_COMMANDS.get(name ?? '');
  return own === undefined ? (await import('./commands.ts')).COMMANDS : [own];
}

function reportError(error: unknown, context: CommandContext): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
  if (error instanceof GatewayError) {
    context.stderr(`meshgate: ${error.message} [${error.code}]\n`);
    return isUsage(error.code) ? EXIT_USAGE : EXIT_FAILED;
  }
  if (error instanceof SourceError) {
    for (const problem of error.problems) context.stderr(`${formatProblem(problem)}\n`);
    return EXIT_FAILED;
  }
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  context.stderr(`meshgate: ${message}${code === '' ? '' : ` [${code}]`}\n`);
  if (code === '' && error instanceof Error && error.stack !== undefined) context.stderr(`${error.stack}\n`);
  return EXIT_FAILED;
}

const USAGE_CODES: ReadonlySet<string> = new Set([
  'OPTION_UNKNOWN',
  'OPTION_INVALID',
  'CONFIG_FILE_INVALID',
  'CLUSTER_CONFIG_INVALID',
] satisfies (keyof typeof COMMAND_ERRORS)[]);

function isUsage(code: string): boolean {
  return USAGE_CODES.has(code);
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}
