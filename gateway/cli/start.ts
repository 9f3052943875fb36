/**
 * `meshgate start`, which is `npm start`: serves this checkout's own policies from its own repository, and says how to try it.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { removeRunning, writeRunning } from './running.ts';
import { addGatewayFlags, readFlags, serve } from './serve.ts';

/** Adds `start`. */
export function registerStart(program: Command, context: CommandContext): void {
  const command = program
    .command('start')
    .description('serve the default policies of this checkout on free local ports');
  addGatewayFlags(command).action(async (flags: Record<string, string | undefined>) => {
    const root = fileURLToPath(context.root);
    const options = await readFlags(flags, context, {
      source: root,
      path: 'policies',
      state: join(root, '.meshgate'),
      listen: '127.0.0.1:0',
      admin: '127.0.0.1:0',
      drainDelay: '0',
      logLevel: 'warn',
    });
    try {
      const exitCode = await serve(options, context, async (ready) => {
        writeRunning(options.state, ready);
        context.stderr(
          '\nMeshgate serves. Send a real pod through it and see what is injected, in another terminal:\n\n',
        );
        context.stderr('    npm run --silent demo\n\n');
      });
      context.finish(exitCode);
    } finally {
      removeRunning(options.state);
    }
  });
}
