/**
 * The environment of linkerd-proxy, in Linkerd's order (charts/partials, `partials.proxy`), as a table: each entry gives its variables or
 * nothing. What differs between releases is a row here, not a branch elsewhere.
 */
import { formatValue } from '../../template/printf.ts';
import type { JsonObject } from '../../template/value.ts';
import type { LinkerdValues, ProxyValues } from './values.ts';

export interface ProxyContext {
  readonly values: LinkerdValues;
  readonly proxy: Readonly<ProxyValues>;
  readonly controlPlaneNamespace: string;
  /** Trimmed PEM text that ends in a line feed. */
  readonly trustAnchors: string;
  readonly podInboundPorts: string;
}

type Entry = (context: ProxyContext) => JsonObject | readonly JsonObject[] | null;

const P = 'LINKERD2_PROXY_';

function fixed(name: string, value: string): Entry {
  const entry = { name, value };
  return () => entry;
}

function field(name: string, fieldPath: string): Entry {
  const entry = { name, valueFrom: { fieldRef: { fieldPath } } };
  return () => entry;
}

function always(name: string, value: (context: ProxyContext) => string): Entry {
  return (context) => ({ name: P + name, value: value(context) });
}

/** Only when the text is not empty. */
function given(name: string, value: (context: ProxyContext) => string): Entry {
  return (context) => {
    const text = value(context);
    return text === '' ? null : { name: P + name, value: text };
  };
}

/** A YAML plain scalar in Linkerd's template: an empty one is null, and so the variable has no value. */
function plain(name: string, value: (context: ProxyContext) => string): Entry {
  return (context) => {
    const text = value(context).trim();
    return text === '' ? { name } : { name, value: text };
  };
}

function service(name: string, port: number, { controlPlaneNamespace, values }: ProxyContext): string {
  return `${name}.${controlPlaneNamespace}.svc.${values.clusterDomain}.:${port}`;
}

function identity(
  account: string,
  { controlPlaneNamespace, values }: ProxyContext,
  namespace = controlPlaneNamespace,
): string {
  return `${account}.${namespace}.serviceaccount.identity.${controlPlaneNamespace}.${values.trustDomain}`;
}

function anyAddress({ values }: ProxyContext, port: number): string {
  return `${values.disableIPv6 ? '0.0.0.0' : '[::]'}:${port}`;
}

function cores({ proxy }: ProxyContext): JsonObject[] | null {
  const pair = (value: string) => [
    { name: `${P}CORES`, value },
    { name: `${P}CORES_MIN`, value },
  ];
  if (proxy.cores !== 0n) return pair(String(proxy.cores));
  const { workersMinimum, workersMaximum, workersMaximumCPURatio } = proxy;
  if (workersMinimum === 0n && workersMaximum === 0n && workersMaximumCPURatio === 0) return null;
  const list: JsonObject[] = pair(workersMinimum === 0n ? '1' : String(workersMinimum));
  if (workersMaximum !== 0n) list.push({ name: `${P}CORES_MAX`, value: String(workersMaximum) });
  if (workersMaximumCPURatio !== 0)
    list.push({ name: `${P}CORES_MAX_RATIO`, value: formatValue(workersMaximumCPURatio) });
  return list;
}

function tracing(context: ProxyContext): JsonObject[] | null {
  const { tracing: settings } = context.values;
  if (settings === null || !settings.enabled) return null;
  const labels = Object.entries(context.proxy.traceLabels)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
  const serviceName = settings.traceServiceName.trim();
  return [
    { name: `${P}TRACE_ATTRIBUTES_PATH`, value: '/var/run/linkerd/podinfo/labels' },
    { name: `${P}TRACE_ANNOTATIONS_PATH`, value: '/var/run/linkerd/podinfo/annotations' },
    { name: `${P}TRACE_PROTOCOL`, value: settings.protocol || 'opentelemetry' },
    { name: `${P}TRACE_SERVICE_NAME`, ...(serviceName === '' ? {} : { value: serviceName }) },
    { name: `${P}TRACE_COLLECTOR_SVC_ADDR`, value: settings.endpoint },
    { name: `${P}TRACE_COLLECTOR_SVC_NAME`, value: identity(settings.serviceAccountName, context, settings.namespace) },
    { name: `${P}TRACE_EXTRA_ATTRIBUTES`, value: labels },
  ];
}

const ENTRIES: readonly Entry[] = [
  field('_pod_name', 'metadata.name'),
  field('_pod_ns', 'metadata.namespace'),
  field('_pod_uid', 'metadata.uid'),
  field('_pod_ip', 'status.podIP'),
  field('_pod_nodeName', 'spec.nodeName'),
  fixed('_pod_containerName', 'linkerd-proxy'),
  cores,
  given('INBOUND_PORTS_REQUIRE_IDENTITY', ({ proxy }) => proxy.requireIdentityOnInboundPorts),
  always('SHUTDOWN_ENDPOINT_ENABLED', ({ proxy }) => String(proxy.enableShutdownEndpoint)),
  // What is in a request's headers stays out of the log unless that was asked for.
  always(
    'LOG',
    ({ proxy }) => proxy.logLevel + (proxy.logHTTPHeaders === 'insecure' ? '' : ',[{headers}]=off,[{request}]=off'),
  ),
  always('LOG_FORMAT', ({ proxy }) => proxy.logFormat),
  always('DESTINATION_SVC_ADDR', (context) => service('linkerd-dst-headless', 8086, context)),
  always('DESTINATION_PROFILE_NETWORKS', ({ values }) => values.clusterNetworks),
  always('POLICY_SVC_ADDR', (context) => service('linkerd-policy', 8090, context)),
  fixed(`${P}POLICY_WORKLOAD`, '{"ns":"$(_pod_ns)", "pod":"$(_pod_name)"}\n'),
  plain(`${P}INBOUND_DEFAULT_POLICY`, ({ proxy }) => proxy.defaultInboundPolicy),
  always('POLICY_CLUSTER_NETWORKS', ({ values }) => values.clusterNetworks),
  always('CONTROL_STREAM_INITIAL_TIMEOUT', ({ values }) => values.streams.initialTimeout),
  always('CONTROL_STREAM_IDLE_TIMEOUT', ({ values }) => values.streams.idleTimeout),
  always('CONTROL_STREAM_LIFETIME', ({ values }) => values.streams.lifetime),
  given('INBOUND_CONNECT_TIMEOUT', ({ proxy }) => proxy.inboundConnectTimeout),
  given('OUTBOUND_CONNECT_TIMEOUT', ({ proxy }) => proxy.outboundConnectTimeout),
  given('OUTBOUND_DISCOVERY_IDLE_TIMEOUT', ({ proxy }) => proxy.outboundDiscoveryCacheUnusedTimeout),
  given('INBOUND_DISCOVERY_IDLE_TIMEOUT', ({ proxy }) => proxy.inboundDiscoveryCacheUnusedTimeout),
  given('OUTBOUND_DETECT_TIMEOUT', ({ proxy }) => (proxy.disableOutboundProtocolDetectTimeout ? '365d' : '')),
  given('INBOUND_DETECT_TIMEOUT', ({ proxy }) => (proxy.disableInboundProtocolDetectTimeout ? '365d' : '')),
  always('CONTROL_LISTEN_ADDR', (context) => anyAddress(context, context.proxy.controlPort)),
  always('ADMIN_LISTEN_ADDR', (context) => anyAddress(context, context.proxy.adminPort)),
  always('OUTBOUND_LISTEN_ADDR', ({ proxy }) => `127.0.0.1:${proxy.outboundPort}`),
  always('OUTBOUND_LISTEN_ADDRS', ({ proxy: { outboundPort }, values }) =>
    values.disableIPv6 ? `127.0.0.1:${outboundPort}` : `127.0.0.1:${outboundPort},[::1]:${outboundPort}`,
  ),
  always('INBOUND_LISTEN_ADDR', (context) => anyAddress(context, context.proxy.inboundPort)),
  field(`${P}INBOUND_IPS`, 'status.podIPs'),
  always('INBOUND_PORTS', ({ podInboundPorts }) => podInboundPorts),
  given('INBOUND_GATEWAY_SUFFIXES', ({ proxy, values }) => (proxy.isGateway ? `svc.${values.clusterDomain}.` : '')),
  given('INGRESS_MODE', ({ proxy }) => (proxy.isIngress ? 'true' : '')),
  always('DESTINATION_PROFILE_SUFFIXES', ({ proxy, values }) =>
    proxy.enableExternalProfiles ? '.' : `svc.${values.clusterDomain}.`,
  ),
  fixed(`${P}INBOUND_ACCEPT_KEEPALIVE`, '10000ms'),
  fixed(`${P}OUTBOUND_CONNECT_KEEPALIVE`, '10000ms'),
  fixed(`${P}INBOUND_ACCEPT_USER_TIMEOUT`, '30s'),
  fixed(`${P}OUTBOUND_CONNECT_USER_TIMEOUT`, '30s'),
  always('OUTBOUND_METRICS_HOSTNAME_LABELS', ({ proxy }) => String(proxy.hostnameLabels)),
  tracing,
  ({ values }) => values.parameterEnv,
  given('INBOUND_PORTS_DISABLE_PROTOCOL_DETECTION', ({ proxy }) => proxy.opaquePorts),
  fixed(`${P}DESTINATION_CONTEXT`, '{"ns":"$(_pod_ns)", "nodeName":"$(_pod_nodeName)", "pod":"$(_pod_name)"}\n'),
  field('_pod_sa', 'spec.serviceAccountName'),
  plain('_l5d_ns', ({ controlPlaneNamespace }) => controlPlaneNamespace),
  plain('_l5d_trustdomain', ({ values }) => values.trustDomain),
  fixed(`${P}IDENTITY_DIR`, '/var/run/linkerd/identity/end-entity'),
  always('IDENTITY_TRUST_ANCHORS', ({ trustAnchors }) => trustAnchors),
  always('IDENTITY_TOKEN_FILE', ({ values }) =>
    values.tokenProjection
      ? '/var/run/secrets/tokens/linkerd-identity-token'
      : '/var/run/secrets/kubernetes.io/serviceaccount/token',
  ),
  always('IDENTITY_SVC_ADDR', (context) => service('linkerd-identity-headless', 8080, context)),
  always('IDENTITY_LOCAL_NAME', (context) => identity('$(_pod_sa)', context, '$(_pod_ns)')),
  always('IDENTITY_SVC_NAME', (context) => identity('linkerd-identity', context)),
  always('DESTINATION_SVC_NAME', (context) => identity('linkerd-destination', context)),
  always('POLICY_SVC_NAME', (context) => identity('linkerd-destination', context)),
  given('ACCESS_LOG', ({ proxy }) => proxy.accessLog),
  given('SHUTDOWN_GRACE_PERIOD', ({ proxy }) => proxy.shutdownGracePeriod),
  ({ proxy }) => proxy.additionalEnv,
  ({ values }) => values.experimentalEnv,
];

/** The proxy's `env`, a new list whose entries may be shared and are not to be changed. */
export function proxyEnv(context: ProxyContext): JsonObject[] {
  const list: JsonObject[] = [];
  for (const entry of ENTRIES) {
    const made = entry(context);
    if (made === null) continue;
    if (Array.isArray(made)) list.push(...made);
    else list.push(made as JsonObject);
  }
  return list;
}
