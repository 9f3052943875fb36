/**
 * The serving certificate as the server uses it: read from files, checked, and read again when they change. A pair that can not be
 * used is reported and the one before it stays.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createSecureContext } from 'node:tls';
import { GatewayError } from '../errors.ts';

/** Files are looked at this often even when no change was noticed. */
const RECHECK_MS = 60_000;
/** After a change, the time for the other files of it to follow. */
const SETTLE_MS = 100;

export interface CredentialFiles {
  readonly cert: string;
  readonly key: string;
  /** CA of clients that may connect; null: everyone may. */
  readonly clientCa: string | null;
}

export interface Credentials {
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string | null;
  readonly validTo: Date;
}

/** Reads and checks the files. Throws GatewayError CERTIFICATE_INVALID. */
export async function readCredentials(files: CredentialFiles): Promise<Credentials> {
  const [cert, key, clientCa] = await Promise.all([
    readText(files.cert),
    readText(files.key),
    files.clientCa === null ? null : readText(files.clientCa),
  ]);
  try {
    const certificate = new X509Certificate(cert);
    if (!certificate.checkPrivateKey(createPrivateKey(key)))
      throw new Error('the key is not the key of the certificate');
    if (clientCa !== null) new X509Certificate(clientCa);
    createSecureContext({ cert, key, ...(clientCa === null ? {} : { ca: clientCa }) });
    return { cert, key, clientCa, validTo: certificate.validToDate };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new GatewayError('CERTIFICATE_INVALID', `The certificate ${files.cert} can not be used: ${why}.`, {
      cause: error,
    });
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new GatewayError('CERTIFICATE_INVALID', `The file ${file} can not be read.`, { cause: error });
  }
}

/**
 * Watches credential files and tells about every good change. Their folders are watched, for a Secret's mount swaps a link in them; that
 * a folder itself is replaced is noticed within a minute.
 */
export class CredentialWatch {
  readonly #files: CredentialFiles;
  readonly #onChange: (credentials: Credentials) => void;
  readonly #onError: (error: unknown) => void;
  readonly #watchers: readonly FSWatcher[];
  readonly #interval: NodeJS.Timeout;
  #current: Credentials;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    files: CredentialFiles,
    current: Credentials,
    onChange: (credentials: Credentials) => void,
    onError: (error: unknown) => void,
  ) {
    this.#files = files;
    this.#current = current;
    this.#onChange = onChange;
    this.#onError = onError;
    const watched = [files.cert, files.key, ...(files.clientCa === null ? [] : [files.clientCa])];
    const folders = [...new Set(watched.map((file) => dirname(file)))];
    this.#watchers = folders.map((folder) => {
      const watcher = watch(folder, { persistent: false }, () => this.#soon());
      watcher.on('error', onError);
      return watcher;
    });
    this.#interval = setInterval(() => void this.check(), RECHECK_MS).unref();
  }

  /** Reads the files now. Resolves when a change in them is in use or reported. */
  async check(): Promise<void> {
    try {
      const next = await readCredentials(this.#files);
      const { cert, key, clientCa } = this.#current;
      if (next.cert === cert && next.key === key && next.clientCa === clientCa) return;
      this.#current = next;
      this.#onChange(next);
    } catch (error) {
      this.#onError(error);
    }
  }

  close(): void {
    clearInterval(this.#interval);
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const watcher of this.#watchers) watcher.close();
  }

  #soon(): void {
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.check();
    }, SETTLE_MS);
  }
}
