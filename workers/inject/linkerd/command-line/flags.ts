/**
 * The flags of `linkerd inject` that set something of the proxy (cli/cmd/options.go), by their names there. Each changes the values as if they
 * had been installed so; overrides.ts tells which annotations that comes to.
 */
import { parseQuantity, QuantityError, wholeValue } from '../../../kube/quantity.ts';
import type { LinkerdValues, ProxyValues } from '../values.ts';

/** A flag with a value that it can not have. */
export class FlagError extends Error {
  override readonly name = 'FlagError';
  readonly code = 'FLAG_INVALID';
}

type Values = LinkerdValues & { readonly proxy: ProxyValues };

export interface ProxyFlag {
  readonly name: string;
  readonly short?: string;
  /** What stands for the value in the help; null for a switch, which may be given `=false`. */
  readonly value: string | null;
  readonly description: string;
  /** What to use instead, where Linkerd says so on standard error. */
  readonly deprecated?: string;
  /** The values with it set. Throws FlagError. */
  readonly apply: (values: Values, text: string) => Values;
}

const MAX_INT64 = 2n ** 63n - 1n;
const MAX_PORT = 65_535;

function proxyFlag(
  name: string,
  value: string | null,
  description: string,
  read: (text: string, proxy: ProxyValues) => Partial<ProxyValues>,
): ProxyFlag {
  const apply = (values: Values, text: string): Values => {
    try {
      return { ...values, proxy: { ...values.proxy, ...read(text, values.proxy) } };
    } catch (error) {
      if (error instanceof FlagError) throw new FlagError(`--${name} ${error.message}`);
      throw error;
    }
  };
  return { name, value, description, apply };
}

function integer(text: string, least: bigint, most: bigint): bigint {
  const value = /^[+-]?\d{1,19}$/.test(text) ? BigInt(text.replace('+', '')) : undefined;
  if (value === undefined || value < least || value > most) throw new FlagError(`is no such number: ${text}`);
  return value;
}

function port(text: string): number {
  return Number(integer(text, 0n, BigInt(MAX_PORT)));
}

function id(text: string): bigint {
  return integer(text, -MAX_INT64 - 1n, MAX_INT64);
}

function boolean(text: string): boolean {
  if (text === 'true') return true;
  if (text === 'false') return false;
  throw new FlagError(`is true or false, not ${text}`);
}

/** Threads for an amount of CPU, which is rounded up. */
function cores(text: string): bigint {
  try {
    return wholeValue(parseQuantity(text));
  } catch (error) {
    if (error instanceof QuantityError) throw new FlagError(`is no quantity: ${text}`);
    throw error;
  }
}

/** `image` under another registry: the path's last part counts. */
function underRegistry(image: string, registry: string): string {
  if (image === '') return image;
  const name = image.slice(image.lastIndexOf('/') + 1);
  const host = registry.replace(/\/$/, '');
  return host === '' ? name : `${host}/${name}`;
}

export const PROXY_FLAGS: readonly ProxyFlag[] = [
  proxyFlag('proxy-image', '<name>', "the proxy's image", (text) => ({ imageName: text })),
  {
    name: 'image-pull-policy',
    value: '<policy>',
    description: 'Always, IfNotPresent or Never',
    apply: (values, text) => ({
      ...values,
      imagePullPolicy: text,
      proxy: { ...values.proxy, imagePullPolicy: text, debugImagePullPolicy: text },
    }),
  },
  proxyFlag('inbound-port', '<port>', 'port for inbound traffic', (text) => ({ inboundPort: port(text) })),
  proxyFlag('outbound-port', '<port>', 'port for outbound traffic', (text) => ({ outboundPort: port(text) })),
  proxyFlag('skip-inbound-ports', '<ports>', 'ports and ranges that bypass the proxy', (text) => ({
    ignoreInboundPorts: text,
  })),
  proxyFlag('skip-outbound-ports', '<ports>', 'outbound ports and ranges that bypass the proxy', (text) => ({
    ignoreOutboundPorts: text,
  })),
  proxyFlag('proxy-uid', '<id>', 'user of the proxy', (text) => ({ uid: id(text) })),
  proxyFlag('proxy-gid', '<id>', 'group of the proxy', (text) => ({ gid: id(text) })),
  proxyFlag('proxy-log-level', '<filter>', 'what the proxy logs', (text) => ({ logLevel: text })),
  proxyFlag('control-port', '<port>', "the proxy's control port", (text) => ({ controlPort: port(text) })),
  proxyFlag('admin-port', '<port>', 'port for metrics', (text) => ({ adminPort: port(text) })),
  proxyFlag('proxy-cpu-request', '<quantity>', 'CPU that the proxy requests', (text) => ({
    cpuRequest: text,
    workersMinimum: cores(text),
  })),
  proxyFlag('proxy-cpu-limit', '<quantity>', 'CPU that the proxy may use', (text) => ({
    cpuLimit: text,
    workersMaximum: cores(text),
  })),
  proxyFlag('proxy-memory-request', '<quantity>', 'memory that the proxy requests', (text) => ({
    memoryRequest: text,
  })),
  proxyFlag('proxy-memory-limit', '<quantity>', 'memory that the proxy may use', (text) => ({ memoryLimit: text })),
  proxyFlag('enable-external-profiles', null, 'profiles for services outside Kubernetes', (text) => ({
    enableExternalProfiles: boolean(text),
  })),
  proxyFlag('default-inbound-policy', '<policy>', 'policy for inbound traffic that no other covers', (text) => ({
    defaultInboundPolicy: text,
  })),
  {
    ...proxyFlag('proxy-memory', '<quantity>', 'the same as --proxy-memory-request', (text) => ({
      memoryRequest: text,
    })),
    deprecated: 'use --proxy-memory-request instead',
  },
  {
    ...proxyFlag('proxy-cpu', '<quantity>', 'CPU that the proxy requests, without threads of its own', (text) => ({
      cpuRequest: text,
    })),
    deprecated: 'use --proxy-cpu-request instead',
  },
  {
    deprecated: 'use --set proxy.image.version=<version>',
    ...proxyFlag('proxy-version', '<tag>', "tag of the proxy's image", (text) => ({ imageVersion: text })),
    short: 'v',
  },
  proxyFlag('registry', '<host>', 'registry of the images', (text, proxy) => ({
    debugImageName: underRegistry(proxy.debugImageName, text),
    imageName: underRegistry(proxy.imageName, text),
    initImageName: underRegistry(proxy.initImageName, text),
  })),
  proxyFlag('native-sidecar', null, 'a native sidecar, or with =false none', (text) => ({
    nativeSidecar: boolean(text),
  })),
  proxyFlag('wait-before-exit-seconds', '<seconds>', 'how long the proxy stays when its pod ends', (text) => ({
    waitBeforeExitSeconds: integer(text, 0n, MAX_INT64),
  })),
  proxyFlag('require-identity-on-inbound-ports', '<ports>', 'ports on which clients need an identity', (text) => ({
    requireIdentityOnInboundPorts: text,
  })),
  proxyFlag('ingress', null, 'ingress mode', (text) => ({ isIngress: boolean(text) })),
  proxyFlag('opaque-ports', '<ports>', 'ports whose protocol is not looked at', (text) => ({ opaquePorts: text })),
];

/** What Linkerd says of deprecated flags that are given, a line each. */
export function deprecations(given: ReadonlyMap<string, string>): string {
  return PROXY_FLAGS.filter(({ name, deprecated }) => deprecated !== undefined && given.has(name))
    .map(({ name, deprecated }) => `Flag --${name} has been deprecated, ${deprecated}\n`)
    .join('');
}

/** The values with flags set, in the order of the table. Throws FlagError. */
export function applyFlags(values: LinkerdValues, given: ReadonlyMap<string, string>): LinkerdValues {
  let changed: Values = { ...values, proxy: { ...values.proxy } };
  for (const { name, apply } of PROXY_FLAGS) {
    const text = given.get(name);
    if (text !== undefined) changed = apply(changed, text);
  }
  return changed;
}
