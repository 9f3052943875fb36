/** The body of a request to the admin port, handed on part by part within limits. */
import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../errors.ts';

const BODY_TIMEOUT_MS = 10_000;

/** Rejects with BODY_TOO_LARGE or REQUEST_TIMEOUT. */
export async function readParts(
  request: IncomingMessage,
  limitBytes: number,
  take: (part: Buffer) => void,
): Promise<void> {
  const late = setTimeout(() => request.destroy(new GatewayError('REQUEST_TIMEOUT')), BODY_TIMEOUT_MS);
  try {
    let bytes = 0;
    for await (const chunk of request) {
      const part = chunk as Buffer;
      bytes += part.length;
      if (bytes > limitBytes) throw new GatewayError('BODY_TOO_LARGE', `The body is larger than ${limitBytes} bytes.`);
      take(part);
    }
  } finally {
    clearTimeout(late);
  }
}
