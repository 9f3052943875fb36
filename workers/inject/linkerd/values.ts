/**
 * The values of ConfigMap linkerd-config, read once per revision into the shape the injection needs. Types are Go's: a number where
 * Linkerd has a string is an error there (every pod denied) and here (the revision does not load).
 */

import { formatValue } from '../../template/printf.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../template/value.ts';
import type { CompileProblem } from '../provider.ts';

export interface EnvVar extends JsonObject {
  name: string;
  value?: string;
  valueFrom?: JsonObject;
}

export interface SaMount {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly: boolean;
}

/** What annotations can change, flat, so that a request's copy is one shallow spread. */
export interface ProxyValues {
  imageName: string;
  imageVersion: string;
  imagePullPolicy: string;
  adminPort: number;
  controlPort: number;
  inboundPort: number;
  outboundPort: number;
  enableExternalProfiles: boolean;
  enableShutdownEndpoint: boolean;
  logLevel: string;
  logFormat: string;
  logHTTPHeaders: string;
  cpuRequest: string;
  cpuLimit: string;
  memoryRequest: string;
  memoryLimit: string;
  ephemeralStorageRequest: string;
  ephemeralStorageLimit: string;
  uid: bigint;
  gid: bigint;
  capabilitiesAdd: readonly string[];
  capabilitiesDrop: readonly string[];
  hasCapabilities: boolean;
  saMount: SaMount | null;
  waitBeforeExitSeconds: bigint;
  isGateway: boolean;
  isIngress: boolean;
  requireIdentityOnInboundPorts: string;
  outboundConnectTimeout: string;
  inboundConnectTimeout: string;
  outboundDiscoveryCacheUnusedTimeout: string;
  inboundDiscoveryCacheUnusedTimeout: string;
  disableOutboundProtocolDetectTimeout: boolean;
  disableInboundProtocolDetectTimeout: boolean;
  opaquePorts: string;
  await: boolean;
  defaultInboundPolicy: string;
  accessLog: string;
  shutdownGracePeriod: string;
  nativeSidecar: boolean;
  hostnameLabels: boolean;
  cores: bigint;
  workersMinimum: bigint;
  workersMaximum: bigint;
  workersMaximumCPURatio: number;
  /** Whether the values have proxy.runtime.workers with anything in it, or an annotation has set it. */
  additionalEnv: readonly EnvVar[];
  traceLabels: Readonly<Record<string, string>>;
  // proxyInit and the debug container, as far as annotations reach.
  ignoreInboundPorts: string;
  ignoreOutboundPorts: string;
  skipSubnets: string;
  closeWaitTimeoutSecs: bigint;
  debugImageName: string;
  debugImageVersion: string;
  debugImagePullPolicy: string;
}

interface Probe {
  readonly initialDelaySeconds: number;
  readonly timeoutSeconds: number;
}

export interface Tracing {
  readonly enabled: boolean;
  readonly protocol: string;
  readonly traceServiceName: string;
  readonly endpoint: string;
  readonly serviceAccountName: string;
  readonly namespace: string;
}

export interface LinkerdValues {
  readonly linkerdVersion: string;
  readonly imagePullPolicy: string;
  readonly clusterDomain: string;
  readonly clusterNetworks: string;
  readonly cniEnabled: boolean;
  readonly disableIPv6: boolean;
  readonly trustDomain: string;
  readonly tokenProjection: boolean;
  readonly proxy: Readonly<ProxyValues>;
  readonly experimentalEnv: readonly EnvVar[];
  /** `LINKERD2_PROXY_{INBOUND,OUTBOUND}_…` of proxy.inbound and proxy.outbound, in their order. */
  readonly parameterEnv: readonly EnvVar[];
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly startupProbe: {
    readonly initialDelaySeconds: number;
    readonly periodSeconds: number;
    readonly failureThreshold: number;
  };
  readonly streams: { readonly initialTimeout: string; readonly idleTimeout: string; readonly lifetime: string };
  readonly securityContext: JsonObject | null;
  /** null: the values have no proxy.tracing. */
  readonly tracing: Tracing | null;
  readonly init: {
    readonly iptablesMode: string;
    readonly logFormat: string;
    readonly logLevel: string;
    readonly privileged: boolean;
    readonly runAsRoot: boolean;
    readonly runAsUser: bigint;
    readonly runAsGroup: bigint;
    /** Of the values themselves; only where the proxy has none (its own are handed down). */
    readonly capabilitiesAdd: readonly string[];
    readonly capabilitiesDrop: readonly string[];
    readonly xtMount: { readonly name: string; readonly mountPath: string };
  };
  readonly validator: {
    readonly logFormat: string;
    readonly logLevel: string;
    readonly connectAddr: string;
    readonly listenAddr: string;
    readonly timeout: string;
    readonly securityContext: JsonObject | null;
  };
}

type ProblemSink = (path: string, message: string) => void;

/** One YAML mapping with the types Go would insist on; missing members are Go's zero values. */
class Section {
  readonly #path: string;
  readonly #data: JsonObject;
  readonly #problem: ProblemSink;

  constructor(path: string, data: JsonValue | undefined, problem: ProblemSink) {
    this.#path = path;
    this.#problem = problem;
    const absent = data === undefined || data === null;
    if (!absent && (typeof data !== 'object' || Array.isArray(data))) problem(path, 'is not a mapping');
    this.#data = !absent && typeof data === 'object' && !Array.isArray(data) ? data : {};
  }

  #get(key: string): JsonValue {
    return Object.hasOwn(this.#data, key) ? (this.#data[key] ?? null) : null;
  }

  #wrong(key: string, wanted: string): void {
    this.#problem(this.#path === '' ? key : `${this.#path}.${key}`, `is not ${wanted}`);
  }

  has(key: string): boolean {
    return this.#get(key) !== null;
  }

  section(key: string): Section {
    return new Section(this.#path === '' ? key : `${this.#path}.${key}`, this.#get(key), this.#problem);
  }

  string(key: string): string {
    const value = this.#get(key);
    if (typeof value === 'string') return value;
    if (value !== null) this.#wrong(key, 'a string');
    return '';
  }

  boolean(key: string): boolean {
    const value = this.#get(key);
    if (typeof value === 'boolean') return value;
    if (value !== null) this.#wrong(key, 'true or false');
    return false;
  }

  integer(key: string): bigint {
    const value = this.#get(key);
    if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
    if (value !== null) this.#wrong(key, 'an integer');
    return 0n;
  }

  number(key: string): number {
    const value = this.#get(key);
    if (typeof value === 'number') return value;
    if (value !== null) this.#wrong(key, 'a number');
    return 0;
  }

  int32(key: string): number {
    return Number(this.integer(key));
  }

  strings(key: string): string[] {
    const value = this.#get(key);
    if (Array.isArray(value) && value.every((item): item is string => typeof item === 'string')) return value;
    if (value !== null) this.#wrong(key, 'a list of strings');
    return [];
  }

  /** A mapping that goes into the pod as it is; null when absent or empty (an empty one is false in a template). */
  mapping(key: string): JsonObject | null {
    const value = this.#get(key);
    if (value === null) return null;
    if (typeof value === 'object' && !Array.isArray(value)) return Object.keys(value).length === 0 ? null : value;
    this.#wrong(key, 'a mapping');
    return null;
  }

  env(key: string): EnvVar[] {
    const value = this.#get(key);
    if (value === null) return [];
    const list = decodeEnv(value);
    if (list === undefined) this.#wrong(key, 'a list of environment variables');
    return list ?? [];
  }
}

/** A list of corev1.EnvVar; undefined when it is something else. */
export function decodeEnv(value: JsonValue): EnvVar[] | undefined {
  if (!Array.isArray(value)) return value === null ? [] : undefined;
  const list: EnvVar[] = [];
  for (const item of value) {
    if (item === null) {
      list.push({ name: '' });
      continue;
    }
    if (typeof item !== 'object' || Array.isArray(item)) return undefined;
    const name = item['name'] ?? '';
    const text = item['value'] ?? '';
    const from = item['valueFrom'] ?? null;
    if (typeof name !== 'string' || typeof text !== 'string') return undefined;
    if (from !== null && (typeof from !== 'object' || Array.isArray(from))) return undefined;
    list.push({ name, ...(text === '' ? {} : { value: text }), ...(from === null ? {} : { valueFrom: from }) });
  }
  return list;
}

/** Reads the values; every problem is reported through `problem` with code LINKERD_VALUES_TYPE or LINKERD_VALUES_MISSING. */
export function readValues(values: JsonValue, problems: CompileProblem[]): LinkerdValues {
  const problem: ProblemSink = (path, message) => {
    problems.push({
      code: 'LINKERD_VALUES_TYPE',
      field: 'values',
      message: path === '' ? `the text ${message}` : `${path} ${message}`,
    });
  };
  const top = new Section('', values, problem);
  const proxy = top.section('proxy');
  const init = top.section('proxyInit');
  const validator = top.section('networkValidator');
  for (const [section, path, keys] of [
    [top, '', ['proxy', 'proxyInit', 'identity']],
    [proxy, 'proxy.', ['image', 'ports', 'resources', 'livenessProbe', 'readinessProbe']],
  ] as const) {
    for (const key of keys) {
      if (!section.has(key))
        problems.push({ code: 'LINKERD_VALUES_MISSING', field: 'values', message: `${path}${key} is missing` });
    }
  }
  const clusterDomain = top.string('clusterDomain');
  const probe = (section: Section): Probe => ({
    initialDelaySeconds: section.int32('initialDelaySeconds'),
    timeoutSeconds: section.int32('timeoutSeconds'),
  });
  const startup = proxy.section('startupProbe');
  const streams = proxy.section('control').section('streams');
  const tracing = proxy.section('tracing');
  const collector = tracing.section('collector');
  const identity = collector.section('meshIdentity');
  const xtMount = init.section('xtMountPath');
  return {
    linkerdVersion: top.string('linkerdVersion'),
    imagePullPolicy: top.string('imagePullPolicy'),
    clusterDomain,
    clusterNetworks: top.string('clusterNetworks'),
    cniEnabled: top.boolean('cniEnabled'),
    disableIPv6: top.boolean('disableIPv6'),
    trustDomain: top.string('identityTrustDomain') || clusterDomain,
    tokenProjection: top.section('identity').boolean('serviceAccountTokenProjection'),
    proxy: readProxy(proxy, init, top.section('debugContainer').section('image')),
    experimentalEnv: proxy.env('experimentalEnv'),
    parameterEnv: [
      ...parameters('INBOUND', proxy.mapping('inbound')),
      ...parameters('OUTBOUND', proxy.mapping('outbound')),
    ],
    livenessProbe: probe(proxy.section('livenessProbe')),
    readinessProbe: probe(proxy.section('readinessProbe')),
    startupProbe: {
      initialDelaySeconds: startup.int32('initialDelaySeconds'),
      periodSeconds: startup.int32('periodSeconds'),
      failureThreshold: startup.int32('failureThreshold'),
    },
    streams: {
      initialTimeout: streams.string('initialTimeout'),
      idleTimeout: streams.string('idleTimeout'),
      lifetime: streams.string('lifetime'),
    },
    securityContext: proxy.mapping('securityContext'),
    tracing: proxy.has('tracing')
      ? {
          enabled: tracing.boolean('enabled'),
          protocol: tracing.string('protocol'),
          traceServiceName: tracing.string('traceServiceName'),
          endpoint: collector.string('endpoint'),
          serviceAccountName: identity.string('serviceAccountName'),
          namespace: identity.string('namespace'),
        }
      : null,
    init: {
      iptablesMode: init.string('iptablesMode'),
      logFormat: init.string('logFormat'),
      logLevel: init.string('logLevel'),
      privileged: init.boolean('privileged'),
      runAsRoot: init.boolean('runAsRoot'),
      runAsUser: init.integer('runAsUser'),
      runAsGroup: init.integer('runAsGroup'),
      capabilitiesAdd: init.section('capabilities').strings('add'),
      capabilitiesDrop: init.section('capabilities').strings('drop'),
      xtMount: { name: xtMount.string('name'), mountPath: xtMount.string('mountPath') },
    },
    validator: {
      logFormat: validator.string('logFormat'),
      logLevel: validator.string('logLevel'),
      connectAddr: validator.string('connectAddr'),
      listenAddr: validator.string('listenAddr'),
      timeout: validator.string('timeout'),
      securityContext: validator.mapping('securityContext'),
    },
  };
}

function readProxy(proxy: Section, init: Section, debug: Section): ProxyValues {
  const image = proxy.section('image');
  const ports = proxy.section('ports');
  const resources = proxy.section('resources');
  const [cpu, memory, storage] = [
    resources.section('cpu'),
    resources.section('memory'),
    resources.section('ephemeral-storage'),
  ];
  const capabilities = proxy.section('capabilities');
  const workers = proxy.section('runtime').section('workers');
  const saMount = proxy.section('saMountPath');
  const labels = proxy.section('tracing').mapping('labels') ?? {};
  return {
    imageName: image.string('name'),
    imageVersion: image.string('version'),
    imagePullPolicy: image.string('pullPolicy'),
    adminPort: ports.int32('admin'),
    controlPort: ports.int32('control'),
    inboundPort: ports.int32('inbound'),
    outboundPort: ports.int32('outbound'),
    enableExternalProfiles: proxy.boolean('enableExternalProfiles'),
    enableShutdownEndpoint: proxy.boolean('enableShutdownEndpoint'),
    logLevel: proxy.string('logLevel'),
    logFormat: proxy.string('logFormat'),
    logHTTPHeaders: proxy.string('logHTTPHeaders'),
    cpuRequest: cpu.string('request'),
    cpuLimit: cpu.string('limit'),
    memoryRequest: memory.string('request'),
    memoryLimit: memory.string('limit'),
    ephemeralStorageRequest: storage.string('request'),
    ephemeralStorageLimit: storage.string('limit'),
    uid: proxy.integer('uid'),
    gid: proxy.integer('gid'),
    capabilitiesAdd: capabilities.strings('add'),
    capabilitiesDrop: capabilities.strings('drop'),
    hasCapabilities: proxy.has('capabilities'),
    saMount: proxy.has('saMountPath')
      ? { name: saMount.string('name'), mountPath: saMount.string('mountPath'), readOnly: saMount.boolean('readOnly') }
      : null,
    waitBeforeExitSeconds: proxy.integer('waitBeforeExitSeconds'),
    isGateway: proxy.boolean('isGateway'),
    isIngress: proxy.boolean('isIngress'),
    requireIdentityOnInboundPorts: proxy.string('requireIdentityOnInboundPorts'),
    outboundConnectTimeout: proxy.string('outboundConnectTimeout'),
    inboundConnectTimeout: proxy.string('inboundConnectTimeout'),
    outboundDiscoveryCacheUnusedTimeout: proxy.string('outboundDiscoveryCacheUnusedTimeout'),
    inboundDiscoveryCacheUnusedTimeout: proxy.string('inboundDiscoveryCacheUnusedTimeout'),
    disableOutboundProtocolDetectTimeout: proxy.boolean('disableOutboundProtocolDetectTimeout'),
    disableInboundProtocolDetectTimeout: proxy.boolean('disableInboundProtocolDetectTimeout'),
    opaquePorts: proxy.string('opaquePorts'),
    await: proxy.boolean('await'),
    defaultInboundPolicy: proxy.string('defaultInboundPolicy'),
    accessLog: proxy.string('accessLog'),
    shutdownGracePeriod: proxy.string('shutdownGracePeriod'),
    nativeSidecar: proxy.boolean('nativeSidecar'),
    hostnameLabels: proxy.section('metrics').boolean('hostnameLabels'),
    cores: proxy.integer('cores'),
    workersMinimum: workers.integer('minimum'),
    workersMaximum: workers.integer('maximum'),
    workersMaximumCPURatio: workers.number('maximumCPURatio'),
    additionalEnv: proxy.env('additionalEnv'),
    traceLabels: Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, formatValue(value)])),
    ignoreInboundPorts: init.string('ignoreInboundPorts'),
    ignoreOutboundPorts: init.string('ignoreOutboundPorts'),
    skipSubnets: init.string('skipSubnets'),
    closeWaitTimeoutSecs: init.integer('closeWaitTimeoutSecs'),
    debugImageName: debug.string('name'),
    debugImageVersion: debug.string('version'),
    debugImagePullPolicy: debug.string('pullPolicy'),
  };
}

/** `keepAliveInterval` → `KEEP_ALIVE_INTERVAL`; a digit stays with the letters before it: `http2` → `HTTP2`. */
function environmentName(key: string): string {
  return key
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .replaceAll(/[-\s]+/g, '_')
    .toUpperCase();
}

function sortedEntries(mapping: JsonObject): [string, JsonValue][] {
  return Object.entries(mapping).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** proxy.inbound or proxy.outbound: scope → protocol → parameter → value, in the order of their names. */
function parameters(direction: string, scopes: JsonObject | null): EnvVar[] {
  const list: EnvVar[] = [];
  for (const [scope, protocols] of sortedEntries(scopes ?? {})) {
    if (!isJsonObject(protocols)) continue;
    for (const [protocol, settings] of sortedEntries(protocols)) {
      if (!isJsonObject(settings)) continue;
      for (const [name, value] of sortedEntries(settings)) {
        const key = [direction, scope, protocol, name].map(environmentName).join('_');
        list.push({ name: `LINKERD2_PROXY_${key}`, ...(value === null ? {} : { value: formatValue(value) }) });
      }
    }
  }
  return list;
}
