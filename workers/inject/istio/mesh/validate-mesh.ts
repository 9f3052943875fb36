/**
 * What Istio demands of a mesh configuration (ValidateMeshConfig). A configuration with a problem is not taken by istiod.
 * Istio's warnings (unknown ECDH curves, extension providers that could not work) are not reported.
 */
import { checkPort, checkTrustDomain, checkWildcardDomain } from './address.ts';
import { Checker } from './checker.ts';
import type { MeshConfig } from './config.ts';
import { nanosOf } from './duration.ts';
import type { MeshProblem } from './mesh-error.ts';
import { checkLocalityLoadBalancing, checkZoneAwareLoadBalancing } from './validate-locality.ts';
import { type ProxyDemands, validateProxyConfig } from './validate-proxy.ts';
import { checkInboundRetries, checkTrafficPolicy } from './validate-traffic.ts';

const NANOS_PER_MILLISECOND = 1_000_000n;
const MAX_CONNECT_TIMEOUT_NANOS = 3_600n * 1_000_000_000n;

/** Everything wrong with the configuration, code MESH_CONFIG_INVALID. */
export function validateMeshConfig(config: MeshConfig, demands?: ProxyDemands): readonly MeshProblem[] {
  const mesh = new Checker(config);
  mesh.report('proxyListenPort', checkPort(mesh.number('proxyListenPort')));
  checkTimeouts(mesh);
  checkTrust(mesh);
  checkHosts(mesh);
  const locality = mesh.within('localityLbSetting');
  if (locality !== undefined) checkLocalityLoadBalancing(locality);
  const zoneAware = mesh.within('zoneAwareLbSetting');
  if (zoneAware !== undefined) checkZoneAwareLoadBalancing(zoneAware);
  const tls = mesh.within('meshMTLS');
  if (tls !== undefined && tls.texts('ecdhCurves').length > 0) tls.report('ecdhCurves', 'is not supported here');
  const policy = mesh.within('defaultTrafficPolicy');
  if (policy !== undefined) checkTrafficPolicy(policy);
  const retries = mesh.within('defaultInboundHttpRetryPolicy');
  if (retries !== undefined) checkInboundRetries(retries);
  return [...mesh.problems, ...validateProxyConfig(config.defaultConfig ?? {}, 'defaultConfig', demands)];
}

function checkTimeouts(mesh: Checker): void {
  if (mesh.requireDuration('connectTimeout') && nanosOf(mesh.duration('connectTimeout')) > MAX_CONNECT_TIMEOUT_NANOS) {
    mesh.report('connectTimeout', 'must be at most 1h');
  }
  // Zero switches protocol detection's timeout off.
  if (nanosOf(mesh.duration('protocolDetectionTimeout')) % NANOS_PER_MILLISECOND !== 0n) {
    mesh.report('protocolDetectionTimeout', 'must be whole milliseconds');
  }
}

function checkTrust(mesh: Checker): void {
  mesh.report('trustDomain', checkTrustDomain(mesh.text('trustDomain')));
  mesh.texts('trustDomainAliases').forEach((alias, index) => {
    mesh.report(`trustDomainAliases[${index}]`, checkTrustDomain(alias));
  });
}

function checkHosts(mesh: Checker): void {
  for (const settings of mesh.each('serviceSettings')) {
    settings.texts('hosts').forEach((host, index) => {
      settings.report(`hosts[${index}]`, checkWildcardDomain(host));
    });
  }
}
