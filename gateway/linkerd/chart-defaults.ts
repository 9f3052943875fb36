/**
 * Defaults of Linkerd's chart (linkerd-control-plane), as far as they show in pods: what a Helm user's own values stand on. One layer for the oldest
 * release and one for each later line that changed something; an edge between two lines has those of the line before it.
 */
import { linkerdPlace } from '../../workers/inject/linkerd/features.ts';
import type { Place } from '../../workers/inject/release/switches.ts';
import type { JsonObject } from '../../workers/template/value.ts';
import { mergeHelmValues } from './helm-values.ts';

const UNSET = { limit: '', request: '' };
const RUN_LOCK = { name: 'linkerd-proxy-init-xtables-lock', mountPath: '/run', readOnly: false };
const HTTP2 = { server: { http2: { keepAliveInterval: '10s', keepAliveTimeout: '3s' } } };

const OLDEST: JsonObject = {
  imagePullPolicy: 'IfNotPresent',
  clusterDomain: 'cluster.local',
  clusterNetworks: '10.0.0.0/8,100.64.0.0/10,172.16.0.0/12,192.168.0.0/16',
  cniEnabled: false,
  identityTrustDomain: '',
  identity: { serviceAccountTokenProjection: true },
  debugContainer: { image: { name: 'cr.l5d.io/linkerd/debug', pullPolicy: '' } },
  proxy: {
    image: { name: 'cr.l5d.io/linkerd/proxy', pullPolicy: '', version: '' },
    ports: { admin: 4191, control: 4190, inbound: 4143, outbound: 4140 },
    resources: { cpu: UNSET, memory: UNSET, 'ephemeral-storage': UNSET },
    logLevel: 'warn,linkerd=info,trust_dns=error',
    logFormat: 'plain',
    accessLog: '',
    opaquePorts: '25,587,3306,4444,5432,6379,9300,11211',
    defaultInboundPolicy: 'all-unauthenticated',
    requireIdentityOnInboundPorts: '',
    await: true,
    waitBeforeExitSeconds: 0,
    shutdownGracePeriod: '',
    inboundConnectTimeout: '100ms',
    outboundConnectTimeout: '1000ms',
    inboundDiscoveryCacheUnusedTimeout: '90s',
    outboundDiscoveryCacheUnusedTimeout: '5s',
    disableInboundProtocolDetectTimeout: false,
    disableOutboundProtocolDetectTimeout: false,
    enableExternalProfiles: false,
    isGateway: false,
    isIngress: false,
    uid: 2102,
  },
  proxyInit: {
    image: { name: 'cr.l5d.io/linkerd/proxy-init', pullPolicy: '', version: 'v2.2.3' },
    iptablesMode: 'legacy',
    ignoreInboundPorts: '4567,4568',
    ignoreOutboundPorts: '4567,4568',
    skipSubnets: '',
    closeWaitTimeoutSecs: 0,
    logLevel: '',
    logFormat: '',
    privileged: false,
    runAsRoot: false,
    runAsUser: 65_534,
    resources: {
      cpu: { limit: '100m', request: '100m' },
      memory: { limit: '20Mi', request: '20Mi' },
      'ephemeral-storage': UNSET,
    },
    xtMountPath: RUN_LOCK,
  },
  networkValidator: {
    logLevel: 'debug',
    logFormat: 'plain',
    connectAddr: '1.1.1.1:20001',
    listenAddr: '0.0.0.0:4140',
    timeout: '10s',
    enableSecurityContext: true,
  },
};

/** null takes a member away. */
const LAYERS: readonly (readonly [since: string, layer: JsonObject])[] = [
  [
    'edge-24.2.4',
    {
      proxy: {
        control: { streams: { initialTimeout: '3s', idleTimeout: '5m', lifetime: '1h' } },
        livenessProbe: { initialDelaySeconds: 10, timeoutSeconds: 1 },
        readinessProbe: { initialDelaySeconds: 2, timeoutSeconds: 1 },
        startupProbe: { initialDelaySeconds: 0, periodSeconds: 1, failureThreshold: 120 },
        nativeSidecar: false,
      },
      proxyInit: { image: { version: 'v2.2.4' } },
    },
  ],
  [
    'edge-24.8.2',
    {
      clusterNetworks: '10.0.0.0/8,100.64.0.0/10,172.16.0.0/12,192.168.0.0/16,fd00::/8',
      disableIPv6: true,
      proxy: {
        enableShutdownEndpoint: false,
        gid: -1,
        inbound: HTTP2,
        outbound: HTTP2,
        logHTTPHeaders: 'off',
        logLevel: 'warn,linkerd=info,hickory=error',
      },
      proxyInit: { image: { version: 'v2.4.1' }, resources: null, runAsGroup: 65_534 },
      networkValidator: { connectAddr: '', listenAddr: '' },
    },
  ],
  [
    'edge-25.4.4',
    {
      proxy: { metrics: { hostnameLabels: false }, runtime: { workers: { minimum: 1 } } },
      proxyInit: { image: { version: 'v2.4.2' } },
    },
  ],
  [
    'edge-25.10.7',
    {
      proxy: {
        tracing: {
          enabled: false,
          protocol: '',
          traceServiceName: 'linkerd-proxy',
          collector: { endpoint: '', meshIdentity: { namespace: '', serviceAccountName: '' } },
          labels: {
            'k8s.container.name': '$(_pod_containerName)',
            'k8s.pod.ip': '$(_pod_ip)',
            'k8s.pod.uid': '$(_pod_uid)',
          },
        },
      },
      proxyInit: { image: { version: 'v2.4.3' }, iptablesMode: 'nft' },
      networkValidator: {
        enableSecurityContext: null,
        securityContext: {
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
          readOnlyRootFilesystem: true,
          runAsGroup: 65_534,
          runAsNonRoot: true,
          runAsUser: 65_534,
          seccompProfile: { type: 'RuntimeDefault' },
        },
      },
    },
  ],
  ['edge-26.6.3', { proxy: { nativeSidecar: true }, proxyInit: { image: null } }],
];

/** The defaults of a release; its name is the version of images that have none of their own. */
export function chartDefaults({ name, line, patch }: Place & { readonly name: string }): JsonObject {
  let values: JsonObject = mergeHelmValues(OLDEST, {
    linkerdVersion: name,
    debugContainer: { image: { version: name } },
  });
  for (const [since, layer] of LAYERS) {
    const place = linkerdPlace(since);
    if (place.line < line || (place.line === line && place.patch <= patch)) values = mergeHelmValues(values, layer);
  }
  return values;
}
