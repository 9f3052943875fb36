/**
 * Whether a commit or tag is signed by someone who may: asked of git itself (`verify-commit`, `verify-tag`), which asks ssh-keygen or
 * gpg, with nothing but the keys of the source: an allowed-signers file and a GNUPGHOME that are made for it and removed again.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Environment, Git } from './git-command.ts';
import { GitError } from './git-command.ts';
import { asSourceError } from './git-tree.ts';
import { GPG_TIMEOUT_MS, MAX_KEY_FILES, MAX_SECRET_BYTES } from './limits.ts';
import { SourceError, sourceError } from './problem.ts';
import type { SourceSpec } from './source-spec.ts';

export type Verification = NonNullable<SourceSpec['verify']>;

/** What is to be verified. */
export interface VerifiedObjects {
  /** For messages: `main`, `v1.2.0`. */
  readonly name: string;
  readonly commit: string;
  /** The annotated tag that was asked for; null where the ref is none. */
  readonly tag: string | null;
}

export interface VerifyOptions {
  readonly verification: Verification;
  readonly environment: Environment;
  /** Makes the git that reads the repository, with these variables and lines of configuration besides its own. */
  readonly gitWith: (variables: Readonly<Record<string, string>>, configuration: readonly string[]) => Git;
}

/**
 * Resolves when everything that the mode names is signed by one of the keys.
 * @returns a sentence that says what was verified.
 * @throws SourceError SOURCE_UNVERIFIED, which names the commit or tag; VERIFY_KEYS_INVALID.
 */
export async function verifyObjects(
  objects: VerifiedObjects,
  options: VerifyOptions,
  signal: AbortSignal,
): Promise<string> {
  const { mode = 'HEAD', keys } = options.verification;
  const directory = await mkdtemp(join(tmpdir(), 'meshgate-keys-'));
  try {
    const home = await prepareKeys(keys, directory, options.environment);
    const git = options.gitWith({ GNUPGHOME: home }, [
      '[gpg "ssh"]',
      `\tallowedSignersFile = "${join(directory, 'allowed_signers')}"`,
    ]);
    const verified: string[] = [];
    if (mode !== 'HEAD') verified.push(await verifyTag(git, objects, signal));
    if (mode !== 'Tag') verified.push(await verify(git, 'commit', objects.commit, objects.name, signal));
    return verified.join('; ');
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function verifyTag(git: Git, { name, tag }: VerifiedObjects, signal: AbortSignal): Promise<string> {
  if (tag === null) {
    throw sourceError('SOURCE_UNVERIFIED', '', `${name} is not an annotated tag, so that it can not be signed`);
  }
  return verify(git, 'tag', tag, name, signal);
}

async function verify(
  git: Git,
  kind: 'commit' | 'tag',
  object: string,
  name: string,
  signal: AbortSignal,
): Promise<string> {
  const what = kind === 'commit' ? `commit ${object} of ${name}` : `tag ${name} (${object})`;
  const raw = await readObject(git, kind, object, signal);
  if (!/-----BEGIN (?:SSH|PGP) SIGNATURE-----/.test(raw)) {
    throw sourceError('SOURCE_UNVERIFIED', '', `${what} is not signed (${authorOf(raw)})`);
  }
  try {
    await git.run([`verify-${kind}`, object], { signal });
  } catch (error) {
    if (error instanceof GitError && error.reason === 'exit') {
      const why = reasonOf(error.stderr);
      throw sourceError('SOURCE_UNVERIFIED', '', `${what} is not signed by a trusted key: ${why} (${authorOf(raw)})`);
    }
    throw asSourceError(error, `verifying ${what}`);
  }
  return `signature of ${what} verified`;
}

async function readObject(git: Git, kind: 'commit' | 'tag', object: string, signal: AbortSignal): Promise<string> {
  try {
    return await git.run(['cat-file', kind, object], { signal, maxOutputBytes: MAX_SECRET_BYTES });
  } catch (error) {
    throw asSourceError(error, `reading ${kind} ${object}`);
  }
}

/** Who says to have made it; that is not who signed it. */
function authorOf(raw: string): string {
  const line = /^(?:committer|tagger) (.*?) \d+ [+-]\d{4}$/m.exec(raw)?.[1];
  return line === undefined ? 'by nobody that is named' : `by ${line.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200)}`;
}

/** What ssh-keygen or gpg said, on one line. */
function reasonOf(stderr: string): string {
  const telling = stderr
    .split('\n')
    .map((line) => line.replace(/^gpg:\s*/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('Signature made'));
  return telling.slice(0, 4).join('; ').slice(0, 400) || 'the signature is not good';
}

/** Writes `allowed_signers` and imports OpenPGP keys; returns the GNUPGHOME, which is empty where there are none. */
async function prepareKeys(keys: Verification['keys'], directory: string, environment: Environment): Promise<string> {
  const signers: string[] = keys.allowedSigners === undefined ? [] : [keys.allowedSigners];
  const rings: string[] = keys.openPGP === undefined ? [] : [keys.openPGP];
  if (keys.directory !== undefined) {
    for (const [name, text] of await readKeyFolder(keys.directory)) {
      if (name === 'allowed_signers') signers.push(text);
      else if (name.endsWith('.sshpub')) signers.push(...text.split('\n').filter(isKey).map(asSigner));
      else rings.push(text);
    }
  }
  await writeFile(join(directory, 'allowed_signers'), `${signers.join('\n')}\n`, { mode: 0o600 });
  const home = join(directory, 'gnupg');
  await mkdir(home, { mode: 0o700 });
  if (rings.length > 0) await importKeys(rings, directory, home, environment);
  return home;
}

const isKey = (line: string): boolean => line.trim() !== '' && !line.startsWith('#');
/** A bare public key may sign in any name, but for nothing else than git's objects. */
const asSigner = (line: string): string => `* namespaces="git" ${line.trim()}`;

async function readKeyFolder(directory: string): Promise<readonly (readonly [name: string, text: string])[]> {
  const names = await readdir(directory).catch(() => null);
  if (names === null) throw sourceError('VERIFY_KEYS_INVALID', '', `the folder of keys ${directory} can not be read`);
  const wanted = names.filter((name) => name === 'allowed_signers' || /\.(?:asc|sshpub)$/.test(name)).sort();
  if (wanted.length === 0 || wanted.length > MAX_KEY_FILES) {
    const what = wanted.length === 0 ? 'no' : `more than ${MAX_KEY_FILES}`;
    throw sourceError(
      'VERIFY_KEYS_INVALID',
      '',
      `the folder ${directory} holds ${what} keys: *.asc, *.sshpub, allowed_signers`,
    );
  }
  const read: (readonly [string, string])[] = [];
  for (const name of wanted) {
    const file = join(directory, name);
    if ((await stat(file)).size > MAX_SECRET_BYTES) {
      throw sourceError('VERIFY_KEYS_INVALID', '', `the file ${file} has more than ${MAX_SECRET_BYTES} bytes`);
    }
    read.push([name, await readFile(file, 'utf8')]);
  }
  return read;
}

async function importKeys(
  rings: readonly string[],
  directory: string,
  home: string,
  { PATH }: Environment,
): Promise<void> {
  const files = await Promise.all(
    rings.map(async (text, index) => {
      const file = join(directory, `key-${index}.asc`);
      await writeFile(file, text, { mode: 0o600 });
      return file;
    }),
  );
  try {
    // Neither an agent nor a trust database is needed to check signatures.
    await promisify(execFile)('gpg', ['--batch', '--no-autostart', '--trust-model', 'always', '--import', ...files], {
      env: { PATH, GNUPGHOME: home, LC_ALL: 'C' },
      timeout: GPG_TIMEOUT_MS,
    });
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const why = missing ? 'there is no gpg on the PATH' : firstLine(error);
    throw new SourceError([
      { code: 'VERIFY_KEYS_INVALID', severity: 'error', file: '', message: `the OpenPGP keys can not be read: ${why}` },
    ]);
  }
}

function firstLine(error: unknown): string {
  const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
  return reasonOf(stderr);
}
