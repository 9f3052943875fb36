/**
 * What `--source` names: a remote repository, a repository on this machine, or a plain folder; and how it may be shown.
 */
import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { sourceError } from './problem.ts';
import type { SourceSpec } from './source-spec.ts';

/** A user name and password (or token) taken out of a URL, so that they never reach a command line, a log or the state. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export type Location =
  | {
      readonly kind: 'remote';
      /** Without credentials. */
      readonly url: string;
      readonly protocol: 'https' | 'http' | 'ssh' | 'file';
      readonly credentials: Credentials | null;
    }
  /** `directory` is where git is run: a working copy, which has files, or a bare repository. */
  | { readonly kind: 'repository'; readonly directory: string; readonly hasFiles: boolean }
  | { readonly kind: 'folder'; readonly directory: string };

const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i;
const REMOTE_HELPER = /^[a-z0-9]+::/i;
/** `[user@]host:path`, git's short form of ssh. */
const SCP_LIKE = /^(?:[^\s/@:]+@)?([^\s/@:]+):(?!\/\/)\S+$/;

/**
 * Tells what a source is. Looks at the disk for local paths, never at the network.
 * @throws SourceError SOURCE_PROTOCOL for a URL that is malformed or of a protocol outside https, http, ssh and file;
 *   SOURCE_MISSING for a local path that does not exist.
 */
export function locateSource(source: string): Location {
  if (source === '') throw sourceError('SOURCE_MISSING', '', 'the source is empty: name a folder or a repository');
  const scheme = SCHEME.exec(source);
  if (scheme !== null) return locateUrl(source, (scheme[1] ?? '').toLowerCase());
  if (REMOTE_HELPER.test(source)) {
    throw sourceError('SOURCE_PROTOCOL', '', 'remote helpers are not allowed: use https, ssh or file');
  }
  if (existsSync(source)) return locatePath(source);
  const scp = SCP_LIKE.exec(source);
  if (scp !== null && !isAbsolute(source) && !source.startsWith('.')) {
    refuseOptionLike(scp[1] ?? '', source.slice(0, source.indexOf(':')));
    return { kind: 'remote', url: source, protocol: 'ssh', credentials: null };
  }
  throw sourceError('SOURCE_MISSING', '', `there is no folder or repository at ${source}`);
}

/** The source for people: credentials left out, local paths as they were given. */
export function displaySource(source: string): string {
  return redactUrls(source);
}

/**
 * An identity for saved state: a snapshot saved from one source is never served for another. Credentials do not count, so a
 * rotated token keeps the state.
 */
export function sourceIdentity(source: string, ref: string | undefined, path: string | undefined): string {
  const plain = SCHEME.test(source) || !existsSync(source) ? redactUrls(source) : resolve(source);
  return createHash('sha256')
    .update(JSON.stringify([plain, ref ?? null, path ?? '']))
    .digest('hex');
}

/** Of several sources; of one alone, its own. What a source may define counts, and how it is read does not. */
export function sourcesIdentity(sources: readonly SourceSpec[]): string {
  const [only] = sources;
  const identify = ({ url, ref, path }: SourceSpec): string => {
    return sourceIdentity(url, typeof ref === 'object' ? JSON.stringify(ref) : ref, path);
  };
  if (only !== undefined && sources.length === 1 && only.allow === undefined) return identify(only);
  const all = sources.map((source) => [source.name, identify(source), source.allow ?? null]);
  return createHash('sha256').update(JSON.stringify(all)).digest('hex');
}

/** Replaces the user part of every URL in a text; `git@` of ssh is no secret, but is not needed either. */
export function redactUrls(text: string): string {
  return text
    .replaceAll(/([a-z][a-z0-9+.-]*:\/\/)[^\s/?#'"]*@/gi, '$1***@')
    .replaceAll(/([?&][^\s=&#]*(?:token|key|secret|password|sig)[^\s=&#]*=)[^\s&#'"]*/gi, '$1***');
}

function locateUrl(source: string, scheme: string): Location {
  if (scheme === 'file') {
    if (!source.startsWith('file:///')) throw sourceError('SOURCE_PROTOCOL', '', 'a file URL begins with file:///');
    return { kind: 'remote', url: source, protocol: 'file', credentials: null };
  }
  if (scheme !== 'https' && scheme !== 'http' && scheme !== 'ssh') {
    throw sourceError('SOURCE_PROTOCOL', '', `the protocol ${scheme} is not allowed: use https, ssh or file`);
  }
  const url = parseUrl(source);
  refuseOptionLike(url.hostname, url.username);
  if (scheme === 'ssh') {
    url.password = '';
    return { kind: 'remote', url: url.href, protocol: 'ssh', credentials: null };
  }
  const credentials = url.username === '' && url.password === '' ? null : decodeCredentials(url);
  url.username = '';
  url.password = '';
  return { kind: 'remote', url: url.href, protocol: scheme, credentials };
}

function parseUrl(source: string): URL {
  try {
    return new URL(source);
  } catch {
    // The parser's own message would repeat the URL with its credentials.
    throw sourceError('SOURCE_PROTOCOL', '', `the URL ${redactUrls(source)} is malformed`);
  }
}

function decodeCredentials(url: URL): Credentials {
  const credentials = { username: decodePart(url.username), password: decodePart(url.password) };
  if (/[\0\r\n]/.test(credentials.username + credentials.password)) {
    throw sourceError('SOURCE_PROTOCOL', '', "the URL's credentials hold a line break");
  }
  return credentials;
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** ssh would read a host or user that begins with `-` as an option. */
function refuseOptionLike(...names: readonly string[]): void {
  if (names.some((name) => name.startsWith('-'))) {
    throw sourceError('SOURCE_PROTOCOL', '', 'a host or user name can not begin with "-"');
  }
}

function locatePath(path: string): Location {
  const directory = resolve(path);
  if (!statSync(directory).isDirectory()) {
    throw sourceError('SOURCE_MISSING', '', `${path} is a file: name the folder or repository that holds it`);
  }
  // `.git` is a file in linked worktrees and submodules.
  if (existsSync(join(directory, '.git'))) return { kind: 'repository', directory, hasFiles: true };
  const bare = ['HEAD', 'objects', 'refs'].every((name) => existsSync(join(directory, name)));
  return bare ? { kind: 'repository', directory, hasFiles: false } : { kind: 'folder', directory };
}
