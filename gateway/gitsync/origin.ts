/** Opens what `--source`, `--ref` and `--path` name: the remote, the repository or the folder that trees come from. */
import { join, posix } from 'node:path';
import { createFolder } from './folder.ts';
import { createGit, type Environment } from './git-command.ts';
import { createLocalRepository } from './local-repository.ts';
import { locateSource } from './location.ts';
import { sourceError } from './problem.ts';
import { createRemoteRepository } from './remote-repository.ts';
import type { TreeOrigin } from './tree.ts';

export interface OriginOptions {
  readonly source: string;
  readonly ref: string | undefined;
  readonly path: string | undefined;
  readonly stateDir: string;
  readonly environment: Environment;
  /** Told what had to be repaired in the cache of a remote. */
  readonly onRepair: (what: string) => void;
}

/** Looks at the disk for local sources, asks no network. Throws SourceError. */
export function openOrigin(options: OriginOptions): TreeOrigin {
  const location = locateSource(options.source);
  const path = normalizePath(options.path);
  const home = join(options.stateDir, 'git');
  switch (location.kind) {
    case 'folder':
      if (options.ref !== undefined) {
        throw sourceError('REF_INVALID', '', `${options.source} is a plain folder, which has no ref ${options.ref}`);
      }
      return createFolder({ directory: location.directory, path });
    case 'repository': {
      const { directory } = location;
      const git = createGit({ directory, homeDirectory: home, environment: options.environment, protocols: [] });
      return createLocalRepository({ git, ref: options.ref, path });
    }
    case 'remote': {
      const { url, protocol, credentials } = location;
      return createRemoteRepository({
        url,
        ref: options.ref,
        path,
        directory: home,
        gitFor: (directory) =>
          createGit({
            directory,
            homeDirectory: home,
            environment: options.environment,
            // A server may lead from http to https, never the other way.
            protocols: protocol === 'http' ? ['http', 'https'] : [protocol],
            credentials: credentials === null ? null : { url, value: credentials },
          }),
        onRepair: options.onRepair,
      });
    }
  }
}

/** `./a/b/` → `a/b`; a path that leaves the source is refused. */
export function normalizePath(path: string | undefined): string {
  const normal = posix.normalize(path ?? '.').replace(/\/+$/, '');
  if (normal === '.') return '';
  if (
    normal.startsWith('/') ||
    normal === '..' ||
    normal.startsWith('../') ||
    normal.includes('\0') ||
    normal.includes(':')
  ) {
    throw sourceError('PATH_MISSING', normal, `the path ${JSON.stringify(path)} is not one within the source`);
  }
  return normal;
}
