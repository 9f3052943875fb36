/**
 * An injector's configuration from files, as `istioctl kube-inject` takes it: each the bare text, or the ConfigMap that holds it as
 * kubectl prints it.
 */
import type { JsonObject } from '../../workers/template/value.ts';
import { parseYaml } from '../../workers/yaml/parse.ts';
import { ManifestError } from '../manifests/documents.ts';
import { isObject, objectAt, readObjects, textAt, textsAt } from '../manifests/objects.ts';

export interface IstioTexts {
  readonly injectConfig: string;
  readonly values: string;
  readonly meshConfig: string;
}

export type TextName = keyof IstioTexts;

/** The key of each text in its ConfigMap, and the ConfigMap's name without a revision. */
export const CONFIG_MAP_KEYS = { injectConfig: 'config', values: 'values', meshConfig: 'mesh' } as const;
export const INJECTOR_CONFIG_MAP = 'istio-sidecar-injector';
export const MESH_CONFIG_MAP = 'istio';
export const DEFAULT_REVISION = 'default';

/** A configuration file that does not hold what it should. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly code = 'CONFIGURATION_INVALID';
}

/** What was given for each of the three; a ConfigMap may hold more than the one it was given for. */
export type ConfigurationFiles = Partial<Record<TextName, { readonly name: string; readonly text: string }>>;

interface ConfigMap {
  readonly name: string;
  readonly data: Readonly<Record<string, string>>;
}

const CONFIG_MAP_NAMES: Readonly<Record<TextName, string>> = {
  injectConfig: INJECTOR_CONFIG_MAP,
  values: INJECTOR_CONFIG_MAP,
  meshConfig: MESH_CONFIG_MAP,
};

/**
 * The three texts. Where a file holds several ConfigMaps with the key, the one of that revision counts (`istio-sidecar-injector-REV`).
 * Throws ConfigurationError for a text that is in none of the files, or in several ConfigMaps.
 */
export function readIstioTexts(files: ConfigurationFiles, revision: string): IstioTexts {
  const maps = new Map<string, readonly ConfigMap[] | null>();
  for (const file of Object.values(files)) maps.set(file.name, configMapsOf(file.name, file.text));
  const find = (name: TextName): string => {
    const own = files[name];
    if (own !== undefined && maps.get(own.name) === null) return own.text;
    const candidates = own === undefined ? [...maps.values()] : [maps.get(own.name)];
    const found = candidates.flatMap((list) => list ?? []);
    return fromConfigMaps(found, name, revision, own?.name ?? Object.values(files)[0]?.name ?? '');
  };
  return { injectConfig: find('injectConfig'), values: find('values'), meshConfig: find('meshConfig') };
}

function fromConfigMaps(maps: readonly ConfigMap[], name: TextName, revision: string, file: string): string {
  const key = CONFIG_MAP_KEYS[name];
  const holders = maps.filter(({ data }) => Object.hasOwn(data, key));
  const wanted = revision === '' || revision === DEFAULT_REVISION ? '' : `-${revision}`;
  const exact = holders.filter((map) => map.name === `${CONFIG_MAP_NAMES[name]}${wanted}`);
  const [only, other] = exact.length > 0 ? exact : holders;
  if (only === undefined) throw new ConfigurationError(`${file} holds no ConfigMap with the key ${key}`);
  if (other !== undefined) {
    const names = holders.map((map) => map.name).join(', ');
    throw new ConfigurationError(`${file}: several ConfigMaps have the key ${key} (${names}): name the revision`);
  }
  return only.data[key] ?? '';
}

/** Cheap, so that large templates are not parsed to find out that they are no ConfigMap. */
const MAY_HOLD_CONFIG_MAP = /(?:^|[\s{,])"?kind"?\s*:\s*["']?(?:ConfigMap|List)/;

/** Null where the file is a bare text. */
function configMapsOf(file: string, text: string): readonly ConfigMap[] | null {
  if (!MAY_HOLD_CONFIG_MAP.test(text)) return null;
  let objects: readonly JsonObject[];
  try {
    objects = readObjects(text);
  } catch (error) {
    if (error instanceof ManifestError) throw new ConfigurationError(`${file}: ${error.message}`, { cause: error });
    throw error;
  }
  const maps = objects.filter((object) => textAt(object, 'kind') === 'ConfigMap');
  if (maps.length === 0) return null;
  return maps.map((map) => ({ name: textAt(objectAt(map, 'metadata'), 'name'), data: textsAt(map, 'data') }));
}

/**
 * An injection configuration for kube-inject: istioctl also takes the text of the sidecar template alone, which is then put where a
 * configuration has it.
 */
export function asInjectConfig(text: string): string {
  try {
    const value = parseYaml(text);
    const hasTemplates =
      isObject(value) && Object.keys(value).some((key) => key.toLowerCase() === 'templates' && value[key] !== null);
    if (hasTemplates) return text;
  } catch {
    // A bare template is no YAML before it is rendered.
  }
  return JSON.stringify({ policy: 'enabled', templates: { sidecar: text } });
}
