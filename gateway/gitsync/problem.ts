/**
 * The codes of everything that can be wrong with a source, and the one way to make a Problem of them.
 *
 * Codes are matched, never message texts, and never reused for something else.
 */
import type { Problem } from '../snapshot.ts';
import { MAX_PROBLEMS } from './limits.ts';

/** Whose move it is: the files' author, whoever runs the gateway, or nobody (it is tried again by itself). */
export type Remedy = 'author' | 'operator' | 'retry';

export const PROBLEM_CODES = {
  SOURCE_MISSING: { remedy: 'operator', text: 'The folder or repository does not exist or can not be read.' },
  SOURCE_UNREACHABLE: { remedy: 'retry', text: 'The remote repository does not answer.' },
  SOURCE_UNAUTHORIZED: { remedy: 'operator', text: 'The remote repository refuses the credentials, or wants some.' },
  SOURCE_PROTOCOL: { remedy: 'operator', text: 'The URL is malformed, or its protocol is not allowed.' },
  SOURCE_TIMEOUT: { remedy: 'retry', text: 'A git command took longer than its limit and was ended.' },
  SOURCE_TOO_LARGE: { remedy: 'author', text: 'A fetch, a listing or all files together exceed their limit.' },
  SOURCE_LOCKED: { remedy: 'operator', text: 'Another process holds a lock in the cache of the state folder.' },
  SOURCE_FAILED: { remedy: 'retry', text: 'A git command or a read of the disk failed in another way.' },
  SOURCE_SPEC_INVALID: { remedy: 'operator', text: 'A GatewaySource has a value that can not be used.' },
  SOURCE_SUSPENDED: { remedy: 'operator', text: 'The source is suspended, and nothing of it was fetched before.' },
  SOURCE_UNVERIFIED: { remedy: 'author', text: 'The commit or tag is not signed, or not by a trusted key.' },
  SECRET_INVALID: { remedy: 'operator', text: "A file of the source's secrets is missing or can not be used." },
  VERIFY_KEYS_INVALID: { remedy: 'operator', text: 'The keys that signatures are checked with can not be read.' },
  GIT_MISSING: { remedy: 'operator', text: 'Repositories are read with git, and there is none on the PATH.' },
  REF_INVALID: { remedy: 'operator', text: 'The ref is not a valid branch, tag or commit name.' },
  REF_MISSING: { remedy: 'author', text: 'The branch, tag or commit does not exist (any more).' },
  PATH_MISSING: { remedy: 'author', text: 'The path within the source does not exist or is not a folder.' },
  TREE_TOO_MANY_FILES: { remedy: 'author', text: 'The path holds more files than the limit.' },
  TREE_SYMLINK: { remedy: 'author', text: 'A symbolic link: never followed in a commit, nor out of a folder.' },
  TREE_SUBMODULE: { remedy: 'author', text: 'A submodule: its contents are not part of the commit.' },
  TREE_PATH_INVALID: { remedy: 'author', text: 'A file name that is too long or is not UTF-8.' },
  FILE_TOO_LARGE: { remedy: 'author', text: 'A file that has to be read exceeds the limit.' },
  FILE_NOT_TEXT: { remedy: 'author', text: 'A file that has to be text is not UTF-8, or has NUL bytes.' },
  YAML_SYNTAX: { remedy: 'author', text: 'The file is not well-formed YAML.' },
  YAML_LIMIT: { remedy: 'author', text: 'Nesting, aliases or size of a document exceed their limit.' },
  DOCUMENT_INVALID: {
    remedy: 'author',
    text: 'The document is not a mapping with apiVersion, kind and metadata.name.',
  },
  POLICY_EMPTY: { remedy: 'author', text: 'The source holds no Mesh: a wrong path, most likely.' },
  DOCUMENT_TOO_MANY: { remedy: 'author', text: 'The source holds more policy documents than the limit.' },
  VERSION_UNKNOWN: { remedy: 'author', text: 'No such version of the meshgate.dev API.' },
  KIND_MISPLACED: {
    remedy: 'author',
    text: 'A GatewaySource stands in a source; it belongs into the file of `--config`.',
  },
  OVERLAY_FORBIDDEN: { remedy: 'author', text: 'An overlay defines what its GatewaySource does not allow it.' },
  REPLACES_NOTHING: { remedy: 'author', text: 'A document says that it replaces another, and there is none.' },
  KIND_UNKNOWN: { remedy: 'author', text: 'No such kind.' },
  POLICY_KIND_UNSUPPORTED: {
    remedy: 'author',
    text: 'A kind of Kubernetes that is not read, with what to write instead.',
  },
  POLICY_UNSUPPORTED: {
    remedy: 'author',
    text: 'A ValidatingAdmissionPolicy asks for more than the request holds (paramKind, authorizer).',
  },
  POLICY_UNDEFINED: { remedy: 'author', text: 'A binding or a test names a policy that does not exist.' },
  POLICY_UNBOUND: { remedy: 'author', text: 'A ValidatingAdmissionPolicy has no binding and does nothing (warning).' },
  FIELD_UNKNOWN: { remedy: 'author', text: 'No such field; the nearest known name is suggested.' },
  FIELD_MISSING: { remedy: 'author', text: 'A required field is missing.' },
  FIELD_INVALID: { remedy: 'author', text: 'A field has a value or a type that it can not have.' },
  NAME_DUPLICATE: { remedy: 'author', text: 'Two documents have one name.' },
  PATH_DUPLICATE: { remedy: 'author', text: 'Two meshes claim one URL path.' },
  PATH_RESERVED: { remedy: 'author', text: "A claimed URL path belongs to the gateway's own addresses." },
  MESH_UNDEFINED: { remedy: 'author', text: 'A document refers to a mesh that does not exist.' },
  REVISION_UNDEFINED: {
    remedy: 'author',
    text: 'A default, a tag, a rollout or a test names a revision that does not exist.',
  },
  ROLLOUT_CONFLICT: { remedy: 'author', text: 'Two rollouts of a mesh leave the same revision.' },
  CLUSTER_UNDEFINED: { remedy: 'author', text: 'A mesh names a ClusterSnapshot that does not exist.' },
  TAG_CONFLICT: { remedy: 'author', text: 'A tag has the name of a revision of the same mesh.' },
  PROVIDER_MISMATCH: { remedy: 'author', text: "A revision's provider is not its mesh's." },
  REFERENCE_ESCAPES: { remedy: 'author', text: "A file reference is absolute or leaves the source's path." },
  REFERENCE_MISSING: { remedy: 'author', text: 'A file, ConfigMap or key that is referred to does not exist.' },
  REFERENCE_INVALID: { remedy: 'author', text: 'A file that is referred to is not what it should be.' },
  COMPILE_FAILED: { remedy: 'retry', text: 'A revision could not be compiled for a reason that is not in its files.' },
  TEST_FAILED: { remedy: 'author', text: 'An InjectionTest does not get what it expects.' },
  PROBLEMS_OMITTED: { remedy: 'author', text: 'There are more problems than are reported.' },
  SNAPSHOT_UNKNOWN: { remedy: 'operator', text: 'No saved snapshot has this id, revision or commit.' },
  STATE_CORRUPT: { remedy: 'operator', text: 'The saved snapshot is damaged or of an unknown version; it is ignored.' },
} as const satisfies Record<string, { remedy: Remedy; text: string }>;

/** A code of this table; compile problems keep the codes of the provider that found them. */
export type ProblemCode = keyof typeof PROBLEM_CODES;

export interface Position {
  /** Both 1-based; columns count UTF-16 units. */
  readonly line: number;
  readonly column: number;
}

/** Makes an error; `position` is left out where nothing is known of it. */
export function problem(code: ProblemCode, file: string, message: string, position?: Position | null): Problem {
  if (position === undefined || position === null) return { code, severity: 'error', message, file };
  return { code, severity: 'error', message, file, line: position.line, column: position.column };
}

/** Stops an attempt: what is wrong concerns the source as a whole, so that there is nothing further to look at. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
  readonly code: ProblemCode;
  /** What to report; the first one's code is the error's. */
  readonly problems: readonly Problem[];
  constructor(problems: readonly [Problem, ...Problem[]]) {
    super(problems[0].message);
    this.code = problems[0].code as ProblemCode;
    this.problems = problems;
  }
}

export function sourceError(code: ProblemCode, file: string, message: string): SourceError {
  return new SourceError([problem(code, file, message)]);
}

/** By file, then position; a file's problems without position first. Duplicates are dropped, and the list is bounded. */
export function orderProblems(problems: readonly Problem[]): readonly Problem[] {
  const seen = new Set<string>();
  const unique = problems.filter((each) => {
    const key = `${each.file}\u0000${each.line ?? 0}\u0000${each.column ?? 0}\u0000${each.code}\u0000${each.message}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  unique.sort(
    (a, b) => compareText(a.file, b.file) || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
  );
  if (unique.length <= MAX_PROBLEMS) return unique;
  const kept = unique.slice(0, MAX_PROBLEMS);
  kept.push(problem('PROBLEMS_OMITTED', '', `${unique.length - MAX_PROBLEMS} more problems are not listed`));
  return kept;
}

/** `file:line:column: severity: message [CODE]`, as compilers write it. */
export function formatProblem(each: Problem): string {
  const place = each.line === undefined ? each.file : `${each.file}:${each.line}:${each.column ?? 1}`;
  return `${place === '' ? '' : `${place}: `}${each.severity}: ${each.message} [${each.code}]`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
