/** Why a command ends before its work is done, with the exit code that says whose move it is. */
import { type CommandContext, EXIT_FAILED, EXIT_FINDINGS, EXIT_USAGE } from './context.ts';

/** What a command that works on files can end with: its exit code, and what it means. */
export const COMMAND_CODES = {
  FLAGS_INVALID: { exitCode: EXIT_USAGE, text: 'Flags contradict each other, or one is missing.' },
  FILE_UNREADABLE: { exitCode: EXIT_FAILED, text: 'A file can not be read, or is not text in UTF-8.' },
  FILE_UNWRITABLE: { exitCode: EXIT_FAILED, text: 'A file can not be written.' },
  INPUT_TOO_LARGE: { exitCode: EXIT_FAILED, text: 'A file is larger than what is read.' },
  MANIFEST_INVALID: { exitCode: EXIT_FINDINGS, text: 'The input is not made of Kubernetes resources.' },
  CONFIGURATION_INVALID: { exitCode: EXIT_FINDINGS, text: 'A configuration file does not hold what it should.' },
  SOURCE_INVALID: { exitCode: EXIT_FINDINGS, text: 'The policy source has errors, or lacks what was asked for.' },
  GATEWAY_REFUSED: { exitCode: EXIT_FINDINGS, text: 'The running gateway does not do what it was asked.' },
} as const satisfies Record<string, { exitCode: number; text: string }>;

export type CommandCode = keyof typeof COMMAND_CODES;

/** `message` is for a person, without a full stop at the end. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: CommandCode;
  constructor(code: CommandCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Runs a command's work, tells a CommandError on stderr, and hands the exit code on. Other errors are the caller's. */
export async function finishWith(context: CommandContext, work: () => Promise<number>): Promise<void> {
  try {
    context.finish(await work());
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    context.stderr(`meshgate: ${error.message} [${error.code}]\n`);
    context.finish(COMMAND_CODES[error.code].exitCode);
  }
}
