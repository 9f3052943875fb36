/** Kubernetes' IP addresses and networks in CEL, as net/netip reads them: no zones, no IPv4 inside IPv6. */
import { noSuchOverload, runtimeError } from '../error.ts';
import { asText, declared, type FunctionTable } from '../function.ts';
import { CelOpaque, type CelValue } from '../value.ts';

class CelIp extends CelOpaque {
  readonly typeName = 'net.IP';
  readonly bits: bigint;
  /** 4 or 6. */
  readonly family: 4 | 6;
  constructor(bits: bigint, family: 4 | 6) {
    super();
    this.bits = bits;
    this.family = family;
  }
  override equals(other: CelOpaque): boolean {
    return other instanceof CelIp && other.family === this.family && other.bits === this.bits;
  }
}

class CelCidr extends CelOpaque {
  readonly typeName = 'net.CIDR';
  readonly ip: CelIp;
  readonly length: number;
  constructor(ip: CelIp, length: number) {
    super();
    this.ip = ip;
    this.length = length;
  }
  override equals(other: CelOpaque): boolean {
    return other instanceof CelCidr && other.length === this.length && other.ip.equals(this.ip);
  }
}

const OCTET = /^(?:0|[1-9][0-9]{0,2})$/;
const GROUP = /^[0-9a-fA-F]{1,4}$/;
const GROUPS = 8;
const V4_WIDTH = 32;
const V6_WIDTH = 128;
/** Longest text of an address with a network's length. */
const MAX_ADDRESS_LENGTH = 64;

function parseV4(text: string): bigint | null {
  const octets = text.split('.');
  if (octets.length !== 4 || !octets.every((each) => OCTET.test(each) && Number(each) <= 255)) return null;
  return octets.reduce((bits, each) => (bits << 8n) | BigInt(each), 0n);
}

/** Groups of one side of `::`; an IPv4 tail makes two. Null where one is malformed. */
function groupsOf(text: string, tailAllowed: boolean): bigint[] | null {
  if (text === '') return [];
  const groups: bigint[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (GROUP.test(part)) groups.push(BigInt(`0x${part}`));
    else {
      const v4 = tailAllowed && index === parts.length - 1 ? parseV4(part) : null;
      if (v4 === null) return null;
      groups.push(v4 >> 16n, v4 & 0xffffn);
    }
  }
  return groups;
}

function parseV6(text: string): bigint | null {
  const gap = text.indexOf('::');
  const left = groupsOf(gap < 0 ? text : text.slice(0, gap), gap < 0);
  const right = gap < 0 ? [] : groupsOf(text.slice(gap + 2), true);
  if (left === null || right === null) return null;
  const missing = GROUPS - left.length - right.length;
  if (gap < 0 ? missing !== 0 : missing < 1) return null;
  const groups = [...left, ...Array.from({ length: missing }, () => 0n), ...right];
  return groups.reduce((bits, group) => (bits << 16n) | group, 0n);
}

/** Null for what is no address, or one that Kubernetes does not take. */
function parseIp(text: string): CelIp | null {
  if (text.length > MAX_ADDRESS_LENGTH) return null;
  if (!text.includes(':')) {
    const bits = parseV4(text);
    return bits === null ? null : new CelIp(bits, 4);
  }
  const bits = parseV6(text);
  return bits === null || bits >> 32n === 0xffffn ? null : new CelIp(bits, 6);
}

const LENGTH = /^(?:0|[1-9][0-9]{0,2})$/;

function parseCidr(text: string): CelCidr | null {
  const slash = text.lastIndexOf('/');
  const ip = slash < 0 ? null : parseIp(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (ip === null || !LENGTH.test(length) || Number(length) > widthOf(ip)) return null;
  return new CelCidr(ip, Number(length));
}

function widthOf({ family }: CelIp): number {
  return family === 4 ? V4_WIDTH : V6_WIDTH;
}

function masked({ ip, length }: CelCidr): CelCidr {
  const host = BigInt(widthOf(ip) - length);
  return new CelCidr(new CelIp((ip.bits >> host) << host, ip.family), length);
}

/** The one form of an address: IPv6 in lower case, with the first longest run of zero groups as `::`. */
function formatIp({ bits, family }: CelIp): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => String((bits >> shift) & 0xffn)).join('.');
  const groups = Array.from({ length: GROUPS }, (_, index) =>
    ((bits >> BigInt(16 * (GROUPS - 1 - index))) & 0xffffn).toString(16),
  );
  let best = { start: -1, length: 1 };
  for (let start = 0; start < GROUPS; start++) {
    let end = start;
    while (end < GROUPS && groups[end] === '0') end += 1;
    if (end - start > best.length) best = { start, length: end - start };
  }
  if (best.start < 0) return groups.join(':');
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`;
}

function ipOf(value: CelValue | undefined): CelIp {
  if (value instanceof CelIp) return value;
  throw noSuchOverload();
}

function readIp(value: CelValue | undefined): CelIp {
  const text = asText(value);
  const ip = parseIp(text);
  if (ip === null) throw runtimeError(`IP Address ${JSON.stringify(text)} parse error during conversion from string`);
  return ip;
}

function cidrOf(value: CelValue | undefined): CelCidr {
  if (value instanceof CelCidr) return value;
  throw noSuchOverload();
}

function readCidr(value: CelValue | undefined): CelCidr {
  const text = asText(value);
  const cidr = parseCidr(text);
  if (cidr === null) {
    throw runtimeError(`network address parse error during conversion from string: ${JSON.stringify(text)}`);
  }
  return cidr;
}

function containsIp(cidr: CelCidr, ip: CelIp): boolean {
  return cidr.ip.family === ip.family && masked(new CelCidr(ip, cidr.length)).ip.equals(masked(cidr).ip);
}

function within(bits: bigint, prefix: bigint, width: number, length: number): boolean {
  return bits >> BigInt(width - length) === prefix;
}

function isLoopback({ bits, family }: CelIp): boolean {
  return family === 4 ? within(bits, 127n, 32, 8) : bits === 1n;
}

function isMulticast({ bits, family }: CelIp): boolean {
  return family === 4 ? within(bits, 0xen, 32, 4) : within(bits, 0xffn, 128, 8);
}

function isLinkLocalMulticast({ bits, family }: CelIp): boolean {
  if (family === 4) return within(bits, 0xe00000n, 32, 24);
  return within(bits, 0xffn, 128, 8) && ((bits >> 112n) & 0xfn) === 2n;
}

function isLinkLocalUnicast({ bits, family }: CelIp): boolean {
  return family === 4 ? within(bits, 0xa9fen, 32, 16) : within(bits, 0x3fan, 128, 10);
}

function isGlobalUnicast(ip: CelIp): boolean {
  const { bits, family } = ip;
  if (bits === 0n || (family === 4 && bits === 0xffff_ffffn)) return false;
  return !isLoopback(ip) && !isMulticast(ip) && !isLinkLocalUnicast(ip);
}

const IP = 'net.IP';
const CIDR = 'net.CIDR';

export const NET_FUNCTIONS: FunctionTable = new Map([
  ['ip', declared([`ip(string): ${IP}`], ([text]) => readIp(text))],
  ['isIP', declared(['isIP(string): bool'], ([text]) => parseIp(asText(text)) !== null)],
  ['ip.isCanonical', declared(['IpNamespace.isCanonical(string): bool'], ([text]) => formatIp(readIp(text)) === text)],
  ['.family', declared([`${IP}.family(): int`], ([ip]) => BigInt(ipOf(ip).family))],
  ['.isUnspecified', declared([`${IP}.isUnspecified(): bool`], ([ip]) => ipOf(ip).bits === 0n)],
  ['.isLoopback', declared([`${IP}.isLoopback(): bool`], ([ip]) => isLoopback(ipOf(ip)))],
  ['.isLinkLocalMulticast', declared([`${IP}.isLinkLocalMulticast(): bool`], ([ip]) => isLinkLocalMulticast(ipOf(ip)))],
  ['.isLinkLocalUnicast', declared([`${IP}.isLinkLocalUnicast(): bool`], ([ip]) => isLinkLocalUnicast(ipOf(ip)))],
  ['.isGlobalUnicast', declared([`${IP}.isGlobalUnicast(): bool`], ([ip]) => isGlobalUnicast(ipOf(ip)))],
  ['cidr', declared([`cidr(string): ${CIDR}`], ([text]) => readCidr(text))],
  ['isCIDR', declared(['isCIDR(string): bool'], ([text]) => parseCidr(asText(text)) !== null)],
  [
    '.containsIP',
    declared([`${CIDR}.containsIP(string): bool`, `${CIDR}.containsIP(${IP}): bool`], ([cidr, ip]) =>
      containsIp(cidrOf(cidr), typeof ip === 'string' ? readIp(ip) : ipOf(ip)),
    ),
  ],
  [
    '.containsCIDR',
    declared([`${CIDR}.containsCIDR(string): bool`, `${CIDR}.containsCIDR(${CIDR}): bool`], ([cidr, other]) => {
      const outer = cidrOf(cidr);
      const inner = typeof other === 'string' ? readCidr(other) : cidrOf(other);
      return outer.length <= inner.length && containsIp(outer, inner.ip);
    }),
  ],
  ['.ip', declared([`${CIDR}.ip(): ${IP}`], ([cidr]) => cidrOf(cidr).ip)],
  ['.prefixLength', declared([`${CIDR}.prefixLength(): int`], ([cidr]) => BigInt(cidrOf(cidr).length))],
  ['.masked', declared([`${CIDR}.masked(): ${CIDR}`], ([cidr]) => masked(cidrOf(cidr)))],
]);

/** The text of an address or network, for `string()`; undefined for any other value. */
export function netText(value: CelValue): string | undefined {
  if (value instanceof CelIp) return formatIp(value);
  return value instanceof CelCidr ? `${formatIp(value.ip)}/${value.length}` : undefined;
}

/** Declarations of `string()` for them. */
export const NET_TEXT_DECLARATIONS = [`string(${IP}): string`, `string(${CIDR}): string`];
