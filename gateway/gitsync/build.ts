/**
 * From a tree of files to a snapshot, in steps: parse → validate → resolve → compile. Each step gathers everything that is wrong
 * before the next one is left out. Results are kept by the identity of what they were made from, so that a commit costs what it changed.
 */
import { setImmediate as yieldToEvents } from 'node:timers/promises';
import type { CompileProblem } from '../../workers/inject/provider.ts';
import type { RevisionSource } from '../../workers/protocol.ts';
import type { ClusterSnapshot, Mesh, Problem, Snapshot } from '../snapshot.ts';
import { buildClusterSnapshot } from './cluster-snapshot.ts';
import type { ConfigMapFile } from './config-maps.ts';
import {
  COMPILE_CONCURRENCY,
  MAX_DOCUMENTS,
  MAX_POLICY_FILE_BYTES,
  MAX_REFERENCED_FILE_BYTES,
  MAX_TOTAL_BYTES,
} from './limits.ts';
import { buildMesh } from './mesh.ts';
import { parseConfigMapsAside } from './parsing.ts';
import { checkPolicySet } from './policy-check.ts';
import { isPolicyFileName, type PolicyFile, parsePolicyFile } from './policy-file.ts';
import { collectPolicySet, type Placed, type PlacedFile, type PolicySet } from './policy-set.ts';
import { problem, sourceError } from './problem.ts';
import { decodeText, type ReferenceCache, References, referencedPath, resolveReferencePath } from './references.ts';
import { type ResolvedRevision, referencesOf, resolveRevision } from './revision-source.ts';
import type { SchemaCheck } from './schema-check.ts';
import type { SourceTree, TreeFile } from './tree.ts';

/** Compiles one revision to see whether it can be; an empty list when it can. Rejects when it could not be tried. */
export type CompileRevision = (source: RevisionSource) => Promise<readonly CompileProblem[]>;

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

/** An InjectionTest with its review read. */
export interface ResolvedTest {
  readonly placed: Placed<'InjectionTest'>;
  /** Text of the AdmissionReview, where the test refers to one. */
  readonly review: string | null;
}

export interface Build {
  /** Null when anything is wrong. */
  readonly snapshot: Snapshot | null;
  /** By name; complete only beside a snapshot. */
  readonly tests: ReadonlyMap<string, ResolvedTest>;
  readonly problems: readonly Problem[];
  readonly cache: BuildCache;
  /** What this build had to do anew. */
  readonly work: { readonly parsedFiles: number; readonly compiledRevisions: number };
}

export interface BuildOptions {
  readonly check: SchemaCheck;
  readonly compile: CompileRevision;
  readonly loadedAt: Date;
  readonly signal: AbortSignal;
}

/**
 * Builds the snapshot of a tree. Never publishes or writes anything.
 * @throws SourceError when the tree can not be read or is too large; what is wrong with its files is in the result.
 */
export async function buildSnapshot(tree: SourceTree, cache: BuildCache, options: BuildOptions): Promise<Build> {
  const parsed = await parseFiles(tree, cache, options);
  const { set, problems: nameProblems } = collectPolicySet(parsed.files, tree.prefix);
  const validated = [...tree.problems, ...parsed.problems, ...nameProblems, ...checkPolicySet(set, tree.prefix)];
  if (set.meshes.size === 0 && validated.length === 0) {
    validated.push(problem('POLICY_EMPTY', tree.prefix, 'the source holds no Mesh: is its path right?'));
  }
  const resolved = await resolveSet(set, tree, cache, options.signal);
  const beforeCompiling = [...validated, ...resolved.problems];
  const compiled = await compileRevisions(resolved.revisions, cache, options);
  const problems = [...beforeCompiling, ...compiled.problems];
  return {
    snapshot: problems.some((each) => each.severity === 'error')
      ? null
      : { revision: tree.revision, loadedAt: options.loadedAt, ...resolved.parts },
    tests: resolved.tests,
    problems,
    cache: { files: parsed.cache, references: resolved.cache, compiled: compiled.cache },
    work: { parsedFiles: parsed.parsedCount, compiledRevisions: compiled.compiledCount },
  };
}

// ── parse ──

interface ParsedFiles {
  readonly files: readonly PlacedFile[];
  readonly problems: readonly Problem[];
  readonly cache: ReadonlyMap<string, PolicyFile>;
  readonly parsedCount: number;
}

async function parseFiles(tree: SourceTree, cache: BuildCache, options: BuildOptions): Promise<ParsedFiles> {
  const problems: Problem[] = [];
  const candidates = [...tree.files.values()].filter((file) => isPolicyFileName(file.path));
  const readable = candidates.filter((file) => file.bytes <= MAX_REFERENCED_FILE_BYTES);
  for (const file of candidates) {
    if (file.bytes > MAX_REFERENCED_FILE_BYTES) problems.push(tooLarge(tree, file, MAX_REFERENCED_FILE_BYTES));
  }
  const unknown = readable.filter((file) => !cache.files.has(file.id));
  const contents = await readBounded(tree, unknown, options.signal);
  const kept = new Map<string, PolicyFile>();
  const files: PlacedFile[] = [];
  let documents = 0;
  for (const file of readable) {
    const known = kept.get(file.id) ?? cache.files.get(file.id);
    const content = known ?? (await parseOne(tree, file, contents.get(file.path), options, problems));
    if (content === null) continue;
    options.signal.throwIfAborted();
    kept.set(file.id, content);
    files.push({ path: file.path, content });
    for (const { code, message, position } of content.problems)
      problems.push(problem(code, tree.prefix + file.path, message, position));
    documents += content.documents.length;
  }
  if (documents > MAX_DOCUMENTS) {
    throw sourceError(
      'DOCUMENT_TOO_MANY',
      tree.prefix,
      `the source holds ${documents} policy documents; the limit is ${MAX_DOCUMENTS}`,
    );
  }
  return { files, problems, cache: kept, parsedCount: contents.size };
}

async function parseOne(
  tree: SourceTree,
  file: TreeFile,
  bytes: Buffer | undefined,
  { check, signal }: BuildOptions,
  problems: Problem[],
): Promise<PolicyFile | null> {
  const text = decodeText(bytes);
  if (text === null) {
    problems.push(problem('FILE_NOT_TEXT', tree.prefix + file.path, 'the file is not text in UTF-8'));
    return null;
  }
  // Requests are answered between two files.
  await yieldToEvents();
  return parsePolicyFile(text, check, MAX_POLICY_FILE_BYTES, signal);
}

function tooLarge(tree: SourceTree, file: TreeFile, limit: number): Problem {
  return problem('FILE_TOO_LARGE', tree.prefix + file.path, `the file has ${file.bytes} bytes; the limit is ${limit}`);
}

async function readBounded(
  tree: SourceTree,
  files: readonly TreeFile[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Buffer>> {
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  if (total > MAX_TOTAL_BYTES) {
    throw sourceError(
      'SOURCE_TOO_LARGE',
      tree.prefix,
      `the files to read have ${total} bytes together; the limit is ${MAX_TOTAL_BYTES}`,
    );
  }
  return files.length === 0 ? new Map() : tree.read(files, signal);
}

// ── resolve ──

interface ResolvedSet {
  readonly parts: Pick<Snapshot, 'meshes' | 'paths' | 'clusters'>;
  readonly revisions: readonly ResolvedRevision[];
  readonly tests: ReadonlyMap<string, ResolvedTest>;
  readonly problems: readonly Problem[];
  readonly cache: ReferenceCache;
}

async function resolveSet(
  set: PolicySet,
  tree: SourceTree,
  cache: BuildCache,
  signal: AbortSignal,
): Promise<ResolvedSet> {
  const problems: Problem[] = [];
  const references = await openReferences(set, tree, cache.references, signal);
  const revisions: ResolvedRevision[] = [];
  const sources = new Map<string, Map<string, RevisionSource>>();
  for (const [mesh, ofMesh] of set.revisions) {
    const nativeSidecars = set.meshes.get(mesh)?.document.spec.nativeSidecars ?? 'Auto';
    const ofThisMesh = new Map<string, RevisionSource>();
    for (const [name, { file, document }] of ofMesh) {
      const resolved = resolveRevision(file, document, nativeSidecars, references);
      problems.push(...resolved.problems);
      if (resolved.revision === null) continue;
      revisions.push(resolved.revision);
      ofThisMesh.set(name, resolved.revision.source);
    }
    sources.set(mesh, ofThisMesh);
  }
  const meshes = new Map<string, Mesh>();
  const paths = new Map<string, string>();
  for (const [name, placed] of set.meshes) {
    const built = buildMesh(placed, sources.get(name) ?? new Map(), tree.prefix);
    problems.push(...built.problems);
    meshes.set(name, built.mesh);
    for (const path of built.mesh.paths) paths.set(path, name);
  }
  const clusters = new Map<string, ClusterSnapshot>();
  for (const [name, placed] of set.clusters) {
    const built = buildClusterSnapshot(placed, tree.prefix);
    problems.push(...built.problems);
    clusters.set(name, built.cluster);
  }
  const tests = new Map<string, ResolvedTest>();
  for (const [name, placed] of set.tests) tests.set(name, resolveTest(placed, references, problems));
  return { parts: { meshes, paths, clusters }, revisions, tests, problems, cache: references.cache() };
}

function resolveTest(placed: Placed<'InjectionTest'>, references: References, problems: Problem[]): ResolvedTest {
  const { review } = placed.document.spec;
  if (review === undefined) return { placed, review: null };
  const site = { file: placed.file, document: placed.document, path: ['spec', 'review'] };
  const read = references.readFile(site, review);
  problems.push(...read.problems);
  return { placed, review: read.resolved?.text ?? null };
}

/** Reads every file that anything refers to, in one go, but those whose text is known already. */
async function openReferences(
  set: PolicySet,
  tree: SourceTree,
  previous: ReferenceCache,
  signal: AbortSignal,
): Promise<References> {
  const wanted = new Map<string, TreeFile>();
  const want = (path: string | null) => {
    const file = path === null ? undefined : tree.files.get(path);
    if (file === undefined || file.bytes > MAX_REFERENCED_FILE_BYTES || previous.texts.has(file.id)) return;
    wanted.set(file.path, file);
  };
  for (const ofMesh of set.revisions.values()) {
    for (const { file, document } of ofMesh.values()) {
      for (const [, reference] of referencesOf(document.spec)) want(referencedPath(file, reference));
    }
  }
  for (const { file, document } of set.tests.values()) {
    const { review } = document.spec;
    if (review !== undefined) want(resolveReferencePath(file, review));
  }
  const contents = await readBounded(tree, [...wanted.values()], signal);
  return new References(tree, contents, previous, await parseAllConfigMaps(set, tree, previous, contents, signal));
}

/** Every file that is referred to as a ConfigMap, by the identity of its contents; those that can not be read are left out. */
async function parseAllConfigMaps(
  set: PolicySet,
  tree: SourceTree,
  previous: ReferenceCache,
  contents: ReadonlyMap<string, Buffer>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ConfigMapFile>> {
  const parsed = new Map<string, ConfigMapFile>();
  for (const ofMesh of set.revisions.values()) {
    for (const { file, document } of ofMesh.values()) {
      for (const [, reference] of referencesOf(document.spec)) {
        const path = reference.configMap === undefined ? null : referencedPath(file, reference);
        const found = path === null ? undefined : tree.files.get(path);
        if (found === undefined || parsed.has(found.id)) continue;
        const known = previous.configMaps.get(found.id);
        const text = previous.texts.get(found.id) ?? decodeText(contents.get(found.path));
        if (known !== undefined) parsed.set(found.id, known);
        else if (text !== null) parsed.set(found.id, await parseConfigMapsAside(text, signal));
      }
    }
  }
  return parsed;
}

// ── compile ──

interface CompiledRevisions {
  readonly problems: readonly Problem[];
  readonly cache: ReadonlyMap<string, readonly CompileProblem[]>;
  readonly compiledCount: number;
}

async function compileRevisions(
  revisions: readonly ResolvedRevision[],
  cache: BuildCache,
  { compile, signal }: BuildOptions,
): Promise<CompiledRevisions> {
  const kept = new Map<string, readonly CompileProblem[]>();
  const problems: Problem[] = [];
  const waiting: ResolvedRevision[] = [];
  for (const revision of revisions) {
    const known = cache.compiled.get(revision.source.digest);
    if (known === undefined) waiting.push(revision);
    else kept.set(revision.source.digest, known);
  }
  const compiledCount = waiting.length;
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      signal.throwIfAborted();
      const { source } = next;
      try {
        kept.set(source.digest, await compile(source));
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        problems.push(
          problem('COMPILE_FAILED', '', `revision ${source.name} of mesh ${source.mesh} could not be compiled: ${why}`),
        );
      }
    }
  };
  await Promise.all(Array.from({ length: COMPILE_CONCURRENCY }, lane));
  for (const revision of revisions) {
    for (const found of kept.get(revision.source.digest) ?? []) problems.push(placeCompileProblem(revision, found));
  }
  return { problems, cache: kept, compiledCount };
}

/** A compiler's problem, where its text stands in the source; one about no text of its own is told by its field's name. */
function placeCompileProblem({ source, texts }: ResolvedRevision, found: CompileProblem): Problem {
  const text = texts.get(found.field) ?? texts.values().next().value;
  const own = texts.has(found.field);
  const within = found.line === undefined ? null : { line: found.line, column: found.column ?? 1 };
  const position = own ? (text?.place(within) ?? null) : null;
  const message = `revision ${source.name} of mesh ${source.mesh}, ${found.field}: ${found.message}`;
  const base = { code: found.code, severity: 'error', message, file: text?.file ?? '' } as const;
  return position === null ? base : { ...base, line: position.line, column: position.column };
}
