/** Istio's toYaml: sigs.k8s.io/yaml's Marshal, with '' in place of an error. */
import { YamlError } from '../../../yaml/error.ts';
import { MAX_YAML_DEPTH } from '../../../yaml/limits.ts';
import { marshalYaml } from '../../../yaml/marshal.ts';
import { parseYamlExact } from '../../../yaml/parse.ts';
import type { YamlValue } from '../../../yaml/value.ts';
import { FuncError } from '../../func.ts';
import { marshalGoJson } from '../../gojson.ts';
import type { GoValue } from '../../value.ts';

/** Longer integers may be more than a double holds. */
const LONG_INTEGER = /[0-9]{16}/;

/**
 * Writes values as YAML. The texts of objects that no template made (those of a revision's values above all, which every pod writes
 * again) are remembered: templates never change such objects (dict.ts), so their text stays true. One writer serves one revision.
 */
export class YamlTexts {
  readonly #texts = new WeakMap<object, string>();

  /** A Go value as YAML text that ends in a newline; '' for what has no JSON or YAML form. */
  write(value: GoValue): string {
    if (!isShared(value)) return yamlText(value);
    let text = this.#texts.get(value);
    if (text === undefined) {
      text = yamlText(value);
      this.#texts.set(value, text);
    }
    return text;
  }
}

/** An object as JSON.parse makes it. What templates make has another prototype, or is a list, which may hold what they make. */
function isShared(value: GoValue): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function yamlText(value: GoValue): string {
  try {
    return marshalYaml(isJson(value, 0) ? (value as YamlValue) : throughJson(value));
  } catch (error) {
    if (error instanceof FuncError || error instanceof YamlError) return '';
    throw error;
  }
}

/** Go values have their JSON form first: typed data, methods, what JSON refuses. */
function throughJson(value: GoValue): YamlValue {
  const json = marshalGoJson(value);
  return LONG_INTEGER.test(json) ? parseYamlExact(json) : (JSON.parse(json) as YamlValue);
}

/** Whether a value is JSON already, so that the way through its text would change nothing. */
function isJson(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed();
    case 'boolean':
    case 'bigint':
      return true;
    case 'number':
      return Number.isFinite(value);
    case 'object':
      return value === null || (depth < MAX_YAML_DEPTH && isJsonCollection(value, depth));
    default:
      return false;
  }
}

function isJsonCollection(value: object, depth: number): boolean {
  if (Array.isArray(value)) return value.every((item) => isJson(item, depth + 1));
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  for (const key in value) {
    if (!isJson((value as Readonly<Record<string, unknown>>)[key], depth + 1)) return false;
  }
  return true;
}
