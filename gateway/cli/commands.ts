/**
 * All commands. Each has a file with a `register…` function that adds it to the program; what a command needs beyond its flags is
 * imported when it runs, so that `--help` stays quick.
 */
import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { registerDemo } from './demo.ts';
import { registerDiff } from './diff.ts';
import { registerEffective } from './effective.ts';
import { registerExplain } from './explain.ts';
import { registerImport } from './import.ts';
import { registerImportLinkerd } from './import-linkerd.ts';
import { registerInject } from './inject.ts';
import { registerLint } from './lint.ts';
import { registerListener } from './listener.ts';
import { registerRecord } from './record.ts';
import { registerReplay } from './replay.ts';
import { registerRollback } from './rollback.ts';
import { registerRollout } from './rollout.ts';
import { registerServe } from './serve.ts';
import { registerShadow } from './shadow.ts';
import { registerSourceHost } from './source-host.ts';
import { registerStart } from './start.ts';
import { registerTag } from './tag.ts';
import { registerUninject } from './uninject.ts';
import { registerValidate } from './validate.ts';

export const COMMANDS: readonly ((program: Command, context: CommandContext) => void)[] = [
  registerServe,
  registerListener,
  registerSourceHost,
  registerStart,
  registerDemo,
  registerValidate,
  registerEffective,
  registerRollback,
  registerRollout,
  registerLint,
  registerTag,
  registerInject,
  registerUninject,
  registerExplain,
  registerDiff,
  registerRecord,
  registerReplay,
  registerShadow,
  registerImport,
  registerImportLinkerd,
];
