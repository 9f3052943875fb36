/** The commands whose processes stay, by name. */
import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { registerServe } from './serve.ts';
import { registerStart } from './start.ts';

export type RegisterCommand = (program: Command, context: CommandContext) => void;

export const GATEWAY_COMMANDS: ReadonlyMap<string, RegisterCommand> = new Map([
  ['serve', registerServe],
  ['start', registerStart],
]);
