/**
 * Host names, addresses and ports as Istio's validation takes them. Each check returns what is wrong, or null.
 */
import { byteLength } from '../../../template/gostring.ts';
import { atoi, isPrefix } from '../strconv.ts';

const MAX_DOMAIN_LENGTH = 255;
const MAX_LABEL_LENGTH = 63;
const MAX_PORT = 65535;

const LABEL = /^[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$/;
const WILDCARD_LABEL = /^(?:\*|(?:\*|\*-)?[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?)$/;

function isLabel(text: string): boolean {
  return text.length <= MAX_LABEL_LENGTH && LABEL.test(text);
}

function isWildcardLabel(text: string): boolean {
  return text.length <= MAX_LABEL_LENGTH && WILDCARD_LABEL.test(text);
}

/** A port from 1 to 65535. */
export function checkPort(port: number): string | null {
  return port >= 1 && port <= MAX_PORT ? null : `port ${port} is not in the range 1 to ${MAX_PORT}`;
}

/** `HOST:PORT`, the host a domain name or an IP address (an IPv6 address in brackets). */
export function checkAddress(address: string): string | null {
  const parts = splitHostPort(address);
  if (parts === null) return `${JSON.stringify(address)} is not HOST:PORT`;
  const port = atoi(parts.port);
  if (port === undefined) return `port ${JSON.stringify(parts.port)} is not a number`;
  const problem = checkPort(port);
  if (problem !== null) return problem;
  if (checkDomain(parts.host) === null || isIpAddress(parts.host)) return null;
  return `${JSON.stringify(parts.host)} is neither a host name nor an IP address`;
}

/** The same with `$(HOST_IP)`, which the agent replaces, in place of an address. */
export function checkAddressOnHost(address: string): string | null {
  return checkAddress(address.replace('$(HOST_IP)', '127.0.0.1'));
}

/** Go's net.SplitHostPort; null where that fails. */
function splitHostPort(address: string): { readonly host: string; readonly port: string } | null {
  const colon = address.lastIndexOf(':');
  if (colon < 0) return null;
  const port = address.slice(colon + 1);
  if (!address.startsWith('[')) {
    const host = address.slice(0, colon);
    return /[:[\]]/.test(host) || /[[\]]/.test(port) ? null : { host, port };
  }
  const end = address.indexOf(']');
  // The bracket closes just before the last colon.
  if (end + 1 !== colon) return null;
  const host = address.slice(1, end);
  return host.includes('[') || /[[\]]/.test(port) ? null : { host, port };
}

/** netip.ParseAddr: IPv4, or IPv6 with or without a zone. */
function isIpAddress(text: string): boolean {
  if (!text.includes(':')) return isPrefix(`${text}/32`);
  const percent = text.indexOf('%');
  if (percent === text.length - 1) return false;
  return isPrefix(`${percent < 0 ? text : text.slice(0, percent)}/128`);
}

/** A fully qualified domain name, whose last label is not all digits; a trailing dot is fine. */
function checkDomain(domain: string): string | null {
  return checkDomainLength(domain) ?? checkHostLabels(domain);
}

/** A domain name whose first label may be, or begin with, `*`. */
export function checkWildcardDomain(domain: string): string | null {
  const tooLong = checkDomainLength(domain);
  if (tooLong !== null) return tooLong;
  const dot = domain.indexOf('.');
  const first = dot < 0 ? domain : domain.slice(0, dot);
  if (!isWildcardLabel(first)) return invalidLabel(domain, first);
  return dot < 0 ? null : checkHostLabels(domain.slice(dot + 1));
}

/** A trust domain: labels with dots between them; a trailing dot is fine. */
export function checkTrustDomain(domain: string): string | null {
  return domain === '' ? 'must not be empty' : checkLabels(domain);
}

function checkDomainLength(domain: string): string | null {
  if (domain === '') return 'must not be empty';
  return byteLength(domain) > MAX_DOMAIN_LENGTH ? `is longer than ${MAX_DOMAIN_LENGTH} bytes` : null;
}

function checkHostLabels(domain: string): string | null {
  const last = domain.slice(domain.lastIndexOf('.') + 1);
  return atoi(last) === undefined ? checkLabels(domain) : `${JSON.stringify(domain)} ends in a label of digits`;
}

/** The last label may be empty. */
function checkLabels(domain: string): string | null {
  const labels = domain.split('.');
  const last = labels.length - 1;
  const bad = labels.find((label, index) => !(index === last && label === '') && !isLabel(label));
  return bad === undefined ? null : invalidLabel(domain, bad);
}

function invalidLabel(domain: string, label: string): string {
  return `${JSON.stringify(domain)} has an invalid label ${JSON.stringify(label)}`;
}
