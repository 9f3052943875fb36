/**
 * All commands. Each has a file with a `register…` function that adds it to the program; what a command needs beyond its flags is
 * imported when it runs, so that `--help` stays quick.
 */
import { registerDemo } from './demo.ts';
import { registerDiff } from './diff.ts';
import { registerEffective } from './effective.ts';
import { registerExplain } from './explain.ts';
import { GATEWAY_COMMANDS, type RegisterCommand } from './gateway-commands.ts';
import { registerImport } from './import.ts';
import { registerImportLinkerd } from './import-linkerd.ts';
import { registerInject } from './inject.ts';
import { registerLint } from './lint.ts';
import { registerRecord } from './record.ts';
import { registerReplay } from './replay.ts';
import { registerRollback } from './rollback.ts';
import { registerRollout } from './rollout.ts';
import { registerShadow } from './shadow.ts';
import { registerTag } from './tag.ts';
import { registerUninject } from './uninject.ts';
import { registerValidate } from './validate.ts';

export const COMMANDS: readonly RegisterCommand[] = [
  ...GATEWAY_COMMANDS.values(),
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
