/** Why a command ends before its work is done, with the exit code that says whose move it is. */
import { type CommandContext, EXIT_FAILED, EXIT_FINDINGS, EXIT_USAGE } from './context.ts';

/** Each code with the exit code of a command that meets it. */
export const COMMAND_CODES = {
  /** Flags contradict each other, or one is missing. */
  FLAGS_INVALID: EXIT_USAGE,
  /** A file can not be read or written. */
  FILE_UNREADABLE: EXIT_FAILED,
  FILE_UNWRITABLE: EXIT_FAILED,
  /** A file is larger than what is read. */
  FILE_TOO_LARGE: EXIT_FAILED,
  /** The input is not made of Kubernetes resources. */
  MANIFEST_INVALID: EXIT_FINDINGS,
  /** A configuration file does not hold what it should. */
  CONFIGURATION_INVALID: EXIT_FINDINGS,
  /** The policy source has errors, or lacks what was asked for. */
  SOURCE_INVALID: EXIT_FINDINGS,
  /** A workload would be denied. */
  WORKLOAD_DENIED: EXIT_FINDINGS,
  /** A program that the command needs is not there, or failed. */
  TOOL_MISSING: EXIT_FAILED,
  TOOL_FAILED: EXIT_FAILED,
} as const satisfies Record<string, number>;

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
    context.finish(COMMAND_CODES[error.code]);
  }
}
