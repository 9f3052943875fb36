/**
 * What flags of `linkerd inject` have changed in the values, as annotations: so a pod that the webhook injects later gets the same
 * (cli/cmd getOverrideAnnotations). Only these settings have an annotation there.
 */
import { config, INJECT, NATIVE_SIDECAR, OPAQUE_PORTS, WAIT_BEFORE_EXIT } from '../annotations.ts';
import type { ProxyValues } from '../values.ts';

type Text = (proxy: Readonly<ProxyValues>) => string;

const SETTINGS: readonly (readonly [annotation: string, text: Text])[] = [
  [config('proxy-version'), (proxy) => proxy.imageVersion],
  [config('skip-inbound-ports'), (proxy) => proxy.ignoreInboundPorts],
  [config('skip-outbound-ports'), (proxy) => proxy.ignoreOutboundPorts],
  [config('admin-port'), (proxy) => String(proxy.adminPort)],
  [config('control-port'), (proxy) => String(proxy.controlPort)],
  [config('inbound-port'), (proxy) => String(proxy.inboundPort)],
  [config('outbound-port'), (proxy) => String(proxy.outboundPort)],
  [OPAQUE_PORTS, (proxy) => proxy.opaquePorts],
  [config('proxy-image'), (proxy) => proxy.imageName],
  [config('debug-image'), (proxy) => proxy.debugImageName],
  [config('debug-image-version'), (proxy) => proxy.debugImageVersion],
  [config('image-pull-policy'), (proxy) => proxy.imagePullPolicy],
  [config('proxy-uid'), (proxy) => String(proxy.uid)],
  [config('proxy-log-level'), (proxy) => proxy.logLevel],
  [config('proxy-log-format'), (proxy) => proxy.logFormat],
  [config('proxy-require-identity-inbound-ports'), (proxy) => proxy.requireIdentityOnInboundPorts],
  [config('enable-external-profiles'), (proxy) => String(proxy.enableExternalProfiles)],
  [config('proxy-metrics-hostname-labels'), (proxy) => String(proxy.hostnameLabels)],
  [config('proxy-cpu-request'), (proxy) => proxy.cpuRequest],
  [config('proxy-cpu-limit'), (proxy) => proxy.cpuLimit],
  [config('proxy-memory-request'), (proxy) => proxy.memoryRequest],
  [config('proxy-memory-limit'), (proxy) => proxy.memoryLimit],
  [WAIT_BEFORE_EXIT, (proxy) => String(proxy.waitBeforeExitSeconds)],
  [config('proxy-await'), (proxy) => (proxy.await ? 'enabled' : 'disabled')],
  [config('default-inbound-policy'), (proxy) => proxy.defaultInboundPolicy],
  [config('access-log'), (proxy) => proxy.accessLog],
  [config('shutdown-grace-period'), (proxy) => proxy.shutdownGracePeriod],
  [NATIVE_SIDECAR, (proxy) => String(proxy.nativeSidecar)],
];

/** Annotations for what differs between the values and what the cluster runs with. */
export function overrideAnnotations(
  proxy: Readonly<ProxyValues>,
  base: Readonly<ProxyValues>,
): Readonly<Record<string, string>> {
  const annotations: Record<string, string> = {};
  for (const [annotation, text] of SETTINGS) {
    const value = text(proxy);
    if (value !== text(base)) annotations[annotation] = value;
  }
  // A negative group means none, which no annotation can say.
  if (proxy.gid >= 0n && (base.gid < 0n || proxy.gid !== base.gid))
    annotations[config('proxy-gid')] = String(proxy.gid);
  if (proxy.isIngress !== base.isIngress) annotations[INJECT] = 'ingress';
  return annotations;
}
