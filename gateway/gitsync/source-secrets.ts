/**
 * What a source needs beyond its URL to be read: credentials, keys, CA and proxy, from files that are read again at every fetch, so that
 * a Secret that is rotated counts at once. Nothing of it reaches a command line, a log or the state folder.
 */
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAX_SECRET_BYTES } from './limits.ts';
import { type Credentials, redactUrls } from './location.ts';
import { sourceError } from './problem.ts';
import type { SourceSpec } from './source-spec.ts';

export interface SourceSecrets {
  /** For https and http; null without any. */
  readonly credentials: Credentials | null;
  readonly bearerToken: string | null;
  /** Files for ssh: a private key that only we can read, and the hosts it may be used for. */
  readonly identityFile: string | null;
  readonly knownHostsFile: string | null;
  readonly caFile: string | null;
  /** With its credentials. */
  readonly proxyUrl: string | null;
  /** Texts that must never be shown. */
  readonly secrets: readonly string[];
  /** Removes what was copied. */
  dispose(): Promise<void>;
}

const DEFAULT_USERNAME = 'git';

/** @throws SourceError SECRET_INVALID, which names the file and never what is in it. */
export async function readSourceSecrets({ secretRef, proxy }: SourceSpec): Promise<SourceSecrets> {
  const proxyPassword = proxy?.passwordFile === undefined ? null : await readToken(proxy.passwordFile);
  const proxyUrl = proxy === undefined ? null : proxyUrlOf(proxy.address, proxy.username ?? '', proxyPassword ?? '');
  const given = secretRef?.directory === undefined ? null : await readSecretFolder(secretRef.directory);
  const token = secretRef?.tokenFile === undefined ? null : await readToken(secretRef.tokenFile);
  const password = token ?? given?.get('password') ?? null;
  const username = given?.get('username') ?? secretRef?.username ?? DEFAULT_USERNAME;
  const bearerToken = given?.get('bearerToken') ?? null;
  const identity = given?.get('identity') ?? null;
  const copies = identity === null ? null : await copyIdentity(identity);
  const inFolder = (key: string) => (given?.has(key) === true ? join(secretRef?.directory ?? '', key) : null);
  return {
    credentials: password === null ? null : { username, password },
    bearerToken,
    identityFile: copies === null ? null : join(copies, 'identity'),
    knownHostsFile: inFolder('known_hosts'),
    caFile: inFolder('ca.crt'),
    proxyUrl,
    secrets: [password, bearerToken, proxyPassword].filter((each): each is string => each !== null),
    async dispose() {
      if (copies !== null) await rm(copies, { recursive: true, force: true });
    },
  };
}

const SECRET_KEYS = ['username', 'password', 'bearerToken', 'identity', 'known_hosts', 'ca.crt'] as const;

/** The keys of a Secret that are there; values of one line without the line break at their end. */
async function readSecretFolder(directory: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const key of SECRET_KEYS) {
    const file = join(directory, key);
    const text = await readBounded(file);
    if (text === null) continue;
    const isText = key === 'username' || key === 'password' || key === 'bearerToken';
    found.set(key, isText ? oneLine(text, file) : text);
  }
  if (found.size === 0) {
    throw sourceError('SECRET_INVALID', '', `the folder ${directory} holds none of ${SECRET_KEYS.join(', ')}`);
  }
  return found;
}

async function readToken(file: string): Promise<string> {
  const text = await readBounded(file);
  if (text === null) throw sourceError('SECRET_INVALID', '', `there is no file ${file}`);
  return oneLine(text, file);
}

function oneLine(text: string, file: string): string {
  const line = text.replace(/\r?\n$/, '');
  if (line === '' || /[\0\r\n]/.test(line)) {
    throw sourceError('SECRET_INVALID', '', `the file ${file} has to hold one line and nothing else`);
  }
  return line;
}

/** Null where there is no such file. */
async function readBounded(file: string): Promise<string | null> {
  try {
    if ((await stat(file)).size > MAX_SECRET_BYTES) {
      throw sourceError('SECRET_INVALID', '', `the file ${file} has more than ${MAX_SECRET_BYTES} bytes`);
    }
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error) {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
      if (error.code === 'EACCES' || error.code === 'EISDIR') {
        throw sourceError('SECRET_INVALID', '', `the file ${file} can not be read: ${String(error.code)}`);
      }
    }
    throw error;
  }
}

/** ssh refuses a private key that others can read, as a mounted Secret's often can: it gets a copy that they can not. */
async function copyIdentity(identity: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'meshgate-ssh-'));
  await chmod(directory, 0o700);
  // A key without a line break at its end, as copying often leaves it, is "invalid format" to ssh.
  const text = identity.endsWith('\n') ? identity : `${identity}\n`;
  await writeFile(join(directory, 'identity'), text, { mode: 0o600 });
  return directory;
}

function proxyUrlOf(address: string, username: string, password: string): string {
  try {
    const url = new URL(address);
    url.username = encodeURIComponent(username);
    url.password = encodeURIComponent(password);
    return url.href;
  } catch {
    throw sourceError('SOURCE_PROTOCOL', '', `the proxy's address ${redactUrls(address)} is malformed`);
  }
}
