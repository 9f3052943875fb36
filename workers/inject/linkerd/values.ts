/**
 * The values of ConfigMap linkerd-config, read once per revision into the shape the injection needs. Types are Go's: a string where
 * Linkerd has a number is an error there (every pod denied) and here (the revision does not load); but numbers and booleans become text
 * where text is wanted, as sigs.k8s.io/yaml reads them. What a release does not know is as if it were not there.
 */

import { formatValue } from '../../template/printf.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../template/value.ts';
import type { CompileProblem } from '../provider.ts';
import type { EnvVar } from './env-var.ts';
import type { Features } from './features.ts';
import type { Profile } from './profile.ts';
import { type ProblemSink, Section } from './values-section.ts';

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
  /** In place of the pod's own inbound ports, where an annotation says so. */
  inboundPorts: string | null;
  /** Whether the values have proxy.runtime.workers with anything in it, or an annotation has set it. */
  additionalEnv: readonly EnvVar[];
  traceLabels: Readonly<Record<string, string>>;
  // proxyInit and the debug container, as far as annotations reach.
  ignoreInboundPorts: string;
  ignoreOutboundPorts: string;
  skipSubnets: string;
  closeWaitTimeoutSecs: bigint;
  /** Of linkerd-init, where it has an image of its own. */
  initImageName: string;
  initImageVersion: string;
  initImagePullPolicy: string;
  debugImageName: string;
  debugImageVersion: string;
  debugImagePullPolicy: string;
}

export interface Probe {
  readonly initialDelaySeconds: number;
  /** Absent in releases that do not set it. */
  readonly timeoutSeconds?: number;
}

/** Amounts as they are written; '' for none. */
export interface Resources {
  readonly cpuRequest: string;
  readonly cpuLimit: string;
  readonly memoryRequest: string;
  readonly memoryLimit: string;
  readonly ephemeralStorageRequest: string;
  readonly ephemeralStorageLimit: string;
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
  /** What the release makes of them. */
  readonly profile: Profile;
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
  /** null: the values have none. */
  readonly startupProbe: {
    readonly initialDelaySeconds: number;
    readonly periodSeconds: number;
    readonly failureThreshold: number;
  } | null;
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
    /** null: the values have none. */
    readonly xtMount: { readonly name: string; readonly mountPath: string } | null;
    /** null: the proxy's. */
    readonly resources: Resources | null;
  };
  readonly validator: {
    readonly logFormat: string;
    readonly logLevel: string;
    readonly connectAddr: string;
    readonly listenAddr: string;
    readonly timeout: string;
    /** false: the container has none at all. */
    readonly hasSecurityContext: boolean;
    readonly securityContext: JsonObject | null;
  };
}

/** `linkerdVersion` of values that may be anything; '' for none. */
export function linkerdVersionOf(values: JsonValue): string {
  return new Section('', values, () => {}).string('linkerdVersion');
}

/** Reads the values for a release; every problem is added with code LINKERD_VALUES_TYPE or LINKERD_VALUES_MISSING. */
export function readValues(values: JsonValue, profile: Profile, problems: CompileProblem[]): LinkerdValues {
  const { features } = profile;
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
    [proxy, 'proxy.', ['image', 'ports', 'resources']],
  ] as const) {
    for (const key of keys) {
      if (!section.has(key))
        problems.push({ code: 'LINKERD_VALUES_MISSING', field: 'values', message: `${path}${key} is missing` });
    }
  }
  const clusterDomain = top.string('clusterDomain');
  const probe = (section: Section, delay: number): Probe =>
    features.probeSettings
      ? {
          initialDelaySeconds: section.int32('initialDelaySeconds'),
          timeoutSeconds: section.int32('timeoutSeconds'),
        }
      : { initialDelaySeconds: delay };
  const startup = proxy.section('startupProbe');
  const streams = proxy.section('control').section('streams');
  const tracing = proxy.section('tracing');
  const collector = tracing.section('collector');
  const identity = collector.section('meshIdentity');
  const xtMount = init.section('xtMountPath');
  return {
    profile,
    linkerdVersion: top.string('linkerdVersion'),
    imagePullPolicy: top.string('imagePullPolicy'),
    clusterDomain,
    clusterNetworks: top.string('clusterNetworks'),
    cniEnabled: top.boolean('cniEnabled'),
    disableIPv6: top.boolean('disableIPv6'),
    trustDomain: top.string('identityTrustDomain') || clusterDomain,
    tokenProjection: top.section('identity').boolean('serviceAccountTokenProjection'),
    proxy: readProxy(proxy, init, top.section('debugContainer').section('image'), features),
    experimentalEnv: features.experimentalEnv ? proxy.env('experimentalEnv') : [],
    parameterEnv: [
      ...parameters('INBOUND', proxy.mapping('inbound')),
      ...parameters('OUTBOUND', proxy.mapping('outbound')),
    ],
    livenessProbe: probe(proxy.section('livenessProbe'), LIVENESS_DELAY),
    readinessProbe: probe(proxy.section('readinessProbe'), READINESS_DELAY),
    startupProbe: proxy.has('startupProbe')
      ? {
          initialDelaySeconds: startup.int32('initialDelaySeconds'),
          periodSeconds: startup.int32('periodSeconds'),
          failureThreshold: startup.int32('failureThreshold'),
        }
      : null,
    streams: {
      initialTimeout: streams.string('initialTimeout'),
      idleTimeout: streams.string('idleTimeout'),
      lifetime: streams.string('lifetime'),
    },
    securityContext: features.ownSecurityContexts ? proxy.mapping('securityContext') : null,
    tracing:
      features.tracing && proxy.has('tracing')
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
      xtMount: init.has('xtMountPath')
        ? { name: xtMount.string('name'), mountPath: xtMount.string('mountPath') }
        : null,
      resources: features.initFollowsProxyResources ? null : readResources(init.section('resources')),
    },
    validator: {
      logFormat: validator.string('logFormat'),
      logLevel: validator.string('logLevel'),
      connectAddr: validator.string('connectAddr'),
      listenAddr: validator.string('listenAddr'),
      timeout: validator.string('timeout'),
      hasSecurityContext: features.ownSecurityContexts || validator.boolean('enableSecurityContext'),
      securityContext: features.ownSecurityContexts ? validator.mapping('securityContext') : null,
    },
  };
}

/** Delays of probes that the values do not set, in seconds. */
const LIVENESS_DELAY = 10;
const READINESS_DELAY = 2;

function readResources(resources: Section): Resources {
  const [cpu, memory, storage] = [
    resources.section('cpu'),
    resources.section('memory'),
    resources.section('ephemeral-storage'),
  ];
  return {
    cpuRequest: cpu.string('request'),
    cpuLimit: cpu.string('limit'),
    memoryRequest: memory.string('request'),
    memoryLimit: memory.string('limit'),
    ephemeralStorageRequest: storage.string('request'),
    ephemeralStorageLimit: storage.string('limit'),
  };
}

function readProxy(proxy: Section, init: Section, debug: Section, features: Features): ProxyValues {
  const image = proxy.section('image');
  const ports = proxy.section('ports');
  const initImage = features.initImageOfProxy ? new Section('', null, () => {}) : init.section('image');
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
    ...readResources(proxy.section('resources')),
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
    nativeSidecar: features.nativeSidecars && proxy.boolean('nativeSidecar'),
    hostnameLabels: proxy.section('metrics').boolean('hostnameLabels'),
    cores: proxy.integer('cores'),
    workersMinimum: workers.integer('minimum'),
    workersMaximum: workers.integer('maximum'),
    workersMaximumCPURatio: workers.number('maximumCPURatio'),
    inboundPorts: null,
    additionalEnv: features.additionalEnv ? proxy.env('additionalEnv') : [],
    traceLabels: Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, formatValue(value)])),
    ignoreInboundPorts: init.string('ignoreInboundPorts'),
    ignoreOutboundPorts: init.string('ignoreOutboundPorts'),
    skipSubnets: init.string('skipSubnets'),
    closeWaitTimeoutSecs: init.integer('closeWaitTimeoutSecs'),
    initImageName: initImage.string('name'),
    initImageVersion: initImage.string('version'),
    initImagePullPolicy: initImage.string('pullPolicy'),
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
