/**
 * Annotations that Istio checks before it runs a template (pkg/kube/inject/validate.go); a bad one denies the pod. All of them
 * are looked at, and all problems told at once. Annotations that are not in the table are left to the templates.
 */
import { parseQuantity, QuantityError } from '../../kube/quantity.ts';
import { Denial } from '../reason.ts';
import type { Features } from './features.ts';
import { INTERCEPTION_MODE, MERGE_METRICS, PROXY_CONFIG, STATUS_PORT } from './names.ts';
import type { StringMap } from './pod.ts';
import { isPrefix, parseBool, parseUint, trimSpace } from './strconv.ts';

/** What is wrong with a value; undefined when nothing is. */
export type AnnotationCheck = (value: string) => string | undefined;
export type AnnotationChecks = ReadonlyMap<string, AnnotationCheck>;

/** Shown of a value that is wrong. */
const MAX_SHOWN = 200;

function port(value: string): string | undefined {
  return parseUint(trimSpace(value), 16) === undefined ? `${JSON.stringify(value)} is not a port` : undefined;
}

function ports(value: string): string | undefined {
  const list = trimSpace(value);
  if (list === '') return undefined;
  for (const item of list.split(',')) {
    const problem = port(item);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function addressRanges(value: string): string | undefined {
  if (value === '') return undefined;
  const bad = value.split(',').find((range) => !isPrefix(range));
  return bad === undefined ? undefined : `${JSON.stringify(bad)} is not an address range such as 10.0.0.0/8`;
}

/** `*` stands for everything. */
function orAll(check: AnnotationCheck): AnnotationCheck {
  return (value) => (value === '*' ? undefined : check(value));
}

function unsigned(value: string): string | undefined {
  return parseUint(value, 32) === undefined ? 'it is not a whole number from 0 to 4294967295' : undefined;
}

function boolean(value: string): string | undefined {
  return parseBool(value) === undefined ? 'it is not a boolean' : undefined;
}

function interceptionMode(value: string): string | undefined {
  return value === 'REDIRECT' || value === 'TPROXY' || value === 'NONE' ? undefined : 'use REDIRECT, TPROXY or NONE';
}

/** Linux's limit, less the closing zero. */
const MAX_INTERFACE_NAME = 15;
const INTERFACE_NAME = /^[a-zA-Z][a-zA-Z0-9_.-]*$/;

function interfaces(value: string): string | undefined {
  if (value === '') return undefined;
  for (const item of value.split(',')) {
    const name = trimSpace(item);
    if (name.length > MAX_INTERFACE_NAME || !INTERFACE_NAME.test(name)) {
      return `${JSON.stringify(name.slice(0, MAX_SHOWN))} is not the name of a network interface`;
    }
  }
  return undefined;
}

const CONTROL_CHARACTER = /[\u0000-\u001f\u007f-\u009f]/;

function quantity(value: string): string | undefined {
  if (CONTROL_CHARACTER.test(value)) return 'it holds control characters';
  try {
    parseQuantity(value);
    return undefined;
  } catch (error) {
    if (error instanceof QuantityError) return 'it is not a quantity such as 100m or 128Mi';
    throw error;
  }
}

/** The table for a release. `proxyConfig` checks annotation proxy.istio.io/config. */
export function annotationChecks(features: Features, proxyConfig: AnnotationCheck): AnnotationChecks {
  const checks = new Map<string, AnnotationCheck>([
    [INTERCEPTION_MODE, interceptionMode],
    [STATUS_PORT, port],
    ['readiness.status.sidecar.istio.io/initialDelaySeconds', unsigned],
    ['readiness.status.sidecar.istio.io/periodSeconds', unsigned],
    ['readiness.status.sidecar.istio.io/failureThreshold', unsigned],
    ['traffic.sidecar.istio.io/includeOutboundIPRanges', orAll(addressRanges)],
    ['traffic.sidecar.istio.io/excludeOutboundIPRanges', addressRanges],
    ['traffic.sidecar.istio.io/includeInboundPorts', orAll(ports)],
    ['traffic.sidecar.istio.io/excludeInboundPorts', ports],
    ['traffic.sidecar.istio.io/excludeOutboundPorts', ports],
    [MERGE_METRICS, boolean],
    [PROXY_CONFIG, proxyConfig],
  ]);
  if (features.validateInterfaces) {
    checks.set('traffic.sidecar.istio.io/excludeInterfaces', interfaces);
    checks.set('traffic.sidecar.istio.io/kubevirtInterfaces', interfaces);
    checks.set('istio.io/reroute-virtual-interfaces', interfaces);
  }
  if (features.validateResources) {
    for (const resource of ['proxyCPU', 'proxyMemory', 'proxyCPULimit', 'proxyMemoryLimit']) {
      checks.set(`sidecar.istio.io/${resource}`, quantity);
    }
  }
  if (features.validateCoreDump) checks.set('sidecar.istio.io/enableCoreDump', boolean);
  return checks;
}

/** Throws Denial ANNOTATION_INVALID that tells every annotation with a bad value, in the order of their names. */
export function validateAnnotations(annotations: StringMap | undefined, checks: AnnotationChecks): void {
  let problems: string[] | undefined;
  for (const name in annotations) {
    const problem = checks.get(name)?.(annotations[name] ?? '');
    if (problem === undefined) continue;
    problems ??= [];
    problems.push(`${name}: ${JSON.stringify((annotations[name] ?? '').slice(0, MAX_SHOWN))}: ${problem}`);
  }
  if (problems !== undefined) throw new Denial('ANNOTATION_INVALID', problems.sort().join('; '));
}
