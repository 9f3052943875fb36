/**
 * What Linkerd's injector does differently from release to release: one table, in the order of releases. Linkerd's templates are compiled
 * into its binary, so all of it is the release's. The flow asks a switch, never a release.
 *
 * Releases are the edges that first had a behaviour, and a patch of stable-2.14 where it was brought there; 2.15 and later are edges under
 * another name (releases.ts).
 */
import { type Place, type Switches, type SwitchRow, switchesAt } from '../release/switches.ts';

const PROXY = 'charts/partials/templates/_proxy.tpl';
const INIT = 'charts/partials/templates/_proxy-init.tpl';
const VALIDATOR = 'charts/partials/templates/_network-validator.tpl';
const INJECT = 'pkg/inject/inject.go';
const PATCH = 'charts/patch/templates/patch.json';

export const LINKERD_SWITCHES = {
  detectTimeouts: {
    sentence:
      'proxy-disable-outbound- and -inbound-protocol-detect-timeout set LINKERD2_PROXY_OUTBOUND_ and INBOUND_DETECT_TIMEOUT.',
    since: ['stable-2.14.4', 'edge-23.11.1'],
    source: PROXY,
  },
  podInDestinationContext: {
    sentence: "LINKERD2_PROXY_DESTINATION_CONTEXT holds the pod's name.",
    since: ['stable-2.14.4', 'edge-23.11.1'],
    source: PROXY,
  },
  debugProbes: {
    sentence: 'The debug container has probes that always succeed.',
    since: ['edge-23.11.2'],
    source: 'charts/partials/templates/_debug.tpl',
  },
  nativeSidecars: {
    sentence:
      'The proxy may be a native sidecar: proxy.nativeSidecar, annotation config.alpha.linkerd.io/proxy-enable-native-sidecar.',
    since: ['edge-23.11.4'],
    source: PATCH,
  },
  denyNativeWait: {
    sentence: 'A native sidecar with a wait before exit is denied; since, the wait is ignored.',
    since: ['edge-23.11.4'],
    until: ['edge-26.5.2'],
    source: PROXY,
  },
  controlStreams: {
    sentence: 'LINKERD2_PROXY_CONTROL_STREAM_{INITIAL_TIMEOUT,IDLE_TIMEOUT,LIFETIME} follow proxy.control.streams.',
    since: ['edge-23.12.4'],
    source: PROXY,
  },
  policyWorkloadJson: {
    sentence: 'LINKERD2_PROXY_POLICY_WORKLOAD is JSON; before, NAMESPACE:NAME.',
    since: ['edge-24.1.1'],
    source: PROXY,
  },
  experimentalEnv: {
    sentence: 'proxy.experimentalEnv ends the environment.',
    since: ['edge-24.1.2'],
    source: PROXY,
  },
  probeSettings: {
    sentence: "The proxy's probes take delay and timeout from the values; before, the delays are 10 s and 2 s.",
    since: ['edge-24.2.2'],
    source: PROXY,
  },
  additionalEnv: {
    sentence: 'proxy.additionalEnv comes at the end of the environment, before proxy.experimentalEnv.',
    since: ['edge-24.2.3'],
    source: PROXY,
  },
  numericDisruptionBudget: {
    sentence: 'controller.podDisruptionBudget.maxUnavailable of the values has to be a number.',
    since: ['edge-24.3.3'],
    until: ['edge-25.7.6'],
    source: 'pkg/charts/linkerd2/values.go',
  },
  ipv6Argument: {
    sentence: 'linkerd-init gets --ipv6=false where disableIPv6 is set.',
    since: ['edge-24.4.1'],
    source: INIT,
  },
  inboundPortsAnnotation: {
    sentence: 'Annotation pod-inbound-ports replaces LINKERD2_PROXY_INBOUND_PORTS; since, it has no effect.',
    until: ['edge-24.4.2'],
    source: INJECT,
  },
  templateBeforeNamespace: {
    sentence:
      "Annotations of a workload's pod template come before the namespace's; since, only the workload's own do. (Pods' always do.)",
    until: ['edge-24.4.2'],
    source: INJECT,
  },
  lastNamedPort: {
    sentence:
      'In opaque-ports the last port of a name counts, and an empty entry is dropped; before, the first, and an empty entry is the first port without a name.',
    since: ['edge-24.4.2'],
    source: 'pkg/util/parsing.go ParseContainerOpaquePorts',
  },
  serverParameters: {
    sentence: 'proxy.inbound and proxy.outbound become variables LINKERD2_PROXY_{INBOUND,OUTBOUND}_….',
    since: ['edge-24.4.5'],
    source: PROXY,
  },
  sidecarsAmongInits: {
    sentence: 'A proxy among the init containers counts as an existing sidecar.',
    since: ['edge-24.5.1'],
    source: 'pkg/healthcheck/sidecar.go',
  },
  ipv6Listeners: {
    sentence: 'Listeners are on [::]; before, on 0.0.0.0.',
    since: ['edge-24.5.1'],
    source: PROXY,
  },
  outboundAddresses: {
    sentence: 'LINKERD2_PROXY_OUTBOUND_LISTEN_ADDRS lists the addresses of both families.',
    since: ['edge-24.5.1'],
    source: PROXY,
  },
  ipv4OutboundAddress: {
    sentence: 'disableIPv6 leaves IPv6 out of LINKERD2_PROXY_OUTBOUND_LISTEN_ADDRS.',
    since: ['edge-24.5.2'],
    source: PROXY,
  },
  groups: {
    sentence: 'proxy.gid, proxyInit.runAsGroup and annotation proxy-gid set groups; before, there are none.',
    since: ['edge-24.5.4'],
    source: `${PROXY}, ${INIT}, ${VALIDATOR}`,
  },
  shutdownEndpoint: {
    sentence:
      'LINKERD2_PROXY_SHUTDOWN_ENDPOINT_ENABLED follows proxy.enableShutdownEndpoint and annotation proxy-admin-shutdown.',
    since: ['edge-24.6.2'],
    source: PROXY,
  },
  headerLogging: {
    sentence:
      'proxy.logHTTPHeaders and annotation proxy-log-http-headers keep headers out of the log; a wrong value is denied.',
    since: ['edge-24.6.2'],
    source: PROXY,
  },
  unescapedLog: {
    sentence:
      'A backslash in the log level is an escape, as it is in YAML. (A quote makes a container that is none; here it stays a quote.)',
    since: ['edge-24.6.2'],
    until: ['edge-25.1.1'],
    source: PROXY,
  },
  initFollowsProxyResources: {
    sentence: 'Init container and network validator have the resources of the proxy; before, those of proxyInit.',
    since: ['edge-24.6.4'],
    source: `${INIT}, ${VALIDATOR}`,
  },
  emptyHeaderLogging: {
    sentence: 'An empty proxy.logHTTPHeaders means off; before, it is denied.',
    since: ['edge-24.6.4'],
    source: PROXY,
  },
  auditPolicy: {
    sentence: 'default-inbound-policy may be audit.',
    since: ['edge-24.7.3'],
    source: INJECT,
  },
  validatorConnectDefault: {
    sentence: 'The network validator has an address to connect to where networkValidator.connectAddr is empty.',
    since: ['edge-24.7.4'],
    source: VALIDATOR,
  },
  requestLogging: {
    sentence:
      "The log filter leaves out headers and requests of all targets; before, headers of the proxy's HTTP client.",
    since: ['edge-24.8.1'],
    source: PROXY,
  },
  listenersFollowIPv6: {
    sentence: 'Listeners are on 0.0.0.0 where disableIPv6 is set.',
    since: ['edge-24.8.2'],
    source: PROXY,
  },
  validatorListenDefault: {
    sentence: 'The network validator has an address to listen on where networkValidator.listenAddr is empty.',
    since: ['edge-24.8.2'],
    source: VALIDATOR,
  },
  userTimeouts: {
    sentence: 'LINKERD2_PROXY_INBOUND_ACCEPT_USER_TIMEOUT and OUTBOUND_CONNECT_USER_TIMEOUT are 30s.',
    since: ['edge-24.10.1'],
    source: PROXY,
  },
  podUid: {
    sentence: 'The environment has _pod_uid and _pod_containerName.',
    since: ['edge-25.1.1'],
    source: PROXY,
  },
  closeWaitNeedsRoot: {
    sentence:
      'A close-wait timeout without proxyInit.runAsRoot is denied; before, the init container is privileged all the same.',
    since: ['edge-25.1.1'],
    source: INIT,
  },
  runtimeWorkers: {
    sentence:
      'proxy.runtime.workers and annotations proxy-cpu-request, proxy-cpu-limit and proxy-cpu-ratio-limit set LINKERD2_PROXY_CORES, CORES_MIN, CORES_MAX and CORES_MAX_RATIO; before, proxy-cpu-limit sets LINKERD2_PROXY_CORES alone.',
    since: ['edge-25.3.3'],
    source: PROXY,
  },
  debugImageAnnotations: {
    sentence:
      "Annotations debug-image, debug-image-version and debug-image-pull-policy count; before, the values' image.",
    since: ['edge-25.3.3'],
    source: INJECT,
  },
  hostnameLabels: {
    sentence:
      'LINKERD2_PROXY_OUTBOUND_METRICS_HOSTNAME_LABELS follows proxy.metrics.hostnameLabels and annotation proxy-metrics-hostname-labels.',
    since: ['edge-25.3.4'],
    source: PROXY,
  },
  podIp: {
    sentence: 'The environment has _pod_ip.',
    since: ['edge-25.5.5'],
    source: PROXY,
  },
  ownSecurityContexts: {
    sentence:
      'proxy.securityContext and networkValidator.securityContext replace those of the containers; before, networkValidator.enableSecurityContext turns its own off.',
    since: ['edge-25.8.4'],
    source: `${PROXY}, ${VALIDATOR}`,
  },
  tracing: {
    sentence:
      'proxy.tracing, annotations resource.opentelemetry.io/… and labels app.kubernetes.io/instance and name set LINKERD2_PROXY_TRACE_….',
    since: ['edge-25.10.2'],
    source: PROXY,
  },
  betaNativeAnnotation: {
    sentence: 'Annotation config.beta.linkerd.io/proxy-enable-native-sidecar comes before the alpha one.',
    since: ['edge-25.10.2'],
    source: INJECT,
  },
  inheritBetaNative: {
    sentence: 'The beta annotation for native sidecars is inherited from the namespace.',
    since: ['edge-25.10.2'],
    until: ['edge-26.5.2'],
    source: INJECT,
  },
  podinfoVolume: {
    sentence: "With tracing the proxy has a volume with the pod's labels.",
    since: ['edge-25.11.1'],
    source: PATCH,
  },
  initImageOfProxy: {
    sentence:
      'linkerd-init runs the image of the proxy; before, the one of proxyInit and annotations init-image and init-image-version.',
    since: ['edge-25.11.3'],
    source: INIT,
  },
  portsOfInits: {
    sentence: "Init containers' ports count as inbound ports, as opaque ports and for their names.",
    since: ['edge-25.12.2'],
    source: INJECT,
  },
  additionalEnvAnnotation: {
    sentence: 'Annotation proxy-additional-env adds variables, of the namespace and of the pod.',
    since: ['edge-26.4.3'],
    source: INJECT,
  },
  nativeAnnotation: {
    sentence: 'Annotation config.linkerd.io/proxy-enable-native-sidecar comes before beta and alpha, and is inherited.',
    since: ['edge-26.5.2'],
    source: INJECT,
  },
  collectorInTrustDomain: {
    sentence: "The trace collector's identity is in the identity trust domain; before, in clusterDomain.",
    since: ['edge-26.7.1'],
    source: PROXY,
  },
} as const satisfies Record<string, SwitchRow>;

export type LinkerdSwitch = keyof typeof LINKERD_SWITCHES;
export type Features = Switches<LinkerdSwitch>;

/** Lines of releases: the patches of 2.14, then all edges. */
const STABLE_LINE = 14;
const EDGE_LINE = 15;
const STABLE = /^stable-2\.14\.(\d{1,3})$/;
const EDGE = /^edge-(\d{2})\.(\d{1,2})\.(\d{1,2})$/;

/** The place of `stable-2.14.N` or `edge-YEAR.MONTH.N`; undefined for other names. */
export function placeOf(name: string): Place | undefined {
  const stable = STABLE.exec(name);
  if (stable !== null) return { line: STABLE_LINE, patch: Number(stable[1]) };
  const edge = EDGE.exec(name);
  if (edge === null) return undefined;
  return { line: EDGE_LINE, patch: (Number(edge[1]) * 100 + Number(edge[2])) * 100 + Number(edge[3]) };
}

/** The same for names of the table. */
export function linkerdPlace(name: string): Place {
  const place = placeOf(name);
  if (place === undefined) throw new Error(`${name} is no release of Linkerd`);
  return place;
}

/** The switches of a release. */
export function featuresAt(place: Place): Features {
  return switchesAt<LinkerdSwitch>(LINKERD_SWITCHES, place, linkerdPlace);
}

/** The switches of the newest release. */
export const NEWEST: Features = featuresAt({ line: Number.MAX_SAFE_INTEGER, patch: 0 });
