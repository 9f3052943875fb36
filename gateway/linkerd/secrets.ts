/** Private keys in values: Helm users may have them there, and policy files are for Git. */
import { isJsonObject, type JsonObject, type JsonValue } from '../../workers/template/value.ts';
import { YamlError } from '../../workers/yaml/error.ts';
import { marshalYaml } from '../../workers/yaml/marshal.ts';
import { parseYaml } from '../../workers/yaml/parse.ts';

const KEY = 'keyPEM';
const MAX_DEPTH = 100;

export interface WithoutKeys {
  /** The same text where it holds no key. */
  readonly values: string;
  /** Paths of the keys that are left out. */
  readonly removed: readonly string[];
}

/** Values without the private keys in them (`identity.issuer.tls.keyPEM` and others); a text that is no YAML stays as it is. */
export function withoutPrivateKeys(values: string): WithoutKeys {
  let parsed: JsonValue;
  try {
    parsed = parseYaml(values);
  } catch (error) {
    if (error instanceof YamlError) return { values, removed: [] };
    throw error;
  }
  const removed: string[] = [];
  const clean = strip(parsed, '', removed, 0);
  return removed.length === 0 ? { values, removed } : { values: marshalYaml(clean), removed };
}

function strip(value: JsonValue, path: string, removed: string[], depth: number): JsonValue {
  if (!isJsonObject(value) || depth > MAX_DEPTH) return value;
  const entries = Object.entries(value).flatMap(([key, member]): [string, JsonValue][] => {
    const place = path === '' ? key : `${path}.${key}`;
    if (key === KEY && typeof member === 'string' && member !== '') {
      removed.push(place);
      return [];
    }
    return [[key, strip(member, place, removed, depth + 1)]];
  });
  return Object.fromEntries(entries) as JsonObject;
}
