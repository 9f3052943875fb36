/**
 * The containers and volumes Linkerd adds: linkerd-proxy, linkerd-init, linkerd-network-validator, linkerd-debug (charts/partials).
 * Built as data, not as text: what an annotation says can not change their shape.
 */
import type { JsonObject, JsonValue } from '../../template/value.ts';
import type { Features } from './features.ts';
import { numberText } from './number-text.ts';
import { type ProxyContext, proxyEnv } from './proxy-env.ts';
import type { LinkerdValues, ProxyValues, Resources } from './values.ts';

const NOBODY = 65_534;
export const XTABLES_VOLUME = 'linkerd-proxy-init-xtables-lock';

/** Where Linkerd's template has a YAML plain scalar: without the space around it. */
function plain(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '');
}

function image(name: string, version: string, values: LinkerdValues): string {
  return plain(`${name}:${version || values.linkerdVersion}`);
}

function proxyImage({ proxy, values }: ProxyContext): JsonObject {
  return {
    image: image(proxy.imageName, proxy.imageVersion, values),
    imagePullPolicy: plain(proxy.imagePullPolicy || values.imagePullPolicy),
  };
}

/** Amounts that are set; a member without any is left out, as it is null in Linkerd's. */
function resources(proxy: Resources): JsonObject {
  const list = (cpu: string, memory: string, storage: string): JsonObject => ({
    ...(cpu === '' ? {} : { cpu }),
    ...(memory === '' ? {} : { memory }),
    ...(storage === '' ? {} : { 'ephemeral-storage': storage }),
  });
  const limits = list(proxy.cpuLimit, proxy.memoryLimit, proxy.ephemeralStorageLimit);
  const requests = list(proxy.cpuRequest, proxy.memoryRequest, proxy.ephemeralStorageRequest);
  return {
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
    ...(Object.keys(requests).length === 0 ? {} : { requests }),
  };
}

/** linkerd-init's own image, until it was the proxy's. */
function initImage(context: ProxyContext): JsonObject {
  const { proxy, values } = context;
  if (values.profile.features.initImageOfProxy) {
    return { ...proxyImage(context), command: ['/usr/lib/linkerd/linkerd2-proxy-init'] };
  }
  return {
    image: plain(`${proxy.initImageName}:${proxy.initImageVersion}`),
    imagePullPolicy: plain(proxy.initImagePullPolicy || values.imagePullPolicy),
  };
}

/** Of linkerd-init and the network validator. */
function initResources({ proxy, values }: ProxyContext): JsonObject {
  return resources(values.init.resources ?? proxy);
}

function saMount({ proxy }: ProxyContext): JsonObject[] {
  return proxy.saMount === null ? [] : [{ ...proxy.saMount }];
}

function integer(value: bigint): JsonValue {
  return Number(value);
}

export function proxyContainer(context: ProxyContext): JsonObject {
  const { proxy, values } = context;
  const { features } = values.profile;
  const httpGet = (path: string): JsonObject => ({ path, port: proxy.adminPort });
  const container: JsonObject = {
    name: 'linkerd-proxy',
    ...proxyImage(context),
    env: proxyEnv(context),
    livenessProbe: { httpGet: httpGet('/live'), ...values.livenessProbe },
    ports: [
      { containerPort: proxy.inboundPort, name: 'linkerd-proxy' },
      { containerPort: proxy.adminPort, name: 'linkerd-admin' },
    ],
    readinessProbe: { httpGet: httpGet('/ready'), ...values.readinessProbe },
    resources: resources(proxy),
    securityContext: values.securityContext ?? proxySecurityContext(proxy, features),
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [
      { mountPath: '/var/run/linkerd/identity/end-entity', name: 'linkerd-identity-end-entity' },
      ...(hasPodinfo(values) ? [{ mountPath: '/var/run/linkerd/podinfo', name: 'linkerd-podinfo' }] : []),
      ...(values.tokenProjection ? [{ mountPath: '/var/run/secrets/tokens', name: 'linkerd-identity-token' }] : []),
      ...saMount(context),
    ],
  };
  if (proxy.nativeSidecar) {
    container['restartPolicy'] = 'Always';
    if (proxy.await && values.startupProbe !== null) {
      container['startupProbe'] = { httpGet: httpGet('/ready'), ...values.startupProbe };
    }
    return container;
  }
  const lifecycle: JsonObject = {};
  if (proxy.await) {
    const command = ['/usr/lib/linkerd/linkerd-await', '--timeout=2m', `--port=${numberText(proxy.adminPort)}`];
    lifecycle['postStart'] = { exec: { command } };
  }
  if (proxy.waitBeforeExitSeconds !== 0n) {
    lifecycle['preStop'] = { exec: { command: ['/bin/sleep', numberText(proxy.waitBeforeExitSeconds)] } };
  }
  if (proxy.await || proxy.waitBeforeExitSeconds !== 0n) container['lifecycle'] = lifecycle;
  return container;
}

/** Whether the proxy reads the pod's labels, for its traces. */
function hasPodinfo({ tracing, profile }: LinkerdValues): boolean {
  return profile.features.podinfoVolume && tracing?.enabled === true;
}

/** The group passes through float64 on its way to the template, where what int64 no longer holds turns negative. */
function hasGroup({ gid }: Readonly<ProxyValues>): boolean {
  return gid >= 0n && Number(gid) < 2 ** 63;
}

function proxySecurityContext(proxy: Readonly<ProxyValues>, { groups }: Features): JsonObject {
  const { capabilitiesAdd: add, capabilitiesDrop: drop } = proxy;
  const capabilities: JsonObject = {
    ...(add.length === 0 ? {} : { add: [...add] }),
    ...(drop.length === 0 ? {} : { drop: [...drop] }),
  };
  return {
    allowPrivilegeEscalation: false,
    ...(proxy.hasCapabilities ? { capabilities } : {}),
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
    runAsUser: integer(proxy.uid),
    ...(groups && hasGroup(proxy) ? { runAsGroup: integer(proxy.gid) } : {}),
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

export function initContainer(context: ProxyContext): JsonObject {
  const { proxy, values } = context;
  const { init, profile } = values;
  const { groups } = profile.features;
  const privileged = proxy.closeWaitTimeoutSecs !== 0n || init.privileged;
  const add = proxy.hasCapabilities ? proxy.capabilitiesAdd : init.capabilitiesAdd;
  // The init container needs what an app may have dropped.
  const drop = proxy.hasCapabilities
    ? proxy.capabilitiesDrop.filter((each) => each !== 'NET_RAW' && each !== 'NET_ADMIN')
    : [...init.capabilitiesDrop];
  const user = init.runAsRoot
    ? { ...(groups ? { runAsGroup: 0 } : {}), runAsNonRoot: false, runAsUser: 0 }
    : {
        runAsNonRoot: true,
        runAsUser: init.runAsUser === 0n ? NOBODY : integer(init.runAsUser),
        ...(groups ? { runAsGroup: init.runAsGroup === 0n ? NOBODY : integer(init.runAsGroup) } : {}),
      };
  return {
    name: 'linkerd-init',
    ...initImage(context),
    args: initArgs(context),
    resources: initResources(context),
    securityContext: {
      allowPrivilegeEscalation: privileged,
      capabilities: {
        add: ['NET_ADMIN', 'NET_RAW', ...add],
        ...(drop.length === 0 ? {} : { drop }),
      },
      privileged,
      ...user,
      readOnlyRootFilesystem: true,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [
      ...(init.xtMount === null ? [] : [{ mountPath: init.xtMount.mountPath, name: init.xtMount.name }]),
      ...saMount(context),
    ],
  };
}

function initArgs({ proxy, values }: ProxyContext): string[] {
  const { init } = values;
  const { groups, ipv6Argument } = values.profile.features;
  const ignoredInbound = proxy.ignoreInboundPorts === '' ? '' : `,${proxy.ignoreInboundPorts}`;
  return [
    ...(init.iptablesMode === 'nft'
      ? ['--firewall-bin-path', 'iptables-nft', '--firewall-save-bin-path', 'iptables-nft-save']
      : []),
    ...(ipv6Argument && values.disableIPv6 ? ['--ipv6=false'] : []),
    ...['--incoming-proxy-port', numberText(proxy.inboundPort)],
    ...['--outgoing-proxy-port', numberText(proxy.outboundPort)],
    ...['--proxy-uid', numberText(proxy.uid)],
    ...(groups && hasGroup(proxy) ? ['--proxy-gid', numberText(proxy.gid)] : []),
    ...[
      '--inbound-ports-to-ignore',
      `${numberText(proxy.controlPort)},${numberText(proxy.adminPort)}${ignoredInbound}`,
    ],
    ...(proxy.ignoreOutboundPorts === '' ? [] : ['--outbound-ports-to-ignore', proxy.ignoreOutboundPorts]),
    ...(proxy.closeWaitTimeoutSecs === 0n ? [] : ['--timeout-close-wait-secs', numberText(proxy.closeWaitTimeoutSecs)]),
    ...(init.logFormat === '' ? [] : ['--log-format', init.logFormat]),
    ...(init.logLevel === '' ? [] : ['--log-level', init.logLevel]),
    ...(proxy.skipSubnets === '' ? [] : ['--subnets-to-ignore', proxy.skipSubnets]),
  ];
}

export function networkValidator(context: ProxyContext): JsonObject {
  const { values } = context;
  const { validator } = values;
  const { groups, validatorConnectDefault, validatorListenDefault } = values.profile.features;
  const connect = values.disableIPv6 ? '1.1.1.1:20001' : '[fd00::1]:20001';
  const listen = values.disableIPv6 ? '0.0.0.0:4140' : '[::]:4140';
  const securityContext = validator.securityContext ?? {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    readOnlyRootFilesystem: true,
    ...(groups ? { runAsGroup: NOBODY } : {}),
    runAsNonRoot: true,
    runAsUser: NOBODY,
    seccompProfile: { type: 'RuntimeDefault' },
  };
  return {
    name: 'linkerd-network-validator',
    ...proxyImage(context),
    resources: initResources(context),
    ...(validator.hasSecurityContext ? { securityContext } : {}),
    command: ['/usr/lib/linkerd/linkerd2-network-validator'],
    args: [
      ...['--log-format', validator.logFormat, '--log-level', validator.logLevel],
      ...['--connect-addr', validator.connectAddr || (validatorConnectDefault ? connect : '')],
      ...['--listen-addr', validator.listenAddr || (validatorListenDefault ? listen : '')],
      ...['--timeout', validator.timeout],
    ],
  };
}

export function debugContainer({ proxy, values }: ProxyContext): JsonObject {
  const probe = { exec: { command: ['true'] } };
  return {
    name: 'linkerd-debug',
    image: image(proxy.debugImageName, proxy.debugImageVersion, values),
    imagePullPolicy: plain(proxy.debugImagePullPolicy || values.imagePullPolicy),
    terminationMessagePolicy: 'FallbackToLogsOnError',
    ...(values.profile.features.debugProbes ? { livenessProbe: probe, readinessProbe: probe } : {}),
  };
}

/** The volumes that go with them, in order; the init container's lock is not among them. */
export function proxyVolumes(values: LinkerdValues): JsonObject[] {
  return [
    { name: 'linkerd-identity-end-entity', emptyDir: { medium: 'Memory' } },
    ...(hasPodinfo(values)
      ? [
          {
            name: 'linkerd-podinfo',
            downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] },
          },
        ]
      : []),
    ...(values.tokenProjection
      ? [
          {
            name: 'linkerd-identity-token',
            projected: {
              sources: [
                {
                  serviceAccountToken: {
                    path: 'linkerd-identity-token',
                    expirationSeconds: 86_400,
                    audience: 'identity.l5d.io',
                  },
                },
              ],
            },
          },
        ]
      : []),
  ];
}
