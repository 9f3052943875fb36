/**
 * A pod's annotations over the revision's values (pkg/inject.ApplyAnnotationOverrides): the key's presence decides, and a value
 * that does not parse leaves what was there. Returns a copy; the values are never changed.
 */
import { parseQuantity, QuantityError, wholeValue } from '../../kube/quantity.ts';
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
import { parseGoDuration, seconds, wholeMilliseconds, wholeSeconds } from './go-duration.ts';
import { resolveOpaquePorts } from './opaque-ports.ts';
import { decodeEnv, type EnvVar, type ProxyValues } from './values.ts';

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
  'audit',
]);
const MAX_INT32 = 2 ** 31 - 1;
const MAX_INT64 = 2n ** 63n - 1n;
const MAX_UINT64 = 2n ** 64n - 1n;
const SIGNED = /^[+-]?[0-9]{1,40}$/;
const UNSIGNED = /^[0-9]{1,40}$/;
/** strconv.ParseFloat's decimal grammar; hexadecimal floats and `nan` are not ratios anybody writes. */
const DECIMAL = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;

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

/** Rounded up; undefined for what is no quantity. */
function wholeUnits(value: string): bigint | undefined {
  try {
    return wholeValue(parseQuantity(value));
  } catch (error) {
    if (error instanceof QuantityError) return undefined;
    throw error;
  }
}

/** Taken as it is written when it is a quantity; `whole` gets it rounded up to whole units. */
function quantity(key: KeyOf<string>, whole?: 'workersMinimum' | 'workersMaximum'): Apply {
  return (proxy, value) => {
    const rounded = wholeUnits(value);
    if (rounded === undefined) return;
    proxy[key] = value;
    // Linkerd's own fallback for what no int64 holds is 0.
    if (whole !== undefined) proxy[whole] = rounded <= MAX_INT64 && rounded >= -MAX_INT64 - 1n ? rounded : 0n;
  };
}

const APPLY: ReadonlyMap<string, Apply> = new Map<string, Apply>([
  [
    INJECT,
    (proxy, value) => {
      if (value === 'ingress') proxy.isIngress = true;
    },
  ],
  [config('proxy-image'), text('imageName')],
  [config('proxy-version'), text('imageVersion')],
  [config('image-pull-policy'), text('imagePullPolicy')],
  [config('control-port'), port('controlPort')],
  [config('inbound-port'), port('inboundPort')],
  [config('admin-port'), port('adminPort')],
  [config('outbound-port'), port('outboundPort')],
  [config('proxy-admin-shutdown'), enabled('enableShutdownEndpoint')],
  [config('proxy-log-level'), text('logLevel')],
  [config('proxy-log-http-headers'), text('logHTTPHeaders')],
  [config('proxy-log-format'), text('logFormat')],
  [config('proxy-require-identity-inbound-ports'), text('requireIdentityOnInboundPorts')],
  [config('proxy-metrics-hostname-labels'), boolean('hostnameLabels')],
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
  [config('proxy-disable-outbound-protocol-detect-timeout'), boolean('disableOutboundProtocolDetectTimeout')],
  [config('proxy-disable-inbound-protocol-detect-timeout'), boolean('disableInboundProtocolDetectTimeout')],
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
  [config('proxy-cpu-request'), quantity('cpuRequest', 'workersMinimum')],
  [config('proxy-cpu-limit'), quantity('cpuLimit', 'workersMaximum')],
  [
    config('proxy-cpu-ratio-limit'),
    (proxy, value) => {
      const ratio = DECIMAL.test(value) ? Number(value) : 0;
      if (ratio > 0 && ratio < 1) proxy.workersMaximumCPURatio = ratio;
    },
  ],
  [config('proxy-memory-request'), quantity('memoryRequest')],
  [config('proxy-memory-limit'), quantity('memoryLimit')],
  [config('proxy-ephemeral-storage-request'), quantity('ephemeralStorageRequest')],
  [config('proxy-ephemeral-storage-limit'), quantity('ephemeralStorageLimit')],
  [config('proxy-uid'), int64('uid')],
  [config('proxy-gid'), int64('gid')],
  [config('enable-external-profiles'), boolean('enableExternalProfiles')],
  [config('skip-inbound-ports'), text('ignoreInboundPorts')],
  [config('skip-outbound-ports'), text('ignoreOutboundPorts')],
  [config('debug-image'), text('debugImageName')],
  [config('debug-image-version'), text('debugImageVersion')],
  [config('debug-image-pull-policy'), text('debugImagePullPolicy')],
  [config('proxy-await'), enabled('await')],
  [
    config('default-inbound-policy'),
    (proxy, value) => {
      if (INBOUND_POLICIES.has(value)) proxy.defaultInboundPolicy = value;
    },
  ],
  [config('skip-subnets'), text('skipSubnets')],
  [config('access-log'), text('accessLog')],
]);

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
}

export function applyOverrides(values: Readonly<ProxyValues>, input: OverrideInput): ProxyValues {
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
    const apply = APPLY.get(key);
    if (apply !== undefined) apply(proxy, value);
    else if (key === OPAQUE_PORTS) proxy.opaquePorts = resolveOpaquePorts(value, input.namedPorts);
    else if (traceLabels !== null && key.startsWith(OTEL_RESOURCE_PREFIX))
      traceLabels[key.slice(OTEL_RESOURCE_PREFIX.length)] = value;
  }
  if (traceLabels !== null) proxy.traceLabels = traceLabels;
  // The first of the three that is present decides, even when its value does not parse.
  const native =
    stringAt(annotations, NATIVE_SIDECAR) ??
    stringAt(annotations, NATIVE_SIDECAR_BETA) ??
    stringAt(annotations, NATIVE_SIDECAR_ALPHA);
  if (native !== undefined) proxy.nativeSidecar = parseBool(native) ?? proxy.nativeSidecar;
  proxy.additionalEnv = mergeEnv(
    mergeEnv(values.additionalEnv, stringAt(input.namespace, ADDITIONAL_ENV)),
    stringAt(input.own, ADDITIONAL_ENV),
  );
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
