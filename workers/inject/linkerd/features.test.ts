/**
 * One scenario for each switch: what is to be seen where it is on, and where it is off. Each is run with the releases at which the
 * table says it begins and ends, and with those before.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { applyPatch } from '../../jsonpatch/apply.ts';
import type { ClusterContext } from '../../protocol.ts';
import type { JsonObject, JsonValue } from '../../template/value.ts';
import { type Container, findContainer, findInPod, type Pod, type StringMap } from '../istio/pod.ts';
import { CompileError } from '../provider.ts';
import type { SwitchRow } from '../release/switches.ts';
import { compileLinkerdRevision } from './compile.ts';
import { LINKERD_SWITCHES, type LinkerdSwitch } from './features.ts';

const CONFIG = 'config.linkerd.io/';

/** Members of all releases. */
const VALUES: JsonObject = {
  linkerdVersion: 'v',
  imagePullPolicy: 'IfNotPresent',
  clusterDomain: 'cluster.local',
  clusterNetworks: '10.0.0.0/8',
  identityTrustDomain: 'trust.example',
  disableIPv6: true,
  identity: { serviceAccountTokenProjection: true },
  debugContainer: { image: { name: 'debug', version: 'd' } },
  proxy: {
    image: { name: 'proxy' },
    ports: { admin: 4191, control: 4190, inbound: 4143, outbound: 4140 },
    resources: { cpu: { request: '7m' } },
    livenessProbe: { initialDelaySeconds: 33, timeoutSeconds: 1 },
    readinessProbe: { initialDelaySeconds: 2, timeoutSeconds: 1 },
    startupProbe: { initialDelaySeconds: 0, periodSeconds: 1, failureThreshold: 120 },
    metrics: { hostnameLabels: true },
    control: { streams: { initialTimeout: '3s', idleTimeout: '5m', lifetime: '1h' } },
    uid: 2102,
    gid: 2103,
    logLevel: 'warn',
    logHTTPHeaders: 'off',
    opaquePorts: '3306',
  },
  proxyInit: {
    image: { name: 'init', version: 'i' },
    resources: { cpu: { request: '9m' } },
    iptablesMode: 'legacy',
    xtMountPath: { name: 'lock', mountPath: '/run' },
  },
  networkValidator: { enableSecurityContext: true, connectAddr: '', listenAddr: '', timeout: '10s' },
};

interface Scenario {
  /** Laid over VALUES; those of proxy, proxyInit and networkValidator member by member. */
  readonly values?: JsonObject;
  readonly annotations?: StringMap;
  readonly namespace?: StringMap;
  readonly spec?: JsonObject;
  /** The pod is the template of a Deployment. */
  readonly inDeployment?: boolean;
  readonly see: (pod: Pod) => unknown;
  readonly on: unknown;
  readonly off: unknown;
}

function proxyOf(pod: Pod): Container {
  const proxy = findInPod('linkerd-proxy', pod.spec);
  assert.ok(proxy);
  return proxy;
}

function variable(name: string): (pod: Pod) => unknown {
  return (pod) => proxyOf(pod).env?.find((each) => each.name === name)?.value;
}

function names(prefix: string): (pod: Pod) => readonly string[] {
  return (pod) => (proxyOf(pod).env ?? []).map(({ name }) => name).filter((name) => name.includes(prefix));
}

function init(name = 'linkerd-init'): (pod: Pod) => Container {
  return ({ spec }) => {
    const container = findContainer(name, spec.initContainers);
    assert.ok(container);
    return container;
  };
}

/** What follows an argument. */
function argument(name: string, container = 'linkerd-init'): (pod: Pod) => unknown {
  return (pod) => {
    const args = init(container)(pod).args ?? [];
    return args.includes(name) ? args[args.indexOf(name) + 1] : undefined;
  };
}

function isNative({ spec }: Pod): boolean {
  return findContainer('linkerd-proxy', spec.initContainers) !== undefined;
}

const INJECTED = () => 'injected';
const P = 'LINKERD2_PROXY_';
const VALIDATOR = 'linkerd-network-validator';
const DENIED = 'ANNOTATION_INVALID';
const TRACING = {
  enabled: true,
  collector: { endpoint: 'collector:4317', meshIdentity: { serviceAccountName: 'collector', namespace: 'tracing' } },
};

const SCENARIOS: Readonly<Record<LinkerdSwitch, Scenario>> = {
  detectTimeouts: {
    namespace: { [`${CONFIG}proxy-disable-inbound-protocol-detect-timeout`]: 'true' },
    see: variable(`${P}INBOUND_DETECT_TIMEOUT`),
    on: '365d',
    off: undefined,
  },
  podInDestinationContext: {
    see: (pod) => String(variable(`${P}DESTINATION_CONTEXT`)(pod)).includes('"pod"'),
    on: true,
    off: false,
  },
  debugProbes: {
    annotations: { [`${CONFIG}enable-debug-sidecar`]: 'true' },
    see: ({ spec }) => findContainer('linkerd-debug', spec.containers)?.livenessProbe,
    on: { exec: { command: ['true'] } },
    off: undefined,
  },
  nativeSidecars: {
    annotations: { 'config.alpha.linkerd.io/proxy-enable-native-sidecar': 'true' },
    see: isNative,
    on: true,
    off: false,
  },
  denyNativeWait: {
    annotations: {
      'config.alpha.linkerd.io/proxy-enable-native-sidecar': 'true',
      'config.alpha.linkerd.io/proxy-wait-before-exit-seconds': '5',
    },
    see: INJECTED,
    on: DENIED,
    off: 'injected',
  },
  controlStreams: { see: variable(`${P}CONTROL_STREAM_LIFETIME`), on: '1h', off: undefined },
  policyWorkloadJson: {
    see: variable(`${P}POLICY_WORKLOAD`),
    on: '{"ns":"$(_pod_ns)", "pod":"$(_pod_name)"}\n',
    off: '$(_pod_ns):$(_pod_name)',
  },
  experimentalEnv: {
    values: { proxy: { experimentalEnv: [{ name: 'EXPERIMENT', value: 'x' }] } },
    see: variable('EXPERIMENT'),
    on: 'x',
    off: undefined,
  },
  probeSettings: { see: (pod) => proxyOf(pod).livenessProbe?.['initialDelaySeconds'], on: 33, off: 10 },
  additionalEnv: {
    values: { proxy: { additionalEnv: [{ name: 'ADDITION', value: 'x' }] } },
    see: variable('ADDITION'),
    on: 'x',
    off: undefined,
  },
  numericDisruptionBudget: {
    values: { controller: { podDisruptionBudget: { maxUnavailable: '1' } } },
    see: INJECTED,
    on: 'LINKERD_RELEASE_MISMATCH',
    off: 'injected',
  },
  ipv6Argument: { see: (pod) => init()(pod).args?.includes('--ipv6=false'), on: true, off: false },
  inboundPortsAnnotation: {
    annotations: { [`${CONFIG}pod-inbound-ports`]: '1,2' },
    see: variable(`${P}INBOUND_PORTS`),
    on: '1,2',
    off: '8080',
  },
  templateBeforeNamespace: {
    inDeployment: true,
    annotations: { [`${CONFIG}proxy-log-level`]: 'of-the-template' },
    namespace: { [`${CONFIG}proxy-log-level`]: 'of-the-namespace' },
    see: ({ metadata }) => metadata.annotations?.[`${CONFIG}proxy-log-level`],
    on: 'of-the-template',
    off: 'of-the-namespace',
  },
  lastNamedPort: {
    annotations: { [`${CONFIG}opaque-ports`]: 'db,' },
    spec: {
      containers: [
        {
          name: 'app',
          image: 'app',
          ports: [
            { name: 'db', containerPort: 1 },
            { name: 'db', containerPort: 2 },
          ],
        },
      ],
    },
    see: variable(`${P}INBOUND_PORTS_DISABLE_PROTOCOL_DETECTION`),
    on: '2',
    off: '1',
  },
  serverParameters: {
    values: { proxy: { inbound: { server: { http2: { keepAliveInterval: '10s' } } } } },
    see: variable(`${P}INBOUND_SERVER_HTTP2_KEEP_ALIVE_INTERVAL`),
    on: '10s',
    off: undefined,
  },
  sidecarsAmongInits: {
    spec: { initContainers: [{ name: 'istio-proxy', image: 'proxy' }] },
    see: INJECTED,
    on: 'sidecar_already_exists',
    off: 'injected',
  },
  ipv6Listeners: {
    values: { disableIPv6: false },
    see: variable(`${P}CONTROL_LISTEN_ADDR`),
    on: '[::]:4190',
    off: '0.0.0.0:4190',
  },
  outboundAddresses: { see: (pod) => names('OUTBOUND_LISTEN_ADDRS')(pod), on: [`${P}OUTBOUND_LISTEN_ADDRS`], off: [] },
  ipv4OutboundAddress: {
    see: variable(`${P}OUTBOUND_LISTEN_ADDRS`),
    on: '127.0.0.1:4140',
    off: '127.0.0.1:4140,[::1]:4140',
  },
  groups: { see: (pod) => proxyOf(pod).securityContext?.runAsGroup, on: 2103, off: undefined },
  shutdownEndpoint: {
    annotations: { [`${CONFIG}proxy-admin-shutdown`]: 'enabled' },
    see: variable(`${P}SHUTDOWN_ENDPOINT_ENABLED`),
    on: 'true',
    off: undefined,
  },
  headerLogging: {
    annotations: { [`${CONFIG}proxy-log-http-headers`]: 'all' },
    see: INJECTED,
    on: DENIED,
    off: 'injected',
  },
  unescapedLog: {
    annotations: { [`${CONFIG}proxy-log-level`]: 'a\\tb', [`${CONFIG}proxy-log-http-headers`]: 'insecure' },
    see: variable(`${P}LOG`),
    on: 'a\tb',
    off: 'a\\tb',
  },
  initFollowsProxyResources: {
    see: (pod) => init()(pod)['resources'],
    on: { requests: { cpu: '7m' } },
    off: { requests: { cpu: '9m' } },
  },
  emptyHeaderLogging: {
    annotations: { [`${CONFIG}proxy-log-http-headers`]: '' },
    see: INJECTED,
    on: 'injected',
    off: DENIED,
  },
  auditPolicy: {
    annotations: { [`${CONFIG}default-inbound-policy`]: 'audit' },
    see: variable(`${P}INBOUND_DEFAULT_POLICY`),
    on: 'audit',
    off: undefined,
  },
  validatorConnectDefault: {
    values: { cniEnabled: true },
    see: argument('--connect-addr', VALIDATOR),
    on: '1.1.1.1:20001',
    off: '',
  },
  requestLogging: {
    see: variable(`${P}LOG`),
    on: 'warn,[{headers}]=off,[{request}]=off',
    off: 'warn,linkerd_proxy_http::client[{headers}]=off',
  },
  listenersFollowIPv6: { see: variable(`${P}ADMIN_LISTEN_ADDR`), on: '0.0.0.0:4191', off: '[::]:4191' },
  validatorListenDefault: {
    values: { cniEnabled: true },
    see: argument('--listen-addr', VALIDATOR),
    on: '0.0.0.0:4140',
    off: '',
  },
  userTimeouts: { see: variable(`${P}INBOUND_ACCEPT_USER_TIMEOUT`), on: '30s', off: undefined },
  podUid: {
    see: (pod) => [...names('_pod_uid')(pod), ...names('_pod_container')(pod)],
    on: ['_pod_uid', '_pod_containerName'],
    off: [],
  },
  closeWaitNeedsRoot: {
    annotations: { [`${CONFIG}close-wait-timeout`]: '3s' },
    see: argument('--timeout-close-wait-secs'),
    on: DENIED,
    off: '3',
  },
  runtimeWorkers: {
    annotations: { [`${CONFIG}proxy-cpu-limit`]: '1500m' },
    see: names('CORES'),
    on: [`${P}CORES`, `${P}CORES_MIN`, `${P}CORES_MAX`],
    off: [`${P}CORES`],
  },
  debugImageAnnotations: {
    annotations: { [`${CONFIG}enable-debug-sidecar`]: 'true', [`${CONFIG}debug-image`]: 'own' },
    see: ({ spec }) => findContainer('linkerd-debug', spec.containers)?.image,
    on: 'own:d',
    off: 'debug:d',
  },
  hostnameLabels: { see: variable(`${P}OUTBOUND_METRICS_HOSTNAME_LABELS`), on: 'true', off: undefined },
  podIp: { see: names('_pod_ip'), on: ['_pod_ip'], off: [] },
  ownSecurityContexts: {
    values: { proxy: { securityContext: { runAsUser: 7 } } },
    see: (pod) => proxyOf(pod).securityContext?.runAsUser,
    on: 7,
    off: 2102,
  },
  tracing: {
    values: { proxy: { tracing: TRACING } },
    see: variable(`${P}TRACE_COLLECTOR_SVC_ADDR`),
    on: 'collector:4317',
    off: undefined,
  },
  betaNativeAnnotation: {
    annotations: { 'config.beta.linkerd.io/proxy-enable-native-sidecar': 'true' },
    see: isNative,
    on: true,
    off: false,
  },
  inheritBetaNative: {
    namespace: { 'config.beta.linkerd.io/proxy-enable-native-sidecar': 'true' },
    see: isNative,
    on: true,
    off: false,
  },
  podinfoVolume: {
    values: { proxy: { tracing: TRACING } },
    see: ({ spec }) => (spec.volumes ?? []).some(({ name }) => name === 'linkerd-podinfo'),
    on: true,
    off: false,
  },
  initImageOfProxy: {
    annotations: { [`${CONFIG}init-image`]: 'own' },
    see: (pod) => init()(pod).image,
    on: 'proxy:v',
    off: 'own:i',
  },
  portsOfInits: {
    spec: { initContainers: [{ name: 'setup', image: 'setup', ports: [{ containerPort: 9 }] }] },
    see: variable(`${P}INBOUND_PORTS`),
    on: '8080,9',
    off: '8080',
  },
  additionalEnvAnnotation: {
    namespace: { [`${CONFIG}proxy-additional-env`]: '[{"name":"ADDITION","value":"x"}]' },
    see: variable('ADDITION'),
    on: 'x',
    off: undefined,
  },
  nativeAnnotation: {
    namespace: { [`${CONFIG}proxy-enable-native-sidecar`]: 'true' },
    see: isNative,
    on: true,
    off: false,
  },
  collectorInTrustDomain: {
    values: { proxy: { tracing: TRACING } },
    see: (pod) => String(variable(`${P}TRACE_COLLECTOR_SVC_NAME`)(pod)).split('.linkerd.')[1],
    on: 'trust.example',
    off: 'cluster.local',
  },
};

function laidOver(base: JsonObject, over: JsonObject): JsonObject {
  const entries = Object.entries(over).map(([key, value]): [string, JsonValue] => {
    const old = base[key];
    const nested = typeof old === 'object' && old !== null && typeof value === 'object' && value !== null;
    return [key, nested ? { ...(old as JsonObject), ...(value as JsonObject) } : value];
  });
  return { ...base, ...Object.fromEntries(entries) };
}

/** A pod, or the Deployment whose template it is. */
function objectOf({ annotations, spec, inDeployment }: Scenario): JsonObject {
  const pod: JsonObject = {
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'shop', annotations: { ...annotations } },
    spec: { containers: [{ name: 'app', image: 'app', ports: [{ containerPort: 8080 }] }], ...spec },
  };
  if (inDeployment !== true) return pod;
  return { kind: 'Deployment', metadata: { name: 'web', namespace: 'shop' }, spec: { template: pod } };
}

function podOf(object: JsonObject): Pod {
  return (object['kind'] === 'Deployment' ? (object['spec'] as JsonObject)['template'] : object) as Pod;
}

function seenWith(scenario: Scenario, release: string): unknown {
  const { values, namespace, see } = scenario;
  const object = objectOf(scenario);
  const cluster: ClusterContext = {
    namespace: { labels: {}, annotations: { 'linkerd.io/inject': 'enabled', ...namespace } },
    owners: {},
    nodes: [],
    nodesKnown: false,
  };
  try {
    const revision = compileLinkerdRevision({
      digest: '',
      mesh: 'linkerd',
      name: 'r',
      spec: {
        provider: 'linkerd',
        values: JSON.stringify(laidOver(VALUES, values ?? {})),
        trustAnchors: 'anchors',
        controlPlaneNamespace: 'linkerd',
        release,
      },
    });
    const kind = { group: '', version: 'v1', kind: String(object['kind']) };
    const decision = revision.inject({
      uid: 'u',
      kind,
      namespace: 'shop',
      operation: 'CREATE',
      object,
      params: {},
      cluster,
    });
    if (decision.kind === 'skipped') return decision.reason;
    return decision.kind === 'patched' ? see(podOf(applyPatch(object, decision.patch) as JsonObject)) : decision.code;
  } catch (error) {
    if (error instanceof CompileError) return error.problems[0]?.code;
    throw error;
  }
}

/** The release before, there or not: releases are compared, not looked up. */
function before(release: string): string {
  const [, head = '', patch = ''] = /^(.*)\.(\d+)$/.exec(release) ?? [];
  if (Number(patch) > 0) return `${head}.${Number(patch) - 1}`;
  throw new Error(`nothing is before ${release}`);
}

/** The releases around the marks, with whether the behaviour is on there. */
function* boundaries({ since = [], until = [] }: SwitchRow): Generator<readonly [release: string, on: boolean]> {
  for (const mark of since) yield* [[mark, true] as const, [before(mark), false] as const];
  for (const mark of until) yield* [[mark, false] as const, [before(mark), true] as const];
}

describe('switches of Linkerd', () => {
  for (const name of Object.keys(LINKERD_SWITCHES) as LinkerdSwitch[]) {
    test(name, () => {
      const scenario = SCENARIOS[name];
      const { on, off } = scenario;
      assert.notDeepEqual(on, off);
      for (const [release, isOn] of boundaries(LINKERD_SWITCHES[name])) {
        const where = `${release}, where it is ${isOn ? 'on' : 'off'}`;
        assert.deepEqual(seenWith(scenario, release), isOn ? on : off, where);
      }
    });
  }
});
