/** Looks at sources once, for `meshgate validate` and what compares or holds manifests to them: the same steps as a sync, without serving, saving or watching anything. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Problem, Snapshot } from '../snapshot.ts';
import { buildSnapshot, EMPTY_BUILD_CACHE } from './build.ts';
import type { CompileRevision } from './compile-revisions.ts';
import { composeTrees } from './compose.ts';
import { createFolder } from './folder.ts';
import type { Environment } from './git-command.ts';
import { type LoadOptions, loadSources } from './load-sources.ts';
import { locateSource } from './location.ts';
import { normalizePath, openOrigin } from './origin.ts';
import { orderProblems } from './problem.ts';
import type { ResolvedTest } from './resolve-set.ts';
import { createSchemaCheck } from './schema-check.ts';
import { DEFAULT_SOURCE_NAME, type SourceSpec } from './source-spec.ts';
import type { SourceTree, TreeOrigin } from './tree.ts';

/** A folder, a repository or a URL. */
export interface CheckedPlace {
  readonly source: string;
  /** Left out: a folder or working copy is read as it lies on the disk, anything else at its HEAD. */
  readonly ref?: string | undefined;
  readonly path?: string | undefined;
}

interface CheckTools {
  readonly compile: CompileRevision;
  readonly environment: Environment;
}

/** A source, and what it is laid over where it is an overlay. */
export interface CheckedOverlay extends CheckedPlace {
  readonly base?: CheckedPlace | undefined;
}

/** One source, or all of a gateway. */
export type CheckedSources = CheckedOverlay | { readonly sources: readonly SourceSpec[] };

export type CheckOptions = CheckedSources & CheckTools;

export interface CheckedSource {
  /** The source's own, without its base's; of several sources all. */
  readonly revision: string;
  /** Before the paths of tests; problems have it already. */
  readonly prefix: string;
  readonly problems: readonly Problem[];
  /** Null when there are problems. */
  readonly snapshot: Snapshot | null;
  readonly tests: ReadonlyMap<string, ResolvedTest>;
  /** A file's name as it can be opened from here, where it lies on this machine. */
  readonly shown: (file: string) => string;
}

/** Names of the two parts of a composed tree, before the paths of their files. */
const BASE = 'base';
const OVERLAY = 'overlay';

/** Throws SourceError when the source, its base, or one of several can not be read. */
export async function checkSource(options: CheckOptions): Promise<CheckedSource> {
  const { signal } = new AbortController();
  const stateDir = await mkdtemp(join(tmpdir(), 'meshgate-check-'));
  const loading = { stateDir, environment: options.environment, signal };
  try {
    if (!('sources' in options)) return await checkOverlay(options, options.compile, loading);
    const tree = await loadSources(options.sources, loading);
    return { ...(await check(tree, options.compile, signal)), revision: tree.revision, shown: (file) => file };
  } finally {
    await rm(stateDir, { recursive: true, force: true });
  }
}

async function checkOverlay(
  options: CheckedOverlay,
  compile: CompileRevision,
  { stateDir, environment, signal }: LoadOptions,
): Promise<CheckedSource> {
  const { base } = options;
  const load = async (place: CheckedPlace, name: string): Promise<SourceTree> => {
    const found = await open(place, join(stateDir, name), environment).resolve(signal);
    return found.load(signal);
  };
  const own = await load(options, OVERLAY);
  const below = base === undefined ? null : await load(base, BASE);
  const checked = await check(below === null ? own : composed(own, below), compile, signal);
  const shown = (file: string): string => {
    if (below === null || base === undefined) return openable(options, own, file);
    if (file.startsWith(`${OVERLAY}/`)) return openable(options, own, file.slice(OVERLAY.length + 1));
    const ofBase = file.slice(BASE.length + 1);
    return isOnDisk(below) ? openable(base, below, ofBase) : file;
  };
  return { ...checked, revision: own.revision, shown };
}

async function check(
  tree: SourceTree,
  compile: CompileRevision,
  signal: AbortSignal,
): Promise<Omit<CheckedSource, 'revision' | 'shown'>> {
  const options = { check: createSchemaCheck(), compile, loadedAt: new Date(), signal };
  const { snapshot, tests, problems } = await buildSnapshot(tree, EMPTY_BUILD_CACHE, options);
  return { prefix: tree.prefix, problems: orderProblems(problems), snapshot, tests };
}

function composed(own: SourceTree, below: SourceTree): SourceTree {
  return composeTrees([
    { name: BASE, tree: below, allow: undefined },
    { name: OVERLAY, tree: own, allow: undefined },
  ]);
}

function isOnDisk({ revision }: SourceTree): boolean {
  return revision.startsWith('dir@');
}

function openable({ source }: CheckedPlace, tree: SourceTree, file: string): string {
  return isOnDisk(tree) ? join(source, file) : file;
}

function open({ source, ref, path }: CheckedPlace, stateDir: string, environment: Environment): TreeOrigin {
  const location = locateSource(source);
  const onDisk = location.kind === 'folder' || (location.kind === 'repository' && location.hasFiles);
  if (onDisk && ref === undefined) return createFolder({ directory: location.directory, path: normalizePath(path) });
  return openOrigin({
    source: { name: DEFAULT_SOURCE_NAME, url: source, ref, path, intervalMs: 0 },
    stateDir,
    environment,
    onRepair: () => undefined,
  });
}
