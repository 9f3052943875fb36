/** Looks at a source once, for `meshgate validate`: the same steps as a sync, without serving, saving or watching anything. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Problem, Snapshot } from '../snapshot.ts';
import { buildSnapshot, EMPTY_BUILD_CACHE } from './build.ts';
import type { CompileRevision } from './compile-revisions.ts';
import { createFolder } from './folder.ts';
import type { Environment } from './git-command.ts';
import { locateSource } from './location.ts';
import { normalizePath, openOrigin } from './origin.ts';
import { orderProblems } from './problem.ts';
import type { ResolvedTest } from './resolve-set.ts';
import { createSchemaCheck } from './schema-check.ts';
import { DEFAULT_SOURCE_NAME } from './source-spec.ts';
import type { TreeOrigin } from './tree.ts';

export interface CheckOptions {
  readonly source: string;
  /** Left out: a folder or working copy is read as it lies on the disk, anything else at its HEAD. */
  readonly ref?: string | undefined;
  readonly path?: string | undefined;
  readonly compile: CompileRevision;
  readonly environment: Environment;
}

export interface CheckedSource {
  readonly revision: string;
  /** Before the paths of tests; problems have it already. */
  readonly prefix: string;
  readonly problems: readonly Problem[];
  /** Null when there are problems. */
  readonly snapshot: Snapshot | null;
  readonly tests: ReadonlyMap<string, ResolvedTest>;
}

/** Throws SourceError when the source can not be read. */
export async function checkSource(options: CheckOptions): Promise<CheckedSource> {
  const { signal } = new AbortController();
  const stateDir = await mkdtemp(join(tmpdir(), 'meshgate-check-'));
  try {
    const found = await open(options, stateDir).resolve(signal);
    const tree = await found.load(signal);
    const { compile } = options;
    const build = await buildSnapshot(tree, EMPTY_BUILD_CACHE, {
      check: createSchemaCheck(),
      compile,
      loadedAt: new Date(),
      signal,
    });
    const { snapshot, tests } = build;
    return { revision: tree.revision, prefix: tree.prefix, problems: orderProblems(build.problems), snapshot, tests };
  } finally {
    await rm(stateDir, { recursive: true, force: true });
  }
}

function open({ source, ref, path, environment }: CheckOptions, stateDir: string): TreeOrigin {
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
