/**
 * A certificate authority and a serving certificate of our own (ECDSA P-256), for a gateway that was given none. They live in a
 * folder of files and are renewed before they expire.
 */
import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';

const DAY_MS = 86_400_000;
const CA_DAYS = 3_650;
const SERVING_DAYS = 90;
/** A certificate with less than this left is made anew. */
export const RENEW_BEFORE_DAYS = 30;
/** Clocks of those who verify may be behind ours. */
const SKEW_MS = 3_600_000;

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** Names and addresses that a certificate is always good for. */
export const LOCAL_NAMES: readonly string[] = ['localhost', '127.0.0.1', '::1'];

export interface CertificateFiles {
  /** PEM of the authority's certificate: what a webhook configuration's caBundle has to hold. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

interface Authority {
  readonly certificate: string;
  readonly keyPem: string;
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
  const authority = kept ?? (await createAuthority());
  const serving = await createServing(authority, wanted);
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

/** The library is loaded only by who needs it: it and its polyfill take a tenth of a second. */
async function loadX509(): Promise<typeof import('@peculiar/x509')> {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  x509.cryptoProvider.set(webcrypto);
  return x509;
}

async function createAuthority(): Promise<Authority> {
  const x509 = await loadX509();
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=meshgate CA ${randomBytes(4).toString('hex')}`,
    ...validity(CA_DAYS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, keyPem: await exportKey(keys.privateKey) };
}

async function createServing(authority: Authority, names: readonly string[]): Promise<Authority> {
  const x509 = await loadX509();
  const issuer = new x509.X509Certificate(authority.certificate);
  const pkcs8 = createPrivateKey(authority.keyPem).export({ type: 'pkcs8', format: 'der' });
  const signingKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, ALGORITHM, false, ['sign']);
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: 'CN=meshgate',
    issuer: issuer.subject,
    ...validity(SERVING_DAYS),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((name) => ({ type: isIP(name) === 0 ? ('dns' as const) : ('ip' as const), value: name })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, keyPem: await exportKey(keys.privateKey) };
}

/** A positive number of 16 bytes. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

function validity(days: number): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - SKEW_MS), notAfter: new Date(now + days * DAY_MS) };
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ type: 'pkcs8', format: 'pem' })
    .toString();
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
