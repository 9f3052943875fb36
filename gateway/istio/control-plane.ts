/**
 * Istio's injection configuration in a cluster, told from its objects: the ConfigMaps of each revision, the istiod that reads them, and
 * the tags that namespaces name.
 */
import type { JsonObject, JsonValue } from '../../workers/template/value.ts';
import { parseYaml } from '../../workers/yaml/parse.ts';
import { isObject, objectAt, objectsAt, textAt, textsAt } from '../manifests/objects.ts';
import {
  CONFIG_MAP_KEYS,
  DEFAULT_REVISION,
  INJECTOR_CONFIG_MAP,
  type IstioTexts,
  MESH_CONFIG_MAP,
  type TextName,
} from './configuration.ts';

export interface FoundRevision {
  readonly name: string;
  readonly texts: IstioTexts;
  /** Told from the tag of istiod's image, else of the proxy's; null where neither is a release. */
  readonly release: string | null;
  /** Of istiod's environment, what injection depends on. */
  readonly platform: string;
  readonly compliancePolicy: string;
  readonly env: Readonly<Record<string, string>>;
  /** The cluster's name in the values; '' where they have none. */
  readonly cluster: string;
}

export interface ControlPlane {
  /** By name. */
  readonly revisions: ReadonlyMap<string, FoundRevision>;
  /** Tag → revision; tags of revisions that were not found are among them. */
  readonly tags: ReadonlyMap<string, string>;
  /** What is missing or can not be used. */
  readonly findings: readonly string[];
}

/** Revisions are named by their ConfigMaps' suffix; the one without is `default`. */
function revisionOf(name: string, base: string): string | null {
  if (name === base) return DEFAULT_REVISION;
  return name.startsWith(`${base}-`) ? name.slice(base.length + 1) : null;
}

/** Looks through the objects of a cluster. `namespace`: where the control plane is; objects that name none count too. */
export function findControlPlane(objects: readonly JsonObject[], namespace: string): ControlPlane {
  const findings: string[] = [];
  const found = new Map<string, Partial<Record<TextName, string>>>();
  const elsewhere = new Set<string>();
  for (const object of objects) {
    if (textAt(object, 'kind') !== 'ConfigMap') continue;
    const texts = textsOfConfigMap(object);
    if (texts === null) continue;
    const own = textAt(objectAt(object, 'metadata'), 'namespace');
    if (own !== '' && own !== namespace) elsewhere.add(own);
    else found.set(texts.revision, { ...found.get(texts.revision), ...texts.texts });
  }
  if (found.size === 0) {
    const places = elsewhere.size === 0 ? '' : `; namespace ${[...elsewhere].sort().join(', ')} has`;
    findings.push(`namespace ${namespace} has no ConfigMap ${INJECTOR_CONFIG_MAP} or ${MESH_CONFIG_MAP}${places}`);
  }
  const revisions = new Map<string, FoundRevision>();
  for (const [name, texts] of [...found].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const complete = completeTexts(name, texts, findings);
    if (complete !== null) revisions.set(name, foundRevision(name, complete, istiodOf(objects, name, namespace)));
  }
  return { revisions, tags: tagsOf(objects), findings };
}

function textsOfConfigMap(
  object: JsonObject,
): { readonly revision: string; readonly texts: Partial<Record<TextName, string>> } | null {
  const name = textAt(objectAt(object, 'metadata'), 'name');
  const data = textsAt(object, 'data');
  const text = (key: string) => (Object.hasOwn(data, key) ? data[key] : undefined);
  const config = text(CONFIG_MAP_KEYS.injectConfig);
  const values = text(CONFIG_MAP_KEYS.values);
  const mesh = text(CONFIG_MAP_KEYS.meshConfig);
  const injector = revisionOf(name, INJECTOR_CONFIG_MAP);
  if (injector !== null && (config !== undefined || values !== undefined)) {
    return { revision: injector, texts: defined({ injectConfig: config, values }) };
  }
  const revision = revisionOf(name, MESH_CONFIG_MAP);
  return revision !== null && mesh !== undefined ? { revision, texts: { meshConfig: mesh } } : null;
}

function defined(texts: Partial<Record<TextName, string | undefined>>): Partial<Record<TextName, string>> {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== undefined));
}

const SOURCES: Readonly<Record<TextName, string>> = {
  injectConfig: INJECTOR_CONFIG_MAP,
  values: INJECTOR_CONFIG_MAP,
  meshConfig: MESH_CONFIG_MAP,
};

function completeTexts(
  revision: string,
  { injectConfig, values, meshConfig }: Partial<Record<TextName, string>>,
  findings: string[],
): IstioTexts | null {
  if (injectConfig !== undefined && values !== undefined && meshConfig !== undefined) {
    return { injectConfig, values, meshConfig };
  }
  const missing = Object.entries({ injectConfig, values, meshConfig }).flatMap(([name, text]) =>
    text === undefined ? [`${SOURCES[name as TextName]} (key ${CONFIG_MAP_KEYS[name as TextName]})`] : [],
  );
  findings.push(`revision ${revision} is left out, for there is no ConfigMap ${missing.join(', and none ')} of it`);
  return null;
}

// ── istiod ──

interface Istiod {
  readonly tag: string;
  readonly env: Readonly<Record<string, string>>;
}

/** The control plane that serves a revision, where its Deployment is among the objects. */
function istiodOf(objects: readonly JsonObject[], revision: string, namespace: string): Istiod | null {
  for (const object of objects) {
    const metadata = objectAt(object, 'metadata');
    const own = textAt(metadata, 'namespace');
    if (textAt(object, 'kind') !== 'Deployment' || (own !== '' && own !== namespace)) continue;
    if (revisionOf(textAt(metadata, 'name'), 'istiod') !== revision) continue;
    const spec = objectAt(objectAt(objectAt(object, 'spec'), 'template'), 'spec');
    const container = objectsAt(spec, 'containers').find((each) => textAt(each, 'name') === 'discovery');
    if (container === undefined) continue;
    const env = objectsAt(container, 'env').map((each): [string, string] => [
      textAt(each, 'name'),
      textAt(each, 'value'),
    ]);
    return { tag: tagOfImage(textAt(container, 'image')), env: Object.fromEntries(env) };
  }
  return null;
}

/** Behind the last colon, unless that is the one of a port; a digest is no tag. */
function tagOfImage(image: string): string {
  const name = image.split('@')[0] ?? '';
  const colon = name.lastIndexOf(':');
  return colon > name.lastIndexOf('/') ? name.slice(colon + 1) : '';
}

const RELEASE = /^v?(\d+\.\d+(?:\.\d+)?)(?:[-+.]|$)/;

/** What istiod reads for the injector itself. */
const PLATFORM = 'PLATFORM';
const COMPLIANCE_POLICY = 'COMPLIANCE_POLICY';
const NATIVE_SIDECARS = 'ENABLE_NATIVE_SIDECARS';
/** A template's call of `env`, whose variables count as well. */
const ENV_CALL = /\benv\s+["`]([A-Za-z_][A-Za-z0-9_]{0,127})["`]/g;

/** `istiod`: the control plane that serves it, null where nothing is known of it. */
export function foundRevision(name: string, texts: IstioTexts, istiod: Istiod | null): FoundRevision {
  const env = istiod?.env ?? {};
  const wanted = new Set([
    NATIVE_SIDECARS,
    ...Array.from(texts.injectConfig.matchAll(ENV_CALL), ([, key = '']) => key),
  ]);
  const kept = Object.entries(env).filter(([key, value]) => wanted.has(key) && value !== '');
  const global = globalValues(texts.values);
  const { tag } = global;
  const imageTag = typeof tag === 'string' || typeof tag === 'number' ? String(tag) : '';
  const release = RELEASE.exec(istiod?.tag ?? '') ?? RELEASE.exec(imageTag);
  return {
    name,
    texts,
    release: release?.[1] ?? null,
    platform: env[PLATFORM] ?? '',
    compliancePolicy: env[COMPLIANCE_POLICY] ?? '',
    env: Object.fromEntries(kept),
    cluster: textAt(objectAt(global, 'multiCluster'), 'clusterName'),
  };
}

/** `global` of the values; {} where it is not, or the values can not be read. */
function globalValues(values: string): JsonObject {
  try {
    const tree: JsonValue = parseYaml(values);
    return isObject(tree) ? objectAt(tree, 'global') : {};
  } catch {
    // What is wrong with the values is told when they are compiled.
    return {};
  }
}

// ── tags ──

const TAG_LABEL = 'istio.io/tag';
const REVISION_LABEL = 'istio.io/rev';

function tagsOf(objects: readonly JsonObject[]): ReadonlyMap<string, string> {
  const tags = objects.flatMap((object): [string, string][] => {
    if (textAt(object, 'kind') !== 'MutatingWebhookConfiguration') return [];
    const labels = textsAt(objectAt(object, 'metadata'), 'labels');
    const tag = labels[TAG_LABEL];
    const revision = labels[REVISION_LABEL];
    return tag === undefined || revision === undefined ? [] : [[tag, revision]];
  });
  return new Map(tags.sort(([a], [b]) => (a < b ? -1 : 1)));
}
