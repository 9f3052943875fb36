/** How commands ask a running gateway: at its admin port, with the token of its state folder. */
import { GatewayError } from '../errors.ts';
import { readAdminAccess } from '../server/admin-access.ts';
import { CommandError } from './command-error.ts';
import type { CommandContext } from './context.ts';

const REQUEST_TIMEOUT_MS = 30_000;
export const DEFAULT_STATE = '.meshgate';
export const STATE_HELP = `the gateway's state folder, which holds the token for it (default: ${DEFAULT_STATE})`;

/**
 * @param body sent as JSON; left out: nothing is sent.
 * @throws GatewayError GATEWAY_NOT_RUNNING; CommandError GATEWAY_REFUSED with the gateway's own words.
 */
export async function askGateway(
  method: 'GET' | 'POST',
  path: string,
  state: string | undefined,
  { environment }: CommandContext,
  body?: object,
): Promise<unknown> {
  // Loaded when it is needed: `serve` has this file among its commands, and does without the client.
  const { request } = await import('undici');
  const access = await readAdminAccess(state ?? environment['MESHGATE_STATE'] ?? DEFAULT_STATE);
  const answer = await request(`${access.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${access.token}`, 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
    headersTimeout: REQUEST_TIMEOUT_MS,
    bodyTimeout: REQUEST_TIMEOUT_MS,
  }).catch((error: unknown) => {
    throw new GatewayError('GATEWAY_NOT_RUNNING', `The gateway at ${access.url} does not answer.`, { cause: error });
  });
  const value: unknown = await answer.body.json();
  if (answer.statusCode === 200) return value;
  const { code, message } = value as { readonly code: string; readonly message: string };
  throw new CommandError('GATEWAY_REFUSED', `${message} (${code})`);
}
