/**
 * From git's failures to our codes. git has no error codes but its texts (in English: LC_ALL=C); this is the only place that
 * reads them, and what it does not know stays SOURCE_FAILED with git's own words.
 */
import type { Problem } from '../snapshot.ts';
import type { GitError } from './git-command.ts';
import { type ProblemCode, problem } from './problem.ts';

const UNAUTHORIZED = [
  'Authentication failed',
  'could not read Username',
  'could not read Password',
  'terminal prompts disabled',
  'Permission denied (',
  'Host key verification failed',
  'The requested URL returned error: 401',
  'The requested URL returned error: 403',
];
const UNREACHABLE = [
  'unable to access',
  'Could not resolve host',
  'Could not read from remote repository',
  'does not appear to be a git repository',
  'Connection refused',
  'Connection timed out',
  'Connection reset',
  'Network is unreachable',
  'early EOF',
  'the remote end hung up',
  'repository not found',
  'remote error:',
];
const PROTOCOL = ["transport '", 'is not allowed', 'Unable to find remote helper'];
const REF_MISSING = [
  "couldn't find remote ref",
  'not our ref',
  'Server does not allow request for unadvertised object',
];
const LOCKED = [/Unable to create '.*\.lock'/, /could not lock /i, /cannot lock ref/];

/** The problem that a failed command of a remote or local repository means. `what` says what was tried, for the message. */
export function gitProblem(error: GitError, what: string): Problem {
  switch (error.reason) {
    case 'timeout':
      return problem('SOURCE_TIMEOUT', '', `${what}: ${error.stderr}`);
    case 'output':
      return problem('SOURCE_TOO_LARGE', '', `${what}: ${error.stderr}`);
    case 'aborted':
      return problem('SOURCE_FAILED', '', `${what}: ${error.stderr}`);
    case 'spawn':
      if (error.stderr.includes('ENOENT')) {
        return problem('GIT_MISSING', '', `${what}: there is no git on the PATH`);
      }
      return problem('SOURCE_FAILED', '', `${what}: git could not be run: ${essence(error.stderr)}`);
    case 'exit':
      return problem(codeOf(error.stderr), '', `${what}: ${essence(error.stderr)}`);
  }
}

function codeOf(stderr: string): ProblemCode {
  const says = (phrases: readonly string[]) => phrases.some((phrase) => stderr.includes(phrase));
  if (LOCKED.some((pattern) => pattern.test(stderr))) return 'SOURCE_LOCKED';
  if (says(REF_MISSING)) return 'REF_MISSING';
  if (says(UNAUTHORIZED)) return 'SOURCE_UNAUTHORIZED';
  if (stderr.includes('transport ') && says(PROTOCOL)) return 'SOURCE_PROTOCOL';
  if (says(UNREACHABLE)) return 'SOURCE_UNREACHABLE';
  return 'SOURCE_FAILED';
}

/** What git says itself, and ssh of keys and hosts. */
const TELLING = /^(?:fatal|error|remote|ssh|ERROR):|^No .*host key is known|^Host key |: Permission denied \(/;

/** The lines that tell the cause, without git's advice around them. */
function essence(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  const telling = lines.filter((line) => TELLING.test(line) || line.includes('ssh: '));
  const chosen = telling.length > 0 ? telling : lines.filter((line) => line !== '');
  return chosen
    .filter((line) => !line.startsWith('at '))
    .slice(0, 3)
    .join('; ')
    .slice(0, 500);
}
