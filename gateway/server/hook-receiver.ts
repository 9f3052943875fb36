/**
 * The webhook receiver: what a Git server calls after a push. A call that is signed with the shared secret has the sources looked at, and
 * nothing of what it says is believed: what is fetched, and whether it may serve, is decided as at any other time.
 *
 * Known are the signatures of GitHub, Gitea and Forgejo, GitLab's token, and the generic HMAC of Flux's Receiver.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../errors.ts';
import { readParts } from './request-body.ts';

export interface HookReceiverParts {
  /** Read at every call, so that a secret that is rotated counts at once. */
  readonly tokenFile: string;
  readonly trigger: () => void;
}

/** GitHub sends no more than this. */
const BODY_LIMIT_BYTES = 25 * 1024 * 1024;
/** A shorter secret could be guessed. */
const MIN_TOKEN_LENGTH = 16;
const MAX_TOKEN_LENGTH = 4_096;

interface Signature {
  readonly algorithm: 'sha256' | 'sha384' | 'sha512';
  readonly hex: string;
}

/** Headers with an HMAC over the body, and how each is written. */
const SIGNATURE_HEADERS: readonly (readonly [header: string, pattern: RegExp])[] = [
  ['x-hub-signature-256', /^(sha256)=([0-9a-f]{64})$/i],
  ['x-gitea-signature', /^()([0-9a-f]{64})$/i],
  ['x-forgejo-signature', /^()([0-9a-f]{64})$/i],
  ['x-signature', /^(sha256|sha384|sha512)=([0-9a-f]{64,128})$/i],
];
const TOKEN_HEADER = 'x-gitlab-token';

/** Makes what answers `POST /hooks/git`: resolves when the call is good; rejects with HOOK_REFUSED, HOOK_SECRET_INVALID, BODY_TOO_LARGE or REQUEST_TIMEOUT. */
export function createHookReceiver({ tokenFile, trigger }: HookReceiverParts) {
  return async (request: IncomingMessage): Promise<void> => {
    const token = await readToken(tokenFile);
    const given = request.headers[TOKEN_HEADER];
    const signature = signatureOf(request);
    if (signature === null && typeof given !== 'string') {
      throw new GatewayError('HOOK_REFUSED', 'The call is not signed: it has no signature and no token.');
    }
    const hmac = createHmac(signature?.algorithm ?? 'sha256', token);
    // It goes through the HMAC and is not kept.
    await readParts(request, BODY_LIMIT_BYTES, (part) => hmac.update(part));
    const good =
      signature === null
        ? equalTexts(typeof given === 'string' ? given : '', token)
        : equalTexts(signature.hex.toLowerCase(), hmac.digest('hex'));
    if (!good) throw new GatewayError('HOOK_REFUSED');
    trigger();
  };
}

function signatureOf({ headers }: IncomingMessage): Signature | null {
  for (const [header, pattern] of SIGNATURE_HEADERS) {
    const value = headers[header];
    if (value === undefined) continue;
    const parts = typeof value === 'string' ? pattern.exec(value) : null;
    // One that is there and can not be read is not made good by another one.
    if (parts === null) throw new GatewayError('HOOK_REFUSED', `The signature in ${header} can not be read.`);
    const algorithm = (parts[1] === '' ? 'sha256' : parts[1]?.toLowerCase()) as Signature['algorithm'];
    return { algorithm, hex: parts[2] ?? '' };
  }
  return null;
}

/** In a time that does not tell where two texts differ, nor how long the right one is. */
function equalTexts(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

async function readToken(file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new GatewayError('HOOK_SECRET_INVALID', undefined, { cause: error });
  }
  const token = text.replace(/\r?\n$/, '');
  if (token.length < MIN_TOKEN_LENGTH || token.length > MAX_TOKEN_LENGTH) throw new GatewayError('HOOK_SECRET_INVALID');
  return token;
}
