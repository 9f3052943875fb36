/**
 * A certificate authority and a serving certificate of our own (ECDSA P-256), for a gateway that was given none. They live in a
 * folder of files and are renewed before they expire.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { GatewayError } from '../errors.ts';
import { moduleBeside } from '../module-beside.ts';

const DAY_MS = 86_400_000;
/** A certificate with less than this left is made anew. */
export const RENEW_BEFORE_DAYS = 30;
/** It takes a second on a busy core. */
const ISSUE_LIMIT_MS = 30_000;

/** Names and addresses that a certificate is always good for. */
export const LOCAL_NAMES: readonly string[] = ['localhost', '127.0.0.1', '::1'];

export interface CertificateFiles {
  /** PEM of the authority's certificate: what a webhook configuration's caBundle has to hold. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** A certificate with its key, both PEM. */
export interface Authority {
  readonly certificate: string;
  readonly keyPem: string;
}

export interface IssueTask {
  /** null: a new one. */
  readonly authority: Authority | null;
  readonly names: readonly string[];
}

export interface Issued {
  readonly authority: Authority;
  readonly serving: Authority;
}

/**
 * Makes sure that `folder` has an authority and a serving certificate for localhost and `names` that are good for another 30 days,
 * and returns their files. An authority that is still good is kept, so that caBundles stay valid. Keys are readable by the owner
 * alone.
 */
export async function createCertificates(folder: string, names: readonly string[] = []): Promise<CertificateFiles> {
  const files = { ca: join(folder, 'ca.crt'), cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') };
  const caKey = join(folder, 'ca.key');
  const wanted = [...new Set([...LOCAL_NAMES, ...names])];
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const [caPem, caKeyPem, certPem, keyPem] = await Promise.all([
    readIfThere(files.ca),
    readIfThere(caKey),
    readIfThere(files.cert),
    readIfThere(files.key),
  ]);
  const kept =
    isGood(caPem, caKeyPem) && caPem !== null && caKeyPem !== null ? { certificate: caPem, keyPem: caKeyPem } : null;
  if (
    kept !== null &&
    isGood(certPem, keyPem) &&
    certPem !== null &&
    covers(certPem, wanted) &&
    issued(kept, certPem)
  ) {
    return files;
  }
  const { authority, serving } = await issue({ authority: kept, names: wanted });
  if (kept === null) {
    await write(caKey, authority.keyPem, 0o600);
    await write(files.ca, authority.certificate, 0o644);
  }
  await write(files.key, serving.keyPem, 0o600);
  await write(files.cert, serving.certificate, 0o644);
  return files;
}

/** Whether a certificate and its key are there, belong together, and will not expire soon. */
function isGood(certPem: string | null, keyPem: string | null): boolean {
  if (certPem === null || keyPem === null) return false;
  try {
    const certificate = new X509Certificate(certPem);
    if (!certificate.checkPrivateKey(createPrivateKey(keyPem))) return false;
    return certificate.validToDate.getTime() - Date.now() > RENEW_BEFORE_DAYS * DAY_MS;
  } catch {
    return false;
  }
}

function covers(certPem: string, names: readonly string[]): boolean {
  const certificate = new X509Certificate(certPem);
  return names.every(
    (name) => (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined,
  );
}

function issued(authority: Authority, certPem: string): boolean {
  return new X509Certificate(certPem).checkIssued(new X509Certificate(authority.certificate));
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    return null;
  }
}

/** Replaces a file at once: who reads it meanwhile sees the old one or the new one. */
async function write(file: string, text: string, mode: number): Promise<void> {
  const next = `${file}.new`;
  await writeFile(next, text, { mode });
  await chmod(next, mode);
  await rename(next, file);
}

/** In a thread of its own. */
function issue(task: IssueTask): Promise<Issued> {
  const worker = new Worker(moduleBeside(import.meta.url, './certificate-thread'), { workerData: task });
  return new Promise<Issued>((resolve, reject) => {
    const limit = setTimeout(() => {
      reject(new GatewayError('CERTIFICATE_INVALID', `making certificates took more than ${ISSUE_LIMIT_MS} ms`));
      void worker.terminate();
    }, ISSUE_LIMIT_MS);
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => {
      clearTimeout(limit);
      // Nothing, where it has answered.
      reject(new GatewayError('CERTIFICATE_INVALID', 'the thread that makes certificates ended'));
    });
  });
}
