/**
 * A Linkerd injector's configuration from files: the values as a text of their own or in ConfigMap linkerd-config, the trust anchors as PEM,
 * in ConfigMap linkerd-identity-trust-roots, or in the values.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '../../workers/template/value.ts';
import { parseYaml } from '../../workers/yaml/parse.ts';
import { ManifestError } from '../manifests/documents.ts';
import { objectAt, readObjects, textAt, textsAt } from '../manifests/objects.ts';

export const VALUES_CONFIG_MAP = 'linkerd-config';
export const VALUES_KEY = 'values';
export const TRUST_ROOTS_CONFIG_MAP = 'linkerd-identity-trust-roots';
export const TRUST_ROOTS_KEY = 'ca-bundle.crt';
export const DEFAULT_NAMESPACE = 'linkerd';

const PEM = /-----BEGIN CERTIFICATE-----/;

/** A configuration file that does not hold what it should. */
export class LinkerdConfigurationError extends Error {
  override readonly name = 'LinkerdConfigurationError';
  readonly code = 'CONFIGURATION_INVALID';
}

export interface NamedText {
  readonly name: string;
  readonly text: string;
}

export interface LinkerdTexts {
  readonly values: string;
  readonly trustAnchors: string;
  /** Of the ConfigMap; undefined for a bare text. */
  readonly namespace: string | undefined;
}

/** The texts of one control plane, as found. */
export interface FoundTexts {
  readonly values: string | undefined;
  readonly trustAnchors: string | undefined;
  readonly namespace: string | undefined;
}

/** What ConfigMaps among the objects hold, of that namespace or of any. */
export function textsOfObjects(objects: readonly JsonObject[], namespace?: string): FoundTexts {
  const found = (name: string) =>
    objects.find((object) => {
      const metadata = objectAt(object, 'metadata');
      const own = textAt(metadata, 'namespace');
      const here = namespace === undefined || own === '' || own === namespace;
      return textAt(object, 'kind') === 'ConfigMap' && textAt(metadata, 'name') === name && here;
    });
  const values = found(VALUES_CONFIG_MAP);
  const roots = found(TRUST_ROOTS_CONFIG_MAP);
  return {
    values: values === undefined ? undefined : textsAt(values, 'data')[VALUES_KEY],
    trustAnchors: roots === undefined ? undefined : textsAt(roots, 'data')[TRUST_ROOTS_KEY],
    namespace: values === undefined ? undefined : textAt(objectAt(values, 'metadata'), 'namespace') || undefined,
  };
}

/**
 * The texts that two files hold; without `trustAnchors` the values have to hold them, or the file of the values their ConfigMap.
 * Throws LinkerdConfigurationError.
 */
export function readLinkerdTexts(values: NamedText, trustAnchors: NamedText | undefined): LinkerdTexts {
  const maps = configMapsOf(values);
  const text = readValuesText(values);
  const anchors =
    trustAnchors === undefined ? (maps?.trustAnchors ?? anchorsInValues(text)) : readAnchorsText(trustAnchors);
  if (anchors === undefined || anchors === '') {
    throw new LinkerdConfigurationError(
      `${values.name}: the values hold no trust anchors (identityTrustAnchorsPEM), so a file has to`,
    );
  }
  return { values: text, trustAnchors: anchors, namespace: maps?.namespace };
}

/** The values alone. Throws LinkerdConfigurationError. */
export function readValuesText(file: NamedText): string {
  const maps = configMapsOf(file);
  if (maps === null) return file.text;
  if (maps.values !== undefined) return maps.values;
  throw new LinkerdConfigurationError(
    `${file.name}: there is no ConfigMap ${VALUES_CONFIG_MAP} with key ${VALUES_KEY}`,
  );
}

/** The trust anchors alone. Throws LinkerdConfigurationError. */
export function readAnchorsText(file: NamedText): string {
  const maps = PEM.test(file.text.slice(0, 1024)) && !/^kind:/m.test(file.text) ? null : configMapsOf(file);
  if (maps === null) return file.text;
  if (maps.trustAnchors === undefined) {
    throw new LinkerdConfigurationError(
      `${file.name}: neither a PEM text nor ConfigMap ${TRUST_ROOTS_CONFIG_MAP} with key ${TRUST_ROOTS_KEY}`,
    );
  }
  return maps.trustAnchors;
}

/** identityTrustAnchorsPEM of values; undefined where they have none. */
export function anchorsInValues(values: string): string | undefined {
  let parsed: JsonValue;
  try {
    parsed = parseYaml(values);
  } catch {
    return undefined;
  }
  const anchors = isJsonObject(parsed) ? parsed['identityTrustAnchorsPEM'] : undefined;
  return typeof anchors === 'string' && anchors !== '' ? anchors : undefined;
}

/** null for a text that is no resource. */
function configMapsOf(file: NamedText): FoundTexts | null {
  let objects: JsonObject[];
  try {
    objects = readObjects(file.text);
  } catch (error) {
    if (error instanceof ManifestError) throw new LinkerdConfigurationError(`${file.name}: ${error.message}`);
    throw error;
  }
  return objects.some((object) => textAt(object, 'kind') !== '' && textAt(object, 'apiVersion') !== '')
    ? textsOfObjects(objects)
    : null;
}
