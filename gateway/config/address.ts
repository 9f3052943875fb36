/**
 * `HOST:PORT` addresses to listen on.
 */

export interface Address {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/** Reads `HOST:PORT`, `[IPV6]:PORT` or `:PORT` (all addresses); null when it is none of them. */
export function parseAddress(text: string): Address | null {
  const parts = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  if (parts === null) return null;
  const port = Number(parts[3]);
  if (port > 65_535) return null;
  const host = parts[1] ?? parts[2] ?? '';
  return { host: host === '' ? '::' : host, port };
}

/** The address as it stands in a URL; what listens on all addresses is reached through loopback. */
export function addressUrl(scheme: string, host: string, port: number): string {
  const reached = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `${scheme}://${reached.includes(':') ? `[${reached}]` : reached}:${port}`;
}
