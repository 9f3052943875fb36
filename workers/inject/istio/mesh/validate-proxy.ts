/**
 * What Istio demands of a proxy configuration (ValidateMeshConfigProxyConfig), of a mesh's `defaultConfig` and of the annotation
 * `proxy.istio.io/config` alike.
 */
import { type Features, NEWEST } from '../features.ts';
import { checkAddress, checkAddressOnHost, checkPort } from './address.ts';
import { Checker } from './checker.ts';
import type { ProxyConfig } from './config.ts';
import { nanosOf } from './duration.ts';
import type { MeshProblem } from './mesh-error.ts';

const NANOS_PER_SECOND = 1_000_000_000n;
const MIN_HTTP2_WINDOW = 65535;
const MAX_DRAIN_NANOS = 3_600n * NANOS_PER_SECOND;
/** Numbers of ClientTLSSettings.TLSmode. */
const TLS_SIMPLE = 1;
const TLS_MUTUAL = 2;

/** What a release demands, of its switches. */
export type ProxyDemands = Pick<Features, 'limitDrainDuration' | 'refuseConfigMapCredential'>;

/** Everything wrong with the configuration, code MESH_CONFIG_INVALID; paths begin with `path`. */
export function validateProxyConfig(
  config: ProxyConfig,
  path = '',
  demands: ProxyDemands = NEWEST,
): readonly MeshProblem[] {
  const proxy = new Checker(config, path);
  for (const member of ['configPath', 'binaryPath'] as const) {
    if (proxy.text(member) === '') proxy.report(member, 'must not be empty');
  }
  checkClusterName(proxy);
  checkDrainDuration(proxy, demands);
  checkDiscoveryAddress(proxy);
  const tracing = proxy.within('tracing');
  if (tracing !== undefined) checkTracing(tracing, demands);
  checkCollectors(proxy);
  proxy.report('proxyAdminPort', checkPort(proxy.number('proxyAdminPort')));
  if (![0, 1].includes(proxy.number('controlPlaneAuthPolicy'))) {
    proxy.report('controlPlaneAuthPolicy', 'must be NONE or MUTUAL_TLS');
  }
  proxy.report('statusPort', checkPort(proxy.number('statusPort')));
  const provider = proxy.within('privateKeyProvider');
  if (provider !== undefined) checkPrivateKeyProvider(provider);
  const settings = proxy.within('connectionSettings');
  if (settings !== undefined) checkConnectionSettings(settings);
  return proxy.problems;
}

function checkClusterName(proxy: Checker): void {
  const name = proxy.oneof('ClusterName');
  if (name === undefined) proxy.report('', 'serviceCluster or tracingServiceName must be set');
  else if (name[0] === 'ServiceCluster' && name[1] === '') proxy.report('serviceCluster', 'must not be empty');
}

function checkDrainDuration(proxy: Checker, { limitDrainDuration }: ProxyDemands): void {
  if (!proxy.requireDuration('drainDuration')) return;
  const nanos = nanosOf(proxy.duration('drainDuration'));
  if (nanos % NANOS_PER_SECOND !== 0n) proxy.report('drainDuration', 'must be whole seconds');
  if (limitDrainDuration && nanos > MAX_DRAIN_NANOS) proxy.report('drainDuration', 'must be at most 1h');
}

function checkDiscoveryAddress(proxy: Checker): void {
  const address = proxy.text('discoveryAddress');
  proxy.report('discoveryAddress', address === '' ? 'must not be empty' : checkAddress(address));
}

function checkTracing(tracing: Checker, demands: ProxyDemands): void {
  const lightstep = tracing.choice('Tracer', 'Lightstep');
  if (lightstep !== undefined) {
    lightstep.report('address', checkAddress(lightstep.text('address')));
    if (lightstep.text('accessToken') === '') lightstep.report('accessToken', 'must not be empty');
  }
  for (const member of ['Zipkin', 'Datadog']) {
    const collector = tracing.choice('Tracer', member);
    collector?.report('address', checkAddressOnHost(collector.text('address')));
  }
  const tls = tracing.within('tlsSettings');
  if (tls !== undefined) checkTls(tls, demands);
}

function checkTls(tls: Checker, { refuseConfigMapCredential }: ProxyDemands): void {
  const mode = tls.number('mode');
  const credential = tls.text('credentialName');
  if (refuseConfigMapCredential && credential.startsWith('configmap://')) {
    tls.report('credentialName', 'can not name a ConfigMap, for a mesh has no namespace to look in');
  }
  const hasCa = tls.text('caCertificates') !== '' || tls.texts('subjectAltNames').length > 0;
  if (tls.wrapped('insecureSkipVerify') === true) {
    if ((mode === TLS_SIMPLE && (hasCa || credential !== '')) || (mode === TLS_MUTUAL && hasCa)) {
      tls.report('insecureSkipVerify', 'can not be true where certificates or names to verify are given');
    }
  }
  if ((mode === TLS_SIMPLE || mode === TLS_MUTUAL) && credential !== '') {
    const files = ['clientCertificate', 'caCertificates', 'privateKey', 'caCrl'];
    if (files.some((member) => tls.text(member) !== '')) {
      tls.report('credentialName', 'can not be given beside certificate files');
    }
    return;
  }
  if (mode !== TLS_MUTUAL) return;
  for (const member of ['clientCertificate', 'privateKey']) {
    if (tls.text(member) === '') tls.report(member, 'is needed for mutual TLS');
  }
}

function checkCollectors(proxy: Checker): void {
  for (const member of ['statsdUdpAddress', 'envoyMetricsServiceAddress']) {
    const address = proxy.text(member);
    if (address !== '') proxy.report(member, checkAddress(address));
  }
  for (const member of ['envoyMetricsService', 'envoyAccessLogService']) {
    const service = proxy.within(member);
    const address = service?.text('address') ?? '';
    if (address !== '') service?.report('address', checkAddress(address));
  }
}

function checkPrivateKeyProvider(provider: Checker): void {
  const name = provider.oneof('Provider')?.[0];
  if (name === undefined) {
    provider.report('', 'needs a provider');
    return;
  }
  const settings = provider.choice('Provider', name);
  if (nanosOf(settings?.duration('pollDelay')) === 0n) settings?.report('pollDelay', 'must be set, and not be zero');
}

const NOT_NEGATIVE_SIZES = ['listenerPerConnectionBufferLimitBytes', 'clusterPerConnectionBufferLimitBytes'];
const NOT_NEGATIVE_DURATIONS = [
  'httpIdleTimeout',
  'httpMaxConnectionDuration',
  'httpDrainTimeout',
  'httpRequestTimeout',
  'httpRequestHeadersTimeout',
  'httpStreamIdleTimeout',
  'httpMaxStreamDuration',
];
const POSITIVE_LIMITS = ['httpMaxConcurrentStreams', 'listenerConnectionLimit', 'globalDownstreamConnectionLimit'];
const HTTP2_WINDOWS = ['http2InitialStreamWindowSize', 'http2InitialConnectionWindowSize'];

function checkConnectionSettings(settings: Checker): void {
  const requireAtLeast = (members: readonly string[], minimum: number): void => {
    for (const member of members) {
      const value = settings.wrapped(member);
      if (value !== undefined && Number(value) < minimum) settings.report(member, `must be at least ${minimum}`);
    }
  };
  requireAtLeast(NOT_NEGATIVE_SIZES, 0);
  requireAtLeast(POSITIVE_LIMITS, 1);
  requireAtLeast(HTTP2_WINDOWS, MIN_HTTP2_WINDOW);
  for (const member of NOT_NEGATIVE_DURATIONS) {
    if (nanosOf(settings.duration(member)) < 0n) settings.report(member, 'must not be negative');
  }
}
