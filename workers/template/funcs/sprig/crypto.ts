/**
 * sprig's hashes, derived passwords, AES and certificates. What draws on randomness is an error, but for the answers that do not
 * depend on it (sprig's own complaints, an empty text).
 */
import { Buffer } from 'node:buffer';
import { createDecipheriv, createHash, createHmac, createPrivateKey, scryptSync, X509Certificate } from 'node:crypto';
import type { GoFunc } from '../../func.ts';
import { FuncError } from '../../func.ts';
import { byteLength, fromByteString, fromBytes, toBytes } from '../../gostring.ts';
import type { GoField, GoStructType, GoType, GoValue } from '../../value.ts';
import { ANY, GoNumber, GoRef, STRING } from '../../value.ts';
import { fn1, fn2, integer, text } from '../signature.ts';
import { decodeBase64 } from './encoding.ts';
import { needsRandomness } from './random.ts';

function digest(algorithm: 'sha1' | 'sha256' | 'sha512'): GoFunc {
  return fn1(text, (value, context) => {
    context.charge(value.length);
    return createHash(algorithm).update(toBytes(value)).digest('hex');
  });
}

const ADLER_MODULUS = 65_521;

function adler32(bytes: Uint8Array): number {
  let low = 1;
  let high = 0;
  for (const byte of bytes) {
    low = (low + byte) % ADLER_MODULUS;
    high = (high + low) % ADLER_MODULUS;
  }
  return high * 65_536 + low;
}

/** Master Password's templates: a letter names the set that a character is taken from. */
const PASSWORD_TEMPLATES: ReadonlyMap<string, readonly string[]> = new Map([
  ['maximum', ['anoxxxxxxxxxxxxxxxxx', 'axxxxxxxxxxxxxxxxxno']],
  [
    'long',
    (
      'CvcvnoCvcvCvcv CvcvCvcvnoCvcv CvcvCvcvCvcvno CvccnoCvcvCvcv CvccCvcvnoCvcv CvccCvcvCvcvno CvcvnoCvccCvcv ' +
      'CvcvCvccnoCvcv CvcvCvccCvcvno CvcvnoCvcvCvcc CvcvCvcvnoCvcc CvcvCvcvCvccno CvccnoCvccCvcv CvccCvccnoCvcv ' +
      'CvccCvccCvcvno CvcvnoCvccCvcc CvcvCvccnoCvcc CvcvCvccCvccno CvccnoCvcvCvcc CvccCvcvnoCvcc CvccCvcvCvccno'
    ).split(' '),
  ],
  ['medium', ['CvcnoCvc', 'CvcCvcno']],
  ['short', ['Cvcn']],
  ['basic', ['aaanaaan', 'aannaaan', 'aaannaaa']],
  ['pin', ['nnnn']],
]);
const PASSWORD_CHARACTERS: ReadonlyMap<string, string> = new Map([
  ['V', 'AEIOU'],
  ['C', 'BCDFGHJKLMNPQRSTVWXYZ'],
  ['v', 'aeiou'],
  ['c', 'bcdfghjklmnpqrstvwxyz'],
  ['A', 'AEIOUBCDFGHJKLMNPQRSTVWXYZ'],
  ['a', 'AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz'],
  ['n', '0123456789'],
  ['o', "@&%?,=[]_:-+*$#!'^~;()/."],
  ['x', 'AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()'],
]);
const PASSWORD_SEED = 'com.lyndir.masterpassword';
const SCRYPT = { N: 32_768, r: 8, p: 2, maxmem: 64 * 1024 * 1024 };
const SCRYPT_KEY_LENGTH = 64;
/** Deriving a key takes about as long as this many steps of a template. */
const SCRYPT_STEPS = 1_000_000;

function uint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

const UINT32: GoType = { kind: 'uint32' };

const derivePassword: GoFunc = {
  params: [UINT32, STRING, STRING, STRING, STRING],
  call: ([counter, type, password, user, site], context) => {
    const templates = PASSWORD_TEMPLATES.get(String(type));
    if (templates === undefined) return `cannot find password template ${type}`;
    context.charge(SCRYPT_STEPS);
    const salt = Buffer.concat([Buffer.from(PASSWORD_SEED), uint32(byteLength(String(user))), toBytes(String(user))]);
    const key = scryptSync(toBytes(String(password)), salt, SCRYPT_KEY_LENGTH, SCRYPT);
    const seed = createHmac('sha256', key)
      .update(PASSWORD_SEED)
      .update(uint32(byteLength(String(site))))
      .update(toBytes(String(site)))
      .update(uint32(counter instanceof GoNumber ? Number(counter.value) : 0))
      .digest();
    const template = templates[(seed[0] ?? 0) % templates.length] ?? '';
    return [...template]
      .map((element, index) => {
        const characters = PASSWORD_CHARACTERS.get(element) ?? '';
        return characters.charAt((seed[index + 1] ?? 0) % characters.length);
      })
      .join('');
  },
};

const AES_KEY_LENGTH = 32;
const AES_BLOCK = 16;

/** AES-256-CBC with the password as key, cut or filled up with zeros; the last byte tells the padding, unchecked as in sprig. */
function decryptAes(password: string, encrypted: string): string {
  if (encrypted === '') return '';
  const { bytes, error } = decodeBase64(encrypted);
  if (error !== null) throw new FuncError(error);
  const data = Buffer.from(bytes, 'latin1');
  if (data.length <= AES_BLOCK || data.length % AES_BLOCK !== 0) {
    throw new FuncError('crypto/cipher: input not full blocks');
  }
  const key = Buffer.alloc(AES_KEY_LENGTH);
  key.set(toBytes(password).subarray(0, AES_KEY_LENGTH));
  const decipher = createDecipheriv('aes-256-cbc', key, data.subarray(0, AES_BLOCK)).setAutoPadding(false);
  const plain = Buffer.concat([decipher.update(data.subarray(AES_BLOCK)), decipher.final()]);
  const padding = plain.at(-1) ?? 0;
  if (padding > plain.length) throw new FuncError('runtime error: slice bounds out of range');
  return fromBytes(plain.subarray(0, plain.length - padding));
}

function textField(name: string): readonly [string, GoField] {
  return [name, { name, type: STRING, jsonName: name }];
}

const CERTIFICATE: GoStructType = {
  kind: 'struct',
  name: 'sprig.certificate',
  fields: new Map([textField('Cert'), textField('Key')]),
};
const PEM_BLOCK = /-----BEGIN ([^\n]*?)-----\r?\n[\s\S]*?-----END \1-----/;
const PRIVATE_KEY_TYPES = /^(?:(?:RSA |EC |DSA )?PRIVATE KEY)$/;
/** PEM texts are some kilobytes. */
const MAX_PEM_LENGTH = 1024 * 1024;

function firstPemBlock(pem: string): readonly [block: string, type: string] | null {
  const match = PEM_BLOCK.exec(pem.slice(0, MAX_PEM_LENGTH));
  return match === null ? null : [match[0], match[1] ?? ''];
}

/** Node's parsers throw errors of many kinds; all of them mean that the text is no such thing. */
function parsed<T>(problem: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw new FuncError(problem);
  }
}

function buildCustomCertificate(certificate: string, key: string): GoValue {
  const certificateBytes = decodeBase64(certificate);
  if (certificateBytes.error !== null) throw new FuncError('unable to decode base64 certificate');
  const keyBytes = decodeBase64(key);
  if (keyBytes.error !== null) throw new FuncError('unable to decode base64 private key');
  const certificateBlock = firstPemBlock(certificateBytes.bytes);
  if (certificateBlock === null) throw new FuncError('unable to decode certificate');
  const certificatePem = certificateBlock[0].replaceAll(certificateBlock[1], 'CERTIFICATE');
  parsed('error parsing certificate', () => new X509Certificate(certificatePem));
  const keyBlock = firstPemBlock(keyBytes.bytes);
  if (keyBlock === null) throw new FuncError('error parsing private key: no PEM data in input');
  if (!PRIVATE_KEY_TYPES.test(keyBlock[1])) throw new FuncError(`invalid private key type ${keyBlock[1]}`);
  parsed('error parsing private key', () => createPrivateKey(keyBlock[0]));
  return new GoRef(CERTIFICATE, {
    Cert: fromByteString(certificateBytes.bytes),
    Key: fromByteString(keyBytes.bytes),
  });
}

/** bcrypt takes no more; longer passwords are refused, which is an answer that needs no salt. */
const MAX_BCRYPT_BYTES = 72;

function bcrypt(password: string): string {
  if (byteLength(password) > MAX_BCRYPT_BYTES) {
    return 'failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes';
  }
  throw needsRandomness('bcrypt');
}

function htpasswd(username: string, password: string): string {
  return username.includes(':') ? `invalid username: ${username}` : `${username}:${bcrypt(password)}`;
}

const PRIVATE_KEY_KINDS: ReadonlySet<string> = new Set(['', 'rsa', 'dsa', 'ecdsa', 'ed25519']);

function generatePrivateKey(kind: string): string {
  if (!PRIVATE_KEY_KINDS.has(kind)) return `Unknown type ${kind}`;
  throw needsRandomness('genPrivateKey');
}

const ANY_SLICE: GoType = { kind: 'slice', elem: ANY };
const CERTIFICATE_AUTHORITY = [STRING, integer.type] as const;
const SELF_SIGNED = [STRING, ANY_SLICE, ANY_SLICE, integer.type] as const;

function refused(name: string, params: readonly GoType[]): readonly [string, GoFunc] {
  const call = (): never => {
    throw needsRandomness(name);
  };
  return [name, { params, call }];
}

export const cryptoFuncs: readonly (readonly [string, GoFunc])[] = [
  ['sha1sum', digest('sha1')],
  ['sha256sum', digest('sha256')],
  ['sha512sum', digest('sha512')],
  ['adler32sum', fn1(text, (value) => String(adler32(toBytes(value))))],
  ['derivePassword', derivePassword],
  ['decryptAES', fn2(text, text, decryptAes)],
  [
    'encryptAES',
    fn2(text, text, (_password, plain) => {
      if (plain === '') return '';
      throw needsRandomness('encryptAES');
    }),
  ],
  ['buildCustomCert', fn2(text, text, buildCustomCertificate)],
  ['bcrypt', fn1(text, bcrypt)],
  ['htpasswd', fn2(text, text, htpasswd)],
  ['genPrivateKey', fn1(text, generatePrivateKey)],
  refused('genCA', CERTIFICATE_AUTHORITY),
  refused('genCAWithKey', [...CERTIFICATE_AUTHORITY, STRING]),
  refused('genSelfSignedCert', SELF_SIGNED),
  refused('genSelfSignedCertWithKey', [...SELF_SIGNED, STRING]),
  refused('genSignedCert', [...SELF_SIGNED, CERTIFICATE]),
  refused('genSignedCertWithKey', [...SELF_SIGNED, CERTIFICATE, STRING]),
];
