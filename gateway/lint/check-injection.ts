/** What decides about injection: values that mean nothing, label against annotation, the wrong place, the host network. */
import { isScalar } from 'yaml';
import { INJECT as ISTIO_INJECT } from '../../workers/inject/istio/names.ts';
import { INJECT as LINKERD_INJECT } from '../../workers/inject/linkerd/annotations.ts';
import { removeLine } from './fix.ts';
import { POD_ANNOTATIONS } from './known-names.ts';
import type { Tell } from './lint.ts';
import { child, type Entry, type Metadata, type Resource } from './manifest.ts';

const ISTIO_VALUES: ReadonlySet<unknown> = new Set(['true', 'false']);
const LINKERD_VALUES: ReadonlySet<unknown> = new Set(['enabled', 'disabled', 'ingress']);
const REVISION_LABEL = 'istio.io/rev';

export function checkInjection(text: string, { kind, own, pod }: Resource, tell: Tell): void {
  const deciding = pod?.metadata ?? (kind === 'Namespace' ? own : null);
  if (deciding !== null) checkInjectValues(deciding, tell);
  if (pod === null) return;
  checkBoth(text, pod.metadata, tell);
  if (pod.isTemplate) checkPlace(own, kind, tell);
  const host = child(pod.spec, 'hostNetwork');
  if (!isScalar(host) || host.value !== true) return;
  for (const entry of askingEntries(pod.metadata)) {
    tell('HOST_NETWORK_INJECT', entry, 'key', `${entry.name} asks for injection, which spec.hostNetwork rules out`);
  }
}

/** The entries of a pod that ask for injection. */
export function askingEntries({ labels, annotations }: Metadata): Entry[] {
  const istio = labels.get(ISTIO_INJECT) ?? annotations.get(ISTIO_INJECT);
  const linkerd = annotations.get(LINKERD_INJECT);
  return [
    ...(istio !== undefined && String(istio.value) === 'true' ? [istio] : []),
    ...(linkerd !== undefined && (linkerd.value === 'enabled' || linkerd.value === 'ingress') ? [linkerd] : []),
  ];
}

function checkInjectValues({ labels, annotations }: Metadata, tell: Tell): void {
  for (const entry of [labels.get(ISTIO_INJECT), annotations.get(ISTIO_INJECT)]) {
    if (typeof entry?.value === 'string' && !ISTIO_VALUES.has(entry.value)) {
      tell('INJECT_VALUE_INVALID', entry, 'value', `${entry.name} is ${shown(entry)}, and must be "true" or "false"`);
    }
  }
  const linkerd = annotations.get(LINKERD_INJECT);
  if (linkerd !== undefined && typeof linkerd.value === 'string' && !LINKERD_VALUES.has(linkerd.value)) {
    const message = `${linkerd.name} is ${shown(linkerd)}, and must be "enabled", "disabled" or "ingress"`;
    tell('INJECT_VALUE_INVALID', linkerd, 'value', message);
  }
}

function checkBoth(text: string, { labels, annotations }: Metadata, tell: Tell): void {
  const label = labels.get(ISTIO_INJECT);
  const annotation = annotations.get(ISTIO_INJECT);
  if (label === undefined || annotation === undefined) return;
  if (String(label.value) === String(annotation.value)) {
    const message = `annotation ${ISTIO_INJECT} repeats the label`;
    tell('INJECT_TWICE', annotation, 'key', message, removeLine(text, annotation));
    return;
  }
  const message = `annotation ${ISTIO_INJECT} says ${shown(annotation)} and the label ${shown(label)}, which wins`;
  tell('INJECT_CONTRADICTORY', annotation, 'value', message);
}

/** On the workload itself no injector reads them. */
function checkPlace({ labels, annotations }: Metadata, kind: string, tell: Tell): void {
  for (const entry of [
    labels.get(ISTIO_INJECT),
    labels.get(REVISION_LABEL),
    annotations.get(ISTIO_INJECT),
    annotations.get(LINKERD_INJECT),
  ]) {
    if (entry !== undefined) {
      tell('INJECT_MISPLACED', entry, 'key', `${entry.name} does nothing on a ${kind}: it belongs on its pod template`);
    }
  }
  for (const entry of annotations.values()) {
    if (entry.name === ISTIO_INJECT || entry.name === LINKERD_INJECT || !POD_ANNOTATIONS.has(entry.name)) continue;
    tell('SETTING_MISPLACED', entry, 'key', `${entry.name} does nothing on a ${kind}: it belongs on its pod template`);
  }
}

function shown({ value }: Entry): string {
  return JSON.stringify(String(value).slice(0, 100));
}
