/**
 * The admission server's limits.
 */

/** The largest body; the apiserver's own limit on an object is about half of it. */
export const BODY_LIMIT_BYTES = 6 * 1024 * 1024;
/** How much more of a refused body is read, so that its sender gets to read the refusal instead of a reset. */
export const DISCARD_LIMIT_BYTES = 64 * 1024 * 1024;
export const DISCARD_LIMIT_MS = 5_000;
/** From the headers to the last byte of the body. */
export const BODY_TIMEOUT_MS = 15_000;
export const HEADERS_TIMEOUT_MS = 10_000;
/** node:http's own watch over a whole request, behind the one above. */
export const REQUEST_TIMEOUT_MS = 60_000;
export const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Go clients keep idle connections for 90 s; a server that closes them earlier resets requests. */
export const KEEP_ALIVE_MS = 120_000;
export const HEADER_BYTES = 16 * 1024;
export const HEADER_COUNT = 100;
export const MAX_CONNECTIONS = 10_000;
export const STREAMS_PER_CONNECTION = 256;
/** How often slow requests are looked for. */
export const SWEEP_MS = 1_000;
