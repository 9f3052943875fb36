/**
 * The configuration that Istio starts from (pkg/config/mesh), before a mesh says anything.
 */
import type { YamlObject } from '../../../yaml/value.ts';
import { featuresAt } from '../features.ts';
import type { MeshConfig, ProxyConfig } from './config.ts';
import { MessageDecoder } from './decode-message.ts';
import { MESH_CONFIG, PROXY_CONFIG } from './mesh-schema.ts';

const PROXY_DEFAULTS: YamlObject = {
  configPath: './etc/istio/proxy',
  binaryPath: '/usr/local/bin/envoy',
  serviceCluster: 'istio-proxy',
  drainDuration: '45s',
  terminationDrainDuration: '5s',
  discoveryAddress: 'istiod.istio-system.svc:15012',
  proxyAdminPort: 15000,
  controlPlaneAuthPolicy: 'MUTUAL_TLS',
  statNameLength: 189,
  statusPort: 15020,
};

const ZIPKIN_DEFAULT: YamlObject = { tracing: { zipkin: { address: 'zipkin.istio-system:9411' } } };

/** Fields that a release does not know yet (inboundTrafficPolicy before 1.22) fall away when these are decoded. */
const MESH_DEFAULTS: YamlObject = {
  enableTracing: true,
  protocolDetectionTimeout: '0s',
  ingressService: 'istio-ingressgateway',
  ingressControllerMode: 'STRICT',
  ingressClass: 'istio',
  trustDomain: 'cluster.local',
  trustDomainAliases: [],
  enableAutoMtls: true,
  outboundTrafficPolicy: { mode: 'ALLOW_ANY' },
  inboundTrafficPolicy: { mode: 'PASSTHROUGH' },
  localityLbSetting: { enabled: true },
  certificates: [],
  rootNamespace: 'istio-system',
  proxyListenPort: 15001,
  proxyInboundListenPort: 15006,
  connectTimeout: '10s',
  defaultServiceExportTo: ['*'],
  defaultVirtualServiceExportTo: ['*'],
  defaultDestinationRuleExportTo: ['*'],
  dnsRefreshRate: '60s',
  serviceSettings: [],
  enablePrometheusMerge: true,
  defaultProviders: {},
  extensionProviders: [
    { name: 'prometheus', prometheus: {} },
    { name: 'stackdriver', stackdriver: {} },
    { name: 'envoy', envoyFileAccessLog: { path: '/dev/stdout' } },
  ],
};

/** The proxy configuration of a release, given by its minor number. */
export function defaultProxyConfig(minor: number): ProxyConfig {
  const { zipkinByDefault } = featuresAt({ line: minor, patch: 0 });
  const defaults = zipkinByDefault ? { ...PROXY_DEFAULTS, ...ZIPKIN_DEFAULT } : PROXY_DEFAULTS;
  return new MessageDecoder(minor).decode(PROXY_CONFIG, defaults) as ProxyConfig;
}

/** The mesh configuration of a release, with its `defaultConfig`. */
export function defaultMeshConfig(minor: number): MeshConfig {
  const mesh = new MessageDecoder(minor).decode(MESH_CONFIG, MESH_DEFAULTS);
  return { ...mesh, defaultConfig: defaultProxyConfig(minor) };
}
