/**
 * Who may change what serves through the admin port: whoever can read the gateway's state folder. There the gateway leaves its address and
 * a token that is new at every start.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { GatewayError } from '../errors.ts';

const FILE = 'admin.json';
const TOKEN_BYTES = 32;

export interface AdminAccess {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly token: string;
  readonly pid: number;
}

export function makeAdminToken(): string {
  return randomBytes(TOKEN_BYTES).toString('hex');
}

/** Only the gateway's own user can read it. */
export async function writeAdminAccess(state: string, access: AdminAccess): Promise<void> {
  await mkdir(state, { recursive: true, mode: 0o700 });
  const beside = join(state, `${FILE}.${access.pid}.tmp`);
  await writeFile(beside, `${JSON.stringify(access)}\n`, { mode: 0o600 });
  await rename(beside, join(state, FILE));
}

export async function removeAdminAccess(state: string): Promise<void> {
  await rm(join(state, FILE), { force: true }).catch(() => undefined);
}

/** How to reach the gateway with this state folder. Throws GATEWAY_NOT_RUNNING. */
export async function readAdminAccess(state: string): Promise<AdminAccess> {
  try {
    const access = JSON.parse(await readFile(join(state, FILE), 'utf8')) as AdminAccess;
    // A gateway that was killed leaves its note behind; signal 0 only asks whether the process is there.
    process.kill(access.pid, 0);
    return access;
  } catch (error) {
    const message = `No gateway runs with the state folder ${state}: name its folder with --state.`;
    throw new GatewayError('GATEWAY_NOT_RUNNING', message, { cause: error });
  }
}

/** Throws ADMIN_REFUSED unless the request bears the token. */
export function requireToken(request: IncomingMessage, token: string): void {
  const given = Buffer.from(request.headers.authorization ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) throw new GatewayError('ADMIN_REFUSED');
}
