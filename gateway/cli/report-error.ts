/** Errors that end a command, as messages and exit codes. */
import { type COMMAND_ERRORS, GatewayError } from '../errors.ts';
import { formatProblem, SourceError } from '../gitsync/problem.ts';
import { type CommandContext, EXIT_FAILED, EXIT_USAGE } from './context.ts';

/** Says why a command could not run, and returns its exit code. */
export function reportError(error: unknown, { stderr }: Pick<CommandContext, 'stderr'>): number {
  if (error instanceof GatewayError) {
    stderr(`meshgate: ${error.message} [${error.code}]\n`);
    return isUsage(error.code) ? EXIT_USAGE : EXIT_FAILED;
  }
  if (error instanceof SourceError) {
    for (const problem of error.problems) stderr(`${formatProblem(problem)}\n`);
    return EXIT_FAILED;
  }
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  stderr(`meshgate: ${message}${code === '' ? '' : ` [${code}]`}\n`);
  if (code === '' && error instanceof Error && error.stack !== undefined) stderr(`${error.stack}\n`);
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
