/**
 * A pod's annotations over the revision's values (pkg/inject.ApplyAnnotationOverrides): the key's presence decides, and a value
 * that does not parse leaves what was there. Returns a copy; the values are never changed.
 */
import { parseQuantity, QuantityError, wholeValue } from '../../kube/quantity.ts';
import { parseFloat64 } from '../../template/funcs/sprig/number-text.ts';
import { parseGoJson } from '../../template/gojson.ts';
import type { JsonValue } from '../../template/value.ts';
import { type StringMap, stringAt } from '../istio/pod.ts';
import { atoi, parseBool } from '../istio/strconv.ts';
import {
  ADDITIONAL_ENV,
  CLOSE_WAIT_TIMEOUT,
  config,
  INJECT,
  NATIVE_SIDECAR,
  NATIVE_SIDECAR_ALPHA,
  NATIVE_SIDECAR_BETA,
  OPAQUE_PORTS,
  OTEL_RESOURCE_PREFIX,
  WAIT_BEFORE_EXIT,
} from './annotations.ts';
import { decodeEnv, type EnvVar } from './env-var.ts';
import type { Features } from './features.ts';
import { parseGoDuration, seconds, wholeMilliseconds, wholeSeconds } from './go-duration.ts';
import { resolveOpaquePorts } from './opaque-ports.ts';
import type { ProxyValues } from './values.ts';

type Apply = (proxy: ProxyValues, text: string) => void;
type KeyOf<T> = {
  [K in keyof ProxyValues]: ProxyValues[K] extends T ? (T extends ProxyValues[K] ? K : never) : never;
}[keyof ProxyValues];

const INBOUND_POLICIES: ReadonlySet<string> = new Set([
  'all-unauthenticated',
  'all-authenticated',
  'cluster-unauthenticated',
  'cluster-authenticated',
  'deny',
]);
const MAX_INT32 = 2 ** 31 - 1;
const MAX_INT64 = 2n ** 63n - 1n;
const MAX_UINT64 = 2n ** 64n - 1n;
const SIGNED = /^[+-]?[0-9]{1,40}$/;
const UNSIGNED = /^[0-9]{1,40}$/;

function text(key: KeyOf<string>): Apply {
  return (proxy, value) => {
    proxy[key] = value;
  };
}

function port(key: 'adminPort' | 'controlPort' | 'inboundPort' | 'outboundPort'): Apply {
  return (proxy, value) => {
    const number = atoi(value);
    if (number !== undefined && number <= MAX_INT32 && number >= -MAX_INT32 - 1) proxy[key] = number;
  };
}

function int64(key: 'uid' | 'gid'): Apply {
  return (proxy, value) => {
    if (!SIGNED.test(value)) return;
    const number = BigInt(value.replace(/^\+/, ''));
    if (number <= MAX_INT64 && number >= -MAX_INT64 - 1n) proxy[key] = number;
  };
}

function boolean(key: KeyOf<boolean>): Apply {
  return (proxy, value) => {
    const parsed = parseBool(value);
    if (parsed !== undefined) proxy[key] = parsed;
  };
}

/** Exactly `enabled` or `disabled`. */
function enabled(key: KeyOf<boolean>): Apply {
  return (proxy, value) => {
    if (value === 'enabled' || value === 'disabled') proxy[key] = value === 'enabled';
  };
}

function duration(key: KeyOf<string>, format: (nanoseconds: bigint) => string): Apply {
  return (proxy, value) => {
    const nanoseconds = parseGoDuration(value);
    if (nanoseconds !== undefined) proxy[key] = format(nanoseconds);
  };
}

/**
 * Rounded up; undefined for what is no quantity. Linkerd's own fallback is 0 for what no int64 holds, or what apimachinery does not hold as
 * one (Quantity.AsInt64): very many digits, and fractions of binary units.
 */
function wholeUnits(value: string): bigint | undefined {
  try {
    const quantity = parseQuantity(value);
    if (!quantity.small) return 0n;
    const { unscaled, scale } = quantity;
    const rounded = scale <= 0 ? wholeValue(quantity) : unscaled * 10n ** BigInt(scale);
    return rounded <= MAX_INT64 && rounded >= -MAX_INT64 - 1n ? rounded : 0n;
  } catch (error) {
    if (error instanceof QuantityError) return undefined;
    throw error;
  }
}

/** Taken as it is written when it is a quantity; `whole` gets it rounded up to whole units. */
function quantity(key: KeyOf<string>, whole?: 'workersMinimum' | 'workersMaximum' | 'cores'): Apply {
  return (proxy, value) => {
    const rounded = wholeUnits(value);
    if (rounded === undefined) return;
    proxy[key] = value;
    if (whole !== undefined) proxy[whole] = rounded;
  };
}

type Row = readonly [annotation: string, apply: Apply];

/** In all releases. */
const ALWAYS_APPLIED: readonly Row[] = [
  [
    INJECT,
    (proxy, value) => {
      if (value === 'ingress') proxy.isIngress = true;
    },
  ],
  [config('proxy-image'), text('imageName')],
  [config('proxy-version'), text('imageVersion')],
  [config('control-port'), port('controlPort')],
  [config('inbound-port'), port('inboundPort')],
  [config('admin-port'), port('adminPort')],
  [config('outbound-port'), port('outboundPort')],
  [config('proxy-log-level'), text('logLevel')],
  [config('proxy-log-format'), text('logFormat')],
  [config('proxy-require-identity-inbound-ports'), text('requireIdentityOnInboundPorts')],
  [config('proxy-outbound-connect-timeout'), duration('outboundConnectTimeout', wholeMilliseconds)],
  [config('proxy-inbound-connect-timeout'), duration('inboundConnectTimeout', wholeMilliseconds)],
  [
    config('proxy-outbound-discovery-cache-unused-timeout'),
    duration('outboundDiscoveryCacheUnusedTimeout', wholeSeconds),
  ],
  [
    config('proxy-inbound-discovery-cache-unused-timeout'),
    duration('inboundDiscoveryCacheUnusedTimeout', wholeSeconds),
  ],
  [config('shutdown-grace-period'), duration('shutdownGracePeriod', wholeMilliseconds)],
  [config('enable-gateway'), boolean('isGateway')],
  [
    WAIT_BEFORE_EXIT,
    (proxy, value) => {
      if (!UNSIGNED.test(value)) return;
      const number = BigInt(value);
      if (number <= MAX_UINT64) proxy.waitBeforeExitSeconds = number;
    },
  ],
  [config('proxy-memory-request'), quantity('memoryRequest')],
  [config('proxy-memory-limit'), quantity('memoryLimit')],
  [config('proxy-ephemeral-storage-request'), quantity('ephemeralStorageRequest')],
  [config('proxy-ephemeral-storage-limit'), quantity('ephemeralStorageLimit')],
  [config('proxy-uid'), int64('uid')],
  [config('enable-external-profiles'), boolean('enableExternalProfiles')],
  [config('skip-inbound-ports'), text('ignoreInboundPorts')],
  [config('skip-outbound-ports'), text('ignoreOutboundPorts')],
  [config('proxy-await'), enabled('await')],
  [config('skip-subnets'), text('skipSubnets')],
  [config('access-log'), text('accessLog')],
];

function inboundPolicy(policies: ReadonlySet<string>): Apply {
  return (proxy, value) => {
    if (policies.has(value)) proxy.defaultInboundPolicy = value;
  };
}

/** Both the proxy's and the init container's, where that has an image of its own. */
function bothPullPolicies(proxy: ProxyValues, value: string): void {
  proxy.imagePullPolicy = value;
  proxy.initImagePullPolicy = value;
}

/** Those that a release has in its own way, or not at all. */
function applied(features: Features): readonly (Row | null)[] {
  const only = (isOn: boolean, annotation: string, apply: Apply): Row | null => (isOn ? [annotation, apply] : null);
  return [
    [config('image-pull-policy'), features.initImageOfProxy ? text('imagePullPolicy') : bothPullPolicies],
    only(!features.initImageOfProxy, config('init-image'), text('initImageName')),
    only(!features.initImageOfProxy, config('init-image-version'), text('initImageVersion')),
    only(features.inboundPortsAnnotation, config('pod-inbound-ports'), (proxy, value) => {
      proxy.inboundPorts = value;
    }),
    only(
      features.detectTimeouts,
      config('proxy-disable-outbound-protocol-detect-timeout'),
      boolean('disableOutboundProtocolDetectTimeout'),
    ),
    only(
      features.detectTimeouts,
      config('proxy-disable-inbound-protocol-detect-timeout'),
      boolean('disableInboundProtocolDetectTimeout'),
    ),
    only(features.groups, config('proxy-gid'), int64('gid')),
    only(features.shutdownEndpoint, config('proxy-admin-shutdown'), enabled('enableShutdownEndpoint')),
    only(features.headerLogging, config('proxy-log-http-headers'), text('logHTTPHeaders')),
    only(features.hostnameLabels, config('proxy-metrics-hostname-labels'), boolean('hostnameLabels')),
    only(features.debugImageAnnotations, config('debug-image'), text('debugImageName')),
    only(features.debugImageAnnotations, config('debug-image-version'), text('debugImageVersion')),
    only(features.debugImageAnnotations, config('debug-image-pull-policy'), text('debugImagePullPolicy')),
    [
      config('default-inbound-policy'),
      inboundPolicy(features.auditPolicy ? new Set([...INBOUND_POLICIES, 'audit']) : INBOUND_POLICIES),
    ],
    [
      config('proxy-cpu-request'),
      features.runtimeWorkers ? quantity('cpuRequest', 'workersMinimum') : quantity('cpuRequest'),
    ],
    [config('proxy-cpu-limit'), quantity('cpuLimit', features.runtimeWorkers ? 'workersMaximum' : 'cores')],
    only(features.runtimeWorkers, config('proxy-cpu-ratio-limit'), (proxy, value) => {
      const ratio = parseFloat64(value);
      // Written this way round, as Linkerd has it, `nan` is in between.
      if (ratio !== null && !(ratio <= 0 || ratio >= 1)) proxy.workersMaximumCPURatio = ratio;
    }),
  ];
}

/** What a release's annotations change of the values: one setter for each annotation. Which of them decides, where several do. */
export interface Overrides {
  readonly apply: ReadonlyMap<string, Apply>;
  /** Annotations for a native sidecar: the first that is present decides, even when its value does not parse. */
  readonly native: readonly string[];
  readonly additionalEnv: boolean;
}

/** The table for a release; make it once for each revision. */
export function overridesOf(features: Features): Overrides {
  const native = [
    ...(features.nativeAnnotation ? [NATIVE_SIDECAR] : []),
    ...(features.betaNativeAnnotation ? [NATIVE_SIDECAR_BETA] : []),
    ...(features.nativeSidecars ? [NATIVE_SIDECAR_ALPHA] : []),
  ];
  const ofRelease = applied(features).filter((row) => row !== null);
  return { apply: new Map([...ALWAYS_APPLIED, ...ofRelease]), native, additionalEnv: features.additionalEnvAnnotation };
}

export interface OverrideInput {
  /** The pod's own annotations with those it is given (inherited, created-by, default opaque ports). */
  readonly annotations: Readonly<Record<string, string>>;
  readonly labels: StringMap | undefined;
  /** The pod's own annotations only. */
  readonly own: StringMap | undefined;
  readonly namespace: Readonly<Record<string, string>>;
  /** Named container ports of the pod. */
  readonly namedPorts: ReadonlyMap<string, number>;
  readonly tracing: boolean;
  /** Of the revision's release. */
  readonly overrides: Overrides;
}

export function applyOverrides(values: Readonly<ProxyValues>, input: OverrideInput): ProxyValues {
  const { apply: setters, native, additionalEnv } = input.overrides;
  const proxy: ProxyValues = { ...values };
  const { annotations } = input;
  const traceLabels: Record<string, string> | null = input.tracing
    ? Object.assign(Object.create(null), values.traceLabels)
    : null;
  const service =
    stringAt(input.labels, 'app.kubernetes.io/instance') ?? stringAt(input.labels, 'app.kubernetes.io/name');
  if (traceLabels !== null && service !== undefined) traceLabels['service.name'] = service;
  for (const key of Object.keys(annotations)) {
    const value = annotations[key] ?? '';
    const apply = setters.get(key);
    if (apply !== undefined) apply(proxy, value);
    else if (key === OPAQUE_PORTS) proxy.opaquePorts = resolveOpaquePorts(value, input.namedPorts);
    else if (traceLabels !== null && key.startsWith(OTEL_RESOURCE_PREFIX))
      traceLabels[key.slice(OTEL_RESOURCE_PREFIX.length)] = value;
  }
  if (traceLabels !== null) proxy.traceLabels = traceLabels;
  for (const annotation of native) {
    const value = stringAt(annotations, annotation);
    if (value === undefined) continue;
    proxy.nativeSidecar = parseBool(value) ?? proxy.nativeSidecar;
    break;
  }
  if (additionalEnv) {
    const ofNamespace = mergeEnv(values.additionalEnv, stringAt(input.namespace, ADDITIONAL_ENV));
    proxy.additionalEnv = mergeEnv(ofNamespace, stringAt(input.own, ADDITIONAL_ENV));
  }
  const closeWait = stringAt(annotations, CLOSE_WAIT_TIMEOUT) ?? '';
  const nanoseconds = closeWait === '' ? undefined : parseGoDuration(closeWait);
  if (nanoseconds !== undefined) proxy.closeWaitTimeoutSecs = BigInt(Math.trunc(seconds(nanoseconds)));
  return proxy;
}

/** Variables of a JSON list over `list`, by name; a text that is no such list changes nothing. */
function mergeEnv(list: readonly EnvVar[], json: string | undefined): readonly EnvVar[] {
  if (json === undefined || json === '') return list;
  let parsed: readonly EnvVar[] | undefined;
  try {
    parsed = decodeEnv(parseGoJson(json) as JsonValue);
  } catch {
    parsed = undefined;
  }
  if (parsed === undefined || parsed.length === 0) return list;
  const merged = [...list];
  for (const variable of parsed) {
    const at = merged.findIndex((each) => each.name === variable.name);
    if (at >= 0) merged[at] = variable;
    else merged.push(variable);
  }
  return merged;
}
