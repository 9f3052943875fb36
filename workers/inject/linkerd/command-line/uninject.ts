/**
 * Taking an injection back as Linkerd's command line does (pkg/inject/uninject.go): the proxy, what redirects traffic to it, its volumes, and the
 * annotations and labels that begin with `linkerd.io`. What configures the proxy (`config.linkerd.io/…`) stays.
 */
import type { YamlObject, YamlValue } from '../../../yaml/value.ts';
import { setMember } from '../../../yaml/value.ts';
import { INJECT } from '../annotations.ts';
import { encodeManifest, type Manifest } from './manifest.ts';
import type { Report } from './report.ts';

const PREFIX = 'linkerd.io';
/** A part of the control plane, which is injected when it is installed; its metadata is not the injector's. */
const CONTROL_PLANE_COMPONENT = 'linkerd.io/control-plane-component';
const PROXY = 'linkerd-proxy';
const INIT = 'linkerd-init';
const VOLUMES: ReadonlySet<string> = new Set([
  'linkerd-identity-end-entity',
  'linkerd-proxy-init-xtables-lock',
  'linkerd-identity-token',
]);
/** Added by an injection, but left behind by Linkerd's `uninject`. A second injection would add each once more. */
const LEFT_BEHIND: ReadonlySet<string> = new Set(['linkerd-network-validator', 'linkerd-debug']);
const VOLUMES_LEFT_BEHIND: ReadonlySet<string> = new Set(['linkerd-podinfo']);

/** How much is taken back: what Linkerd's `uninject` takes, or all that an injection adds. */
export type UninjectExtent = 'linkerd' | 'all';

/**
 * Changes the manifest in place and says so in the report. Returns the resource as it is written, or null for one that holds
 * nothing to take back, which stays as it came.
 */
export function uninject(manifest: Manifest, report: Report, extent: UninjectExtent): YamlObject | null {
  const { type, object, pod } = manifest;
  if (type === null) return null;
  if (pod !== null) uninjectSpec(pod.spec as YamlObject, report, extent);
  // A pod's metadata is both.
  uninjectMetadata(object, report);
  if (pod !== null && pod.holder !== object) uninjectMetadata(pod.holder, report);
  return encodeManifest(type, object);
}

function uninjectSpec(spec: YamlObject, report: Report, extent: UninjectExtent): void {
  let injected = false;
  const strip = (member: string, names: (name: string) => boolean, more: ReadonlySet<string>): void => {
    const list = Object.hasOwn(spec, member) ? spec[member] : undefined;
    // Linkerd makes the list where there is none, which shows: `containers` is always written.
    spec[member] = (Array.isArray(list) ? list : []).filter((item) => {
      const name = nameOf(item);
      return !names(name) && !(extent === 'all' && injected && more.has(name));
    });
  };
  for (const member of ['initContainers', 'containers']) {
    const list = spec[member];
    if (Array.isArray(list) && list.some((item) => isInjected(nameOf(item), member))) injected = true;
  }
  if (injected) report.uninjected = true;
  strip('initContainers', (name) => isInjected(name, 'initContainers'), LEFT_BEHIND);
  strip('containers', (name) => isInjected(name, 'containers'), LEFT_BEHIND);
  strip('volumes', (name) => VOLUMES.has(name), VOLUMES_LEFT_BEHIND);
}

function isInjected(name: string, member: string): boolean {
  return name === PROXY || (member === 'initContainers' && name === INIT);
}

function nameOf(item: YamlValue): string {
  const name = typeof item === 'object' && item !== null && !Array.isArray(item) ? item['name'] : undefined;
  return typeof name === 'string' ? name : '';
}

function uninjectMetadata(holder: YamlObject, report: Report): void {
  const metadata = mapAt(holder, 'metadata');
  const annotations = mapAt(metadata, 'annotations');
  const labels = mapAt(metadata, 'labels');
  if (Object.hasOwn(labels, CONTROL_PLANE_COMPONENT)) return;
  const kept: YamlObject = {};
  for (const [key, value] of Object.entries(annotations)) {
    if (!key.startsWith(PREFIX) || (key === INJECT && value === 'disabled')) setMember(kept, key, value);
    else report.uninjected = true;
  }
  metadata['annotations'] = kept;
  metadata['labels'] = Object.fromEntries(Object.entries(labels).filter(([key]) => !key.startsWith(PREFIX)));
}

/** A member that is an object; a new one, which is not put there, where it is none. */
function mapAt(object: YamlObject, key: string): YamlObject {
  const value = Object.hasOwn(object, key) ? object[key] : undefined;
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}
