/**
 * The command line: builds the program, runs a command, and turns errors into messages and exit codes.
 */
import { Command, CommanderError } from 'commander';
import { type CommandContext, EXIT_OK, EXIT_USAGE, type Surroundings } from './context.ts';
import { GATEWAY_COMMANDS, type RegisterCommand } from './gateway-commands.ts';
import { reportError } from './report-error.ts';

/** Runs the command that `args` names and resolves with its exit code: 0 fine, 1 findings, 2 wrong use, 3 it could not run. */
export async function runCommandLine(args: readonly string[], surroundings: Surroundings): Promise<number> {
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
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
    return reportError(error, context);
  }
}

/** Those of a gateway's own processes have the others' code not in memory for as long as they run. */
async function commandsFor(name: string | undefined): Promise<Iterable<RegisterCommand>> {
  const own = GATEWAY_COMMANDS.get(name ?? '');
  return own === undefined ? (await import('./commands.ts')).COMMANDS : [own];
}
