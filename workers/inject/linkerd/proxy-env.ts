/**
 * The environment of linkerd-proxy, in Linkerd's order (charts/partials, `partials.proxy`), as a table: each entry gives its variables or
 * nothing. What differs between releases is a row here, chosen once for each revision.
 */
import { formatValue } from '../../template/printf.ts';
import type { JsonObject } from '../../template/value.ts';
import { YamlError } from '../../yaml/error.ts';
import { parseYaml } from '../../yaml/parse.ts';
import type { Features, LinkerdSwitch } from './features.ts';
import { numberText } from './number-text.ts';
import type { LinkerdValues, ProxyValues, Tracing } from './values.ts';

export interface ProxyContext {
  readonly values: LinkerdValues;
  readonly proxy: Readonly<ProxyValues>;
  readonly controlPlaneNamespace: string;
  /** Trimmed PEM text that ends in a line feed. */
  readonly trustAnchors: string;
  readonly podInboundPorts: string;
}

/** Variables of one pod; null for none. */
export type EnvEntry = (context: ProxyContext) => JsonObject | readonly JsonObject[] | null;
/** The entry of a release; null where it has none. */
type Row = (features: Features) => EnvEntry | null;
/** A variable's value. */
type Text = (context: ProxyContext) => string;

const P = 'LINKERD2_PROXY_';
/** The variable that has the pod's own ports. */
export const INBOUND_PORTS = `${P}INBOUND_PORTS`;

/** In all releases. */
function row(entry: EnvEntry): Row {
  return () => entry;
}

/** In releases that have a behaviour. */
function since(name: LinkerdSwitch, inner: Row): Row {
  return (features) => (features[name] ? inner(features) : null);
}

/** One way or the other. */
function either(name: LinkerdSwitch, on: Row, off: Row): Row {
  return (features) => (features[name] ? on : off)(features);
}

function fixed(name: string, value: string): Row {
  const entry = { name, value };
  return row(() => entry);
}

function field(name: string, fieldPath: string): Row {
  const entry = { name, valueFrom: { fieldRef: { fieldPath } } };
  return row(() => entry);
}

function always(name: string, value: Text): Row {
  return row((context) => ({ name: P + name, value: value(context) }));
}

/** Only when the text is not empty. */
function given(name: string, value: Text): Row {
  return row((context) => {
    const text = value(context);
    return text === '' ? null : { name: P + name, value: text };
  });
}

/** A YAML plain scalar in Linkerd's template: an empty one is null, and so the variable has no value. */
function plain(name: string, value: Text): Row {
  return row((context) => {
    const text = value(context).trim();
    return text === '' ? { name } : { name, value: text };
  });
}

function service(name: string, port: number, { controlPlaneNamespace, values }: ProxyContext): string {
  return `${name}.${controlPlaneNamespace}.svc.${values.clusterDomain}.:${port}`;
}

function identity(
  account: string,
  { controlPlaneNamespace, values }: ProxyContext,
  namespace = controlPlaneNamespace,
  domain = values.trustDomain,
): string {
  return `${account}.${namespace}.serviceaccount.identity.${controlPlaneNamespace}.${domain}`;
}

/** A listener on all addresses. */
function listener(name: string, port: (proxy: Readonly<ProxyValues>) => number): Row {
  return (features) => {
    const both = features.ipv6Listeners ? '[::]' : '0.0.0.0';
    const follows = features.listenersFollowIPv6;
    const text: Text = ({ proxy, values }) =>
      `${follows && values.disableIPv6 ? '0.0.0.0' : both}:${numberText(port(proxy))}`;
    return always(name, text)(features);
  };
}

function outboundAddresses(features: Features): EnvEntry | null {
  const follows = features.ipv4OutboundAddress;
  const text: Text = ({ proxy, values }) => {
    const port = numberText(proxy.outboundPort);
    return follows && values.disableIPv6 ? `127.0.0.1:${port}` : `127.0.0.1:${port},[::1]:${port}`;
  };
  return always('OUTBOUND_LISTEN_ADDRS', text)(features);
}

const REQUESTS_OFF = ',[{headers}]=off,[{request}]=off';
const HEADERS_OFF = ',linkerd_proxy_http::client[{headers}]=off';

/** What is in a request's headers stays out of the log unless that was asked for. */
function log(features: Features): EnvEntry | null {
  const off = !features.headerLogging ? '' : features.requestLogging ? REQUESTS_OFF : HEADERS_OFF;
  const text: Text = ({ proxy }) => proxy.logLevel + (proxy.logHTTPHeaders === 'insecure' ? '' : off);
  return always('LOG', features.unescapedLog ? (context) => unescaped(text(context)) : text)(features);
}

/** What YAML reads of a text between double quotes; the text itself where it reads none. */
function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  try {
    const value = parseYaml(`"${text}"`);
    return typeof value === 'string' ? value : text;
  } catch (error) {
    if (error instanceof YamlError) return text;
    throw error;
  }
}

/** Until there were workers. */
function fixedCores({ proxy }: ProxyContext): JsonObject | null {
  return proxy.cores === 0n ? null : { name: `${P}CORES`, value: numberText(proxy.cores) };
}

function collector({ serviceAccountName, namespace }: Tracing, context: ProxyContext, inTrustDomain: boolean): string {
  const { values } = context;
  return identity(serviceAccountName, context, namespace, inTrustDomain ? values.trustDomain : values.clusterDomain);
}

function cores({ proxy }: ProxyContext): JsonObject[] | null {
  const pair = (value: string) => [
    { name: `${P}CORES`, value },
    { name: `${P}CORES_MIN`, value },
  ];
  if (proxy.cores !== 0n) return pair(numberText(proxy.cores));
  const { workersMinimum, workersMaximum, workersMaximumCPURatio } = proxy;
  if (workersMinimum === 0n && workersMaximum === 0n && workersMaximumCPURatio === 0) return null;
  const list: JsonObject[] = pair(workersMinimum === 0n ? '1' : numberText(workersMinimum));
  if (workersMaximum !== 0n) list.push({ name: `${P}CORES_MAX`, value: numberText(workersMaximum) });
  if (workersMaximumCPURatio !== 0)
    list.push({ name: `${P}CORES_MAX_RATIO`, value: formatValue(workersMaximumCPURatio) });
  return list;
}

function tracing(context: ProxyContext, inTrustDomain: boolean): JsonObject[] | null {
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
    { name: `${P}TRACE_COLLECTOR_SVC_NAME`, value: collector(settings, context, inTrustDomain) },
    { name: `${P}TRACE_EXTRA_ATTRIBUTES`, value: labels },
  ];
}

const ROWS: readonly Row[] = [
  field('_pod_name', 'metadata.name'),
  field('_pod_ns', 'metadata.namespace'),
  since('podUid', field('_pod_uid', 'metadata.uid')),
  since('podIp', field('_pod_ip', 'status.podIP')),
  field('_pod_nodeName', 'spec.nodeName'),
  since('podUid', fixed('_pod_containerName', 'linkerd-proxy')),
  either('runtimeWorkers', row(cores), row(fixedCores)),
  given('INBOUND_PORTS_REQUIRE_IDENTITY', ({ proxy }) => proxy.requireIdentityOnInboundPorts),
  since(
    'shutdownEndpoint',
    always('SHUTDOWN_ENDPOINT_ENABLED', ({ proxy }) => String(proxy.enableShutdownEndpoint)),
  ),
  log,
  always('LOG_FORMAT', ({ proxy }) => proxy.logFormat),
  always('DESTINATION_SVC_ADDR', (context) => service('linkerd-dst-headless', 8086, context)),
  always('DESTINATION_PROFILE_NETWORKS', ({ values }) => values.clusterNetworks),
  always('POLICY_SVC_ADDR', (context) => service('linkerd-policy', 8090, context)),
  either(
    'policyWorkloadJson',
    fixed(`${P}POLICY_WORKLOAD`, '{"ns":"$(_pod_ns)", "pod":"$(_pod_name)"}\n'),
    fixed(`${P}POLICY_WORKLOAD`, '$(_pod_ns):$(_pod_name)'),
  ),
  plain(`${P}INBOUND_DEFAULT_POLICY`, ({ proxy }) => proxy.defaultInboundPolicy),
  always('POLICY_CLUSTER_NETWORKS', ({ values }) => values.clusterNetworks),
  since(
    'controlStreams',
    always('CONTROL_STREAM_INITIAL_TIMEOUT', ({ values }) => values.streams.initialTimeout),
  ),
  since(
    'controlStreams',
    always('CONTROL_STREAM_IDLE_TIMEOUT', ({ values }) => values.streams.idleTimeout),
  ),
  since(
    'controlStreams',
    always('CONTROL_STREAM_LIFETIME', ({ values }) => values.streams.lifetime),
  ),
  given('INBOUND_CONNECT_TIMEOUT', ({ proxy }) => proxy.inboundConnectTimeout),
  given('OUTBOUND_CONNECT_TIMEOUT', ({ proxy }) => proxy.outboundConnectTimeout),
  given('OUTBOUND_DISCOVERY_IDLE_TIMEOUT', ({ proxy }) => proxy.outboundDiscoveryCacheUnusedTimeout),
  given('INBOUND_DISCOVERY_IDLE_TIMEOUT', ({ proxy }) => proxy.inboundDiscoveryCacheUnusedTimeout),
  since(
    'detectTimeouts',
    given('OUTBOUND_DETECT_TIMEOUT', ({ proxy }) => (proxy.disableOutboundProtocolDetectTimeout ? '365d' : '')),
  ),
  since(
    'detectTimeouts',
    given('INBOUND_DETECT_TIMEOUT', ({ proxy }) => (proxy.disableInboundProtocolDetectTimeout ? '365d' : '')),
  ),
  listener('CONTROL_LISTEN_ADDR', ({ controlPort }) => controlPort),
  listener('ADMIN_LISTEN_ADDR', ({ adminPort }) => adminPort),
  always('OUTBOUND_LISTEN_ADDR', ({ proxy }) => `127.0.0.1:${numberText(proxy.outboundPort)}`),
  since('outboundAddresses', outboundAddresses),
  listener('INBOUND_LISTEN_ADDR', ({ inboundPort }) => inboundPort),
  field(`${P}INBOUND_IPS`, 'status.podIPs'),
  always('INBOUND_PORTS', ({ proxy, podInboundPorts }) => proxy.inboundPorts ?? podInboundPorts),
  given('INBOUND_GATEWAY_SUFFIXES', ({ proxy, values }) => (proxy.isGateway ? `svc.${values.clusterDomain}.` : '')),
  given('INGRESS_MODE', ({ proxy }) => (proxy.isIngress ? 'true' : '')),
  always('DESTINATION_PROFILE_SUFFIXES', ({ proxy, values }) =>
    proxy.enableExternalProfiles ? '.' : `svc.${values.clusterDomain}.`,
  ),
  fixed(`${P}INBOUND_ACCEPT_KEEPALIVE`, '10000ms'),
  fixed(`${P}OUTBOUND_CONNECT_KEEPALIVE`, '10000ms'),
  since('userTimeouts', fixed(`${P}INBOUND_ACCEPT_USER_TIMEOUT`, '30s')),
  since('userTimeouts', fixed(`${P}OUTBOUND_CONNECT_USER_TIMEOUT`, '30s')),
  since(
    'hostnameLabels',
    always('OUTBOUND_METRICS_HOSTNAME_LABELS', ({ proxy }) => String(proxy.hostnameLabels)),
  ),
  since(
    'tracing',
    ({ collectorInTrustDomain }) =>
      (context) =>
        tracing(context, collectorInTrustDomain),
  ),
  since(
    'serverParameters',
    row(({ values }) => values.parameterEnv),
  ),
  given('INBOUND_PORTS_DISABLE_PROTOCOL_DETECTION', ({ proxy }) => proxy.opaquePorts),
  either(
    'podInDestinationContext',
    fixed(`${P}DESTINATION_CONTEXT`, '{"ns":"$(_pod_ns)", "nodeName":"$(_pod_nodeName)", "pod":"$(_pod_name)"}\n'),
    fixed(`${P}DESTINATION_CONTEXT`, '{"ns":"$(_pod_ns)", "nodeName":"$(_pod_nodeName)"}\n'),
  ),
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
  since(
    'additionalEnv',
    row(({ proxy }) => proxy.additionalEnv),
  ),
  since(
    'experimentalEnv',
    row(({ values }) => values.experimentalEnv),
  ),
];

/** The entries of a release, in order. */
export function envEntries(features: Features): readonly EnvEntry[] {
  return ROWS.map((each) => each(features)).filter((entry) => entry !== null);
}

/** The proxy's `env`, a new list whose entries may be shared and are not to be changed. */
export function proxyEnv(context: ProxyContext): JsonObject[] {
  const list: JsonObject[] = [];
  for (const entry of context.values.profile.env) {
    const made = entry(context);
    if (made === null) continue;
    if (Array.isArray(made)) list.push(...made);
    else list.push(made as JsonObject);
  }
  return list;
}
