/**
 * What a request's URL asks for, before any snapshot is looked at.
 */
import { parseDuration } from '../config/duration.ts';
import { parseParams } from './params.ts';

/** What the apiserver assumes when a webhook names no timeout, and the longest that it can name. */
export const DEFAULT_TIMEOUT_MS = 10_000;
export const MAX_TIMEOUT_MS = 30_000;

export type Target =
  /** `/inject/mesh/MESH[/rev/REVISION]` with pairs. */
  | {
      readonly kind: 'mesh';
      readonly mesh: string;
      readonly revision: string | null;
      readonly params: Readonly<Record<string, string>>;
    }
  /** `/policies[/name/NAME]` with pairs. */
  | { readonly kind: 'policies'; readonly name: string | null; readonly params: Readonly<Record<string, string>> }
  /** Any other path; a mesh may claim it. */
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'malformed' };

export interface ParsedUrl {
  readonly target: Target;
  readonly timeoutMs: number;
}

/** A claim that is longer than this covers only itself; it bounds what is tried for one path. */
const CLAIM_LIMIT = 512;
const MESH_PREFIX = '/inject/mesh/';
const POLICIES_PATH = '/policies';

/** Parses an origin-form or absolute-form request target. */
export function parseUrl(url: string): ParsedUrl {
  const mark = url.indexOf('?');
  const encoded = mark < 0 ? url : url.slice(0, mark);
  const timeoutMs = parseTimeout(mark < 0 ? '' : url.slice(mark + 1));
  const path = decodePath(encoded);
  return { target: path === null ? { kind: 'malformed' } : parsePath(path), timeoutMs };
}

function decodePath(encoded: string): string | null {
  try {
    if (encoded.startsWith('/') || encoded === '*') return decodeURIComponent(encoded);
    return decodeURIComponent(new URL(encoded).pathname);
  } catch {
    return null;
  }
}

function parsePath(path: string): Target {
  if (path === POLICIES_PATH || path.startsWith(`${POLICIES_PATH}/`)) return parsePoliciesPath(path);
  if (!path.startsWith(MESH_PREFIX)) return { kind: 'path', path };
  const [mesh = '', key, revision, ...rest] = path.slice(MESH_PREFIX.length).split('/');
  if (mesh === '') return { kind: 'path', path };
  if (key === 'rev' && revision !== undefined && revision !== '') {
    return { kind: 'mesh', mesh, revision, params: parseParams(rest.join('/')) };
  }
  const pairs = path.slice(MESH_PREFIX.length + mesh.length + 1);
  return { kind: 'mesh', mesh, revision: null, params: parseParams(pairs) };
}

function parsePoliciesPath(path: string): Target {
  const rest = path.slice(POLICIES_PATH.length + 1);
  const [key, name, ...more] = rest.split('/');
  if (key === 'name' && name !== undefined && name !== '') {
    return { kind: 'policies', name, params: parseParams(more.join('/')) };
  }
  return { kind: 'policies', name: null, params: parseParams(rest) };
}

/** The `timeout` of a query as the apiserver writes it (`10s`); the default for an absent or a bad one. */
function parseTimeout(query: string): number {
  if (query === '') return DEFAULT_TIMEOUT_MS;
  const text = new URLSearchParams(query).get('timeout');
  const timeoutMs = text === null ? null : parseDuration(text);
  if (timeoutMs === null || timeoutMs <= 0) return DEFAULT_TIMEOUT_MS;
  return Math.min(timeoutMs, MAX_TIMEOUT_MS);
}

/**
 * The claim that covers a path: the longest claimed path that it equals or continues with `/`. The root path covers only itself. Null
 * when none does; `rest` is what follows the claim.
 */
export function findClaim(path: string, claims: ReadonlyMap<string, string>): { mesh: string; rest: string } | null {
  const exact = claims.get(path);
  if (exact !== undefined) return { mesh: exact, rest: '' };
  for (let end = path.lastIndexOf('/', CLAIM_LIMIT); end > 0; end = path.lastIndexOf('/', end - 1)) {
    const mesh = claims.get(path.slice(0, end)) ?? claims.get(path.slice(0, end + 1));
    if (mesh !== undefined) return { mesh, rest: path.slice(end + 1) };
  }
  return null;
}
