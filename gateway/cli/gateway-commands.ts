/** The commands whose processes stay, by name. */
import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { LISTENER_COMMAND, registerListener } from './listener.ts';
import { registerServe } from './serve.ts';
import { registerSourceHost, SOURCE_HOST_COMMAND } from './source-host.ts';
import { registerStart } from './start.ts';

export type RegisterCommand = (program: Command, context: CommandContext) => void;

export const GATEWAY_COMMANDS: ReadonlyMap<string, RegisterCommand> = new Map([
  ['serve', registerServe],
  [LISTENER_COMMAND, registerListener],
  [SOURCE_HOST_COMMAND, registerSourceHost],
  ['start', registerStart],
]);
