/**
 * sprig's urlParse and urlJoin over Go's net/url, which is neither WHATWG's URL nor RFC 3986 to the letter. Works on byte strings
 * (one character a byte), as escapes stand for bytes.
 */
import type { GoFunc } from '../../func.ts';
import { FuncError } from '../../func.ts';
import { fromByteString, toByteString } from '../../gostring.ts';
import { kindOf, scalarOfRef } from '../../reflect.ts';
import type { GoValue } from '../../value.ts';
import { dictData, newDict } from '../dict.ts';
import { dict, fn1, text } from '../signature.ts';

/** What each part may hold unescaped besides letters, digits and `-._~`. */
const UNESCAPED = {
  path: /[$&+,/:;=@]/,
  fragment: /[!$&()*+,/:;=?@]/,
  host: /[!"$&'()*+,:;<=>[\]]/,
  userinfo: /[$&+,;=]/,
} as const;
type Part = keyof typeof UNESCAPED | 'zone';

const ALWAYS_UNESCAPED = /[-._~0-9A-Za-z]/;
const CONTROL = /[\u0000-\u001f\u007f]/;
const VALID_USERINFO = /^[-A-Za-z0-9._:~!$&'()*+,;=%@]*$/;

function needsEscape(unit: string, part: Part): boolean {
  return !ALWAYS_UNESCAPED.test(unit) && !UNESCAPED[part === 'zone' ? 'host' : part].test(unit);
}

function encodePart(bytes: string, part: Part): string {
  let out = '';
  for (const unit of bytes) {
    out += needsEscape(unit, part) ? `%${unit.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}` : unit;
  }
  return out;
}

function invalidEscape(sequence: string): FuncError {
  return new FuncError(`invalid URL escape "${sequence}"`);
}

function checkEscape(sequence: string, part: Part): void {
  if (!/^%[0-9a-fA-F]{2}$/.test(sequence)) throw invalidEscape(sequence);
  if (sequence === '%25') return;
  const code = Number.parseInt(sequence.slice(1), 16);
  // Hosts hold escapes for bytes beyond ASCII only; zones, for what a host may hold and spaces.
  if (part === 'host' && code < 0x80) throw invalidEscape(sequence);
  if (part === 'zone' && code !== 0x20 && needsEscape(String.fromCharCode(code), 'host')) throw invalidEscape(sequence);
}

/** Throws FuncError for a malformed escape, and for a byte that a host must not hold. */
function decodePart(bytes: string, part: Part): string {
  const strictly = part === 'host' || part === 'zone';
  if (!strictly && !bytes.includes('%')) return bytes;
  let out = '';
  for (let index = 0; index < bytes.length; index++) {
    const unit = bytes.charAt(index);
    if (unit === '%') {
      const sequence = bytes.slice(index, index + 3);
      checkEscape(sequence, part);
      out += String.fromCharCode(Number.parseInt(sequence.slice(1), 16));
      index += 2;
      continue;
    }
    if (strictly && unit < '\u0080' && needsEscape(unit, part)) {
      throw new FuncError(`invalid character "${unit}" in host name`);
    }
    out += unit;
  }
  return out;
}

interface UserInfo {
  readonly username: string;
  readonly password: string | null;
}

interface GoUrl {
  readonly scheme: string;
  readonly opaque: string;
  readonly user: UserInfo | null;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly fragment: string;
}

/** Splits at the first separator; the second part is null when there is none. */
function cut(value: string, separator: string): readonly [string, string | null] {
  const index = value.indexOf(separator);
  return index < 0 ? [value, null] : [value.slice(0, index), value.slice(index + separator.length)];
}

function splitScheme(url: string): readonly [scheme: string, rest: string] {
  if (url.startsWith(':')) throw new FuncError('missing protocol scheme');
  const match = /^([A-Za-z][-+.A-Za-z0-9]*):/.exec(url);
  return match?.[1] === undefined ? ['', url] : [match[1].toLowerCase(), url.slice(match[0].length)];
}

function checkPort(port: string): void {
  if (!/^(?::[0-9]*)?$/.test(port)) throw new FuncError(`invalid port "${port}" after host`);
}

function parseBracketedHost(host: string): string {
  const close = host.lastIndexOf(']');
  if (close < 0) throw new FuncError("missing ']' in host");
  checkPort(host.slice(close + 1));
  const name = host.slice(1, close);
  const zone = name.indexOf('%25');
  const address =
    zone < 0
      ? decodePart(name, 'host')
      : decodePart(name.slice(0, zone), 'host') + decodePart(name.slice(zone), 'zone');
  if (!isIPv6Address(address)) throw new FuncError('invalid host: invalid IP-literal');
  return `[${address}]${host.slice(close + 1)}`;
}

const DECIMAL_BYTE = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
const IPV4_TAIL = new RegExp(`^${DECIMAL_BYTE}(?:\\.${DECIMAL_BYTE}){3}$`);
const HEX_GROUP = /^[0-9a-fA-F]{1,4}$/;
const IPV6_GROUPS = 8;

/** The number of 16-bit groups that these colon-separated ones make, or null when one is malformed; an IPv4 tail makes two. */
function countGroups(groups: string): number | null {
  if (groups === '') return 0;
  const parts = groups.split(':');
  const tail = IPV4_TAIL.test(parts.at(-1) ?? '') ? 1 : 0;
  const hex = parts.slice(0, parts.length - tail);
  return hex.every((part) => HEX_GROUP.test(part)) ? parts.length + tail : null;
}

/** netip.ParseAddr's IPv6: eight groups or `::` for at least one, and any zone but an empty one. */
function isIPv6Address(address: string): boolean {
  const [ip, zone] = cut(address, '%');
  if (zone === '') return false;
  const [left, right] = cut(ip, '::');
  const count = countGroups(left);
  if (right === null) return count === IPV6_GROUPS;
  const rightCount = countGroups(right);
  // An IPv4 tail ends the address, so it can not stand before the gap.
  if (count === null || rightCount === null || left.includes('.')) return false;
  return count + rightCount < IPV6_GROUPS;
}

function parseHost(scheme: string, host: string): string {
  const bracket = host.lastIndexOf('[');
  if (bracket > 0) throw new FuncError('invalid IP-literal');
  if (bracket === 0) return parseBracketedHost(host);
  // Only web addresses are held to one colon.
  const colon = scheme === 'http' || scheme === 'https' ? host.indexOf(':') : host.lastIndexOf(':');
  if (colon >= 0) checkPort(host.slice(colon));
  return decodePart(host, 'host');
}

function parseUserInfo(userinfo: string): UserInfo {
  if (!VALID_USERINFO.test(userinfo)) throw new FuncError('net/url: invalid userinfo');
  const [username, password] = cut(userinfo, ':');
  return {
    username: decodePart(username, 'userinfo'),
    password: password === null ? null : decodePart(password, 'userinfo'),
  };
}

function parseAuthority(scheme: string, authority: string): Pick<GoUrl, 'user' | 'host'> {
  const at = authority.lastIndexOf('@');
  const host = parseHost(scheme, authority.slice(at + 1));
  return { host, user: at < 0 ? null : parseUserInfo(authority.slice(0, at)) };
}

/** url.Parse. Throws FuncError with Go's reason. */
export function parseUrl(url: string): GoUrl {
  const [address, hash] = cut(url, '#');
  return { ...parseAddress(address, false), fragment: decodePart(hash ?? '', 'fragment') };
}

/** Throws FuncError with Go's reason where url.ParseRequestURI would refuse: what is neither absolute nor rooted, or has a fragment in its host. */
export function checkRequestUrl(url: string): void {
  parseAddress(url, true);
}

function parseAddress(address: string, ofRequest: boolean): Omit<GoUrl, 'fragment'> {
  if (CONTROL.test(address)) throw new FuncError('net/url: invalid control character in URL');
  if (ofRequest && address === '') throw new FuncError('empty url');
  const none = { opaque: '', user: null, host: '' };
  if (address === '*') return { ...none, scheme: '', path: '*', query: '' };
  const [scheme, afterScheme] = splitScheme(address);
  const [rest, query] = cut(afterScheme, '?');
  const base = { ...none, scheme, query: query ?? '' };
  if (!rest.startsWith('/')) {
    if (scheme !== '') return { ...base, opaque: rest, path: '' };
    if (ofRequest) throw new FuncError('invalid URI for request');
    if (cut(rest, '/')[0].includes(':')) throw new FuncError('first path segment in URL cannot contain colon');
  }
  if (!rest.startsWith('//') || (scheme === '' && (ofRequest || rest.startsWith('///')))) {
    return { ...base, path: decodePart(rest, 'path') };
  }
  const slash = rest.indexOf('/', 2);
  const authority = slash < 0 ? rest.slice(2) : rest.slice(2, slash);
  return {
    ...base,
    ...parseAuthority(scheme, authority),
    path: slash < 0 ? '' : decodePart(rest.slice(slash), 'path'),
  };
}

function formatUserInfo(user: UserInfo | null): string {
  if (user === null) return '';
  const username = encodePart(user.username, 'userinfo');
  return user.password === null ? username : `${username}:${encodePart(user.password, 'userinfo')}`;
}

/** URL.EscapedPath of a URL whose path was not written with escapes of its own choice. */
export function escapedPath({ path }: { readonly path: string }): string {
  return path === '*' ? path : encodePart(path, 'path');
}

/** URL.Hostname: without port and brackets. */
export function hostnameOf(host: string): string {
  const colon = host.lastIndexOf(':');
  const name = colon >= 0 && /^:[0-9]*$/.test(host.slice(colon)) ? host.slice(0, colon) : host;
  return name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name;
}

function urlParse(value: string): GoValue {
  let url: GoUrl;
  try {
    url = parseUrl(toByteString(value));
  } catch (error) {
    if (error instanceof FuncError) throw new FuncError(`unable to parse url: parse "${value}": ${error.message}`);
    throw error;
  }
  const out = newDict();
  const parts = {
    scheme: url.scheme,
    host: url.host,
    hostname: hostnameOf(url.host),
    path: url.path,
    query: url.query,
    opaque: url.opaque,
    fragment: url.fragment,
    userinfo: formatUserInfo(url.user),
  };
  for (const [name, part] of Object.entries(parts)) out[name] = fromByteString(part);
  return out;
}

/** A member of the dict as text; "" when it is missing. Throws FuncError (sprig's panic) when it is no string. */
function partOf(data: Readonly<Record<string, unknown>>, key: string): string {
  if (!Object.hasOwn(data, key)) return '';
  const value = scalarOfRef(data[key] as GoValue);
  if (typeof value === 'string') return toByteString(value);
  const kind = kindOf(value);
  if (kind === 'invalid') throw new FuncError('runtime error: invalid memory address or nil pointer dereference');
  throw new FuncError(`unable to parse ${key} key, must be of type string, but ${kind} found`);
}

/** URL.String of a URL put together from its parts, none of them escaped but the query and opaque. */
function urlJoin(source: GoValue): string {
  const data = dictData(source) ?? {};
  const scheme = partOf(data, 'scheme');
  const host = partOf(data, 'host');
  const path = partOf(data, 'path');
  const query = partOf(data, 'query');
  const opaque = partOf(data, 'opaque');
  const fragment = partOf(data, 'fragment');
  const userinfo = partOf(data, 'userinfo');
  const user = userinfo === '' ? null : parseUrl(`proto://${userinfo}@host`).user;

  let out = scheme === '' ? '' : `${scheme}:`;
  if (opaque !== '') {
    out += opaque;
  } else {
    const hasAuthority = host !== '' || user !== null;
    if (hasAuthority || (scheme !== '' && path !== '')) out += '//';
    if (user !== null) out += `${formatUserInfo(user)}@`;
    out += encodePart(host, 'host');
    const escaped = path === '*' ? path : encodePart(path, 'path');
    if (escaped !== '' && !escaped.startsWith('/') && host !== '') out += '/';
    if (out === '' && cut(escaped, '/')[0].includes(':')) out = './';
    out += escaped;
  }
  if (query !== '') out += `?${query}`;
  if (fragment !== '') out += `#${encodePart(fragment, 'fragment')}`;
  return fromByteString(out);
}

export const urlFuncs: readonly (readonly [string, GoFunc])[] = [
  ['urlParse', fn1(text, urlParse)],
  ['urlJoin', fn1(dict, urlJoin)],
];
