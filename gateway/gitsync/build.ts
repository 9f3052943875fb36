/**
 * From a tree of files to a snapshot, in steps: parse → validate → resolve → compile → test. Each step gathers everything that is wrong
 * before the next one is left out. Results are kept by the identity of what they were made from, so that a commit costs what it changed.
 */
import type { CompileProblem } from '../../workers/inject/provider.ts';
import type { Problem, Snapshot } from '../snapshot.ts';
import { checkPolicies } from './check-policies.ts';
import { type CompileRevision, RevisionCompiler } from './compile-revisions.ts';
import { checkOverlays } from './overlay-check.ts';
import { parseFiles } from './parse-files.ts';
import { checkPolicySet } from './policy-check.ts';
import type { PolicyFile } from './policy-file.ts';
import { collectPolicySet, type PolicySet } from './policy-set.ts';
import { problem } from './problem.ts';
import type { ReferenceCache } from './references.ts';
import { type ResolvedTest, resolveSet } from './resolve-set.ts';
import type { SchemaCheck } from './schema-check.ts';
import type { SourceTree } from './tree.ts';

/** What one build leaves for the next; starts empty, and holds nothing that the last build did not use. */
export interface BuildCache {
  readonly files: ReadonlyMap<string, PolicyFile>;
  readonly references: ReferenceCache;
  readonly compiled: ReadonlyMap<string, readonly CompileProblem[]>;
}

export const EMPTY_BUILD_CACHE: BuildCache = {
  files: new Map(),
  references: { texts: new Map(), configMaps: new Map() },
  compiled: new Map(),
};

export interface Build {
  /** Null when anything is wrong. */
  readonly snapshot: Snapshot | null;
  /** By name; complete only beside a snapshot. */
  readonly tests: ReadonlyMap<string, ResolvedTest>;
  /** The documents that it was made from. */
  readonly set: PolicySet;
  readonly problems: readonly Problem[];
  readonly cache: BuildCache;
  /** What this build had to do anew. */
  readonly work: { readonly parsedFiles: number; readonly compiledRevisions: number };
}

/** Runs a snapshot's own tests; a problem for each that fails. */
export type TestSnapshot = (
  snapshot: Snapshot,
  tests: ReadonlyMap<string, ResolvedTest>,
  prefix: string,
  signal: AbortSignal,
) => Promise<readonly Problem[]>;

export interface BuildOptions {
  readonly check: SchemaCheck;
  /** Left out: tests are not run. */
  readonly test?: TestSnapshot | undefined;
  readonly compile: CompileRevision;
  readonly loadedAt: Date;
  readonly signal: AbortSignal;
}

/**
 * Builds the snapshot of a tree. Never publishes or writes anything.
 * @throws SourceError when the tree can not be read or is too large; what is wrong with its files is in the result.
 */
export async function buildSnapshot(tree: SourceTree, cache: BuildCache, options: BuildOptions): Promise<Build> {
  const parsed = await parseFiles(tree, cache.files, options);
  const { set, problems: nameProblems } = collectPolicySet(parsed.files, tree);
  const validated = [
    ...tree.problems,
    ...parsed.problems,
    ...nameProblems,
    ...checkOverlays(parsed.files, tree),
    ...checkPolicySet(set, tree.prefix),
  ];
  if (set.meshes.size === 0 && validated.length === 0) {
    validated.push(problem('POLICY_EMPTY', tree.prefix, 'the source holds no Mesh: is its path right?'));
  }
  const compiler = new RevisionCompiler(cache.compiled, options);
  const resolved = await resolveSet(set, tree, withTexts(cache.references, parsed.texts), {
    signal: options.signal,
    onRevision: (revision) => compiler.add(revision),
  });
  const compiled = await compiler.finish(resolved.revisions);
  const checked = await checkPolicies(resolved.policies, cache.compiled, options);
  const problems = [...validated, ...resolved.problems, ...compiled.problems, ...checked.problems];
  const candidate = { revision: tree.revision, loadedAt: options.loadedAt, ...resolved.parts };
  if (!problems.some(isError) && options.test !== undefined && resolved.tests.size > 0) {
    problems.push(...(await options.test(candidate, resolved.tests, tree.prefix, options.signal)));
  }
  return {
    snapshot: problems.some(isError) ? null : candidate,
    tests: resolved.tests,
    set,
    problems,
    cache: {
      files: parsed.cache,
      references: resolved.cache,
      compiled: new Map([...compiled.cache, ...checked.cache]),
    },
    work: { parsedFiles: parsed.parsedCount, compiledRevisions: compiled.compiledCount },
  };
}

/** What has just been read is not read again. */
function withTexts({ texts, configMaps }: ReferenceCache, more: ReadonlyMap<string, string>): ReferenceCache {
  return { texts: new Map([...texts, ...more]), configMaps };
}

function isError({ severity }: Problem): boolean {
  return severity === 'error';
}
