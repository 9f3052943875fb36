/** Opens what a source names: the remote, the repository or the folder that trees come from. */
import { join, posix } from 'node:path';
import { createFolder } from './folder.ts';
import { createGit, type Environment } from './git-command.ts';
import { refQueryOf } from './git-ref.ts';
import { compileIgnore } from './ignore.ts';
import { createLocalRepository } from './local-repository.ts';
import { type Location, locateSource } from './location.ts';
import { sourceError } from './problem.ts';
import { createRemoteRepository, type OpenedGit } from './remote-repository.ts';
import { readSourceSecrets } from './source-secrets.ts';
import { DEFAULT_SOURCE_NAME, type SourceSpec } from './source-spec.ts';
import type { TreeOrigin } from './tree.ts';
import type { VerifyOptions } from './verify.ts';

export interface OriginOptions {
  readonly source: SourceSpec;
  readonly stateDir: string;
  readonly environment: Environment;
  /** Told what had to be repaired in the cache of a remote. */
  readonly onRepair: (what: string) => void;
}

/** Looks at the disk for local sources, asks no network. Throws SourceError. */
export function openOrigin({ source, stateDir, environment, onRepair }: OriginOptions): TreeOrigin {
  const { verify: verification, timeoutMs } = source;
  const location = locateSource(source.url);
  const path = normalizePath(source.path);
  const ignores = compileIgnore(source.ignore);
  const home = source.name === DEFAULT_SOURCE_NAME ? join(stateDir, 'git') : join(stateDir, 'git', source.name);
  const local = { homeDirectory: home, environment, protocols: [] };
  const verifyWith = (directory: string): VerifyOptions => ({
    verification: verification ?? { keys: {} },
    environment,
    gitWith: (variables, configuration) => {
      const checks = configuration.length === 0 ? {} : { variables, configuration };
      return createGit({ directory, ...local, ...checks });
    },
  });
  switch (location.kind) {
    case 'folder':
      if (source.ref !== undefined || verification !== undefined) {
        const what = verification === undefined ? 'ref' : 'signatures';
        throw sourceError('REF_INVALID', '', `${source.url} is a plain folder, which has no ${what}`);
      }
      return createFolder({ directory: location.directory, path, ignores });
    case 'repository': {
      const { directory } = location;
      const git = createGit({ directory, ...local });
      const query = refQueryOf(source.ref);
      return createLocalRepository({ git, query, path, ignores, verification, verifyWith: verifyWith(directory) });
    }
    case 'remote':
      return createRemoteRepository({
        url: location.url,
        query: refQueryOf(source.ref),
        path,
        ignores,
        timeoutMs,
        verification,
        directory: home,
        openGit: () => openGit(source, location, home, environment),
        verifyWith,
        onRepair,
      });
  }
}

async function openGit(
  source: SourceSpec,
  { url, protocol, credentials }: Extract<Location, { kind: 'remote' }>,
  homeDirectory: string,
  environment: Environment,
): Promise<OpenedGit> {
  const secrets = await readSourceSecrets(source);
  const basic = secrets.credentials ?? credentials;
  const overHttp = protocol === 'http' || protocol === 'https';
  return {
    gitFor: (directory) =>
      createGit({
        directory,
        homeDirectory,
        environment,
        // A server may lead from http to https, never the other way.
        protocols: protocol === 'http' ? ['http', 'https'] : [protocol],
        credentials: basic === null || !overHttp ? null : { url, value: basic },
        secrets: { url: overHttp ? url : null, value: secrets },
      }),
    dispose: () => secrets.dispose(),
  };
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
