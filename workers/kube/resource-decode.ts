/**
 * Reading a resource into its Go type: unknown members go, names match without regard to case, null is nothing, and a value of
 * another type is an error in Go's own words, which Linkerd's command line shows as they are.
 */
import { formatFloat64 } from '../yaml/float-text.ts';
import { setMember, type YamlObject, type YamlValue } from '../yaml/value.ts';
import { foldCase } from './fold-case.ts';
import { QuantityError, quantityFromJson } from './quantity.ts';
import type { ResourceField, ResourceStruct, ResourceType } from './resource-types.ts';
import { canonicalTime } from './time.ts';

/** The message is what Go's encoding/json says, byte for byte, but for that of times. */
export class ResourceError extends Error {
  override readonly name = 'ResourceError';
  readonly code = 'RESOURCE_TYPE';
}

/**
 * Whose rules count. `yaml`: sigs.k8s.io/yaml's, which writes a number or boolean as text where the type wants a string, and whose errors
 * begin with its own words. `json`: encoding/json's, for which that is an error.
 */
export type ReadRule = 'yaml' | 'json';

const INT32_LIMIT = 2n ** 31n;
const INT64_LIMIT = 2n ** 63n;

/**
 * The value as its type holds it, as JSON: a struct's members by their own names, without those that are null or unknown. Members
 * that are zero stay. Throws ResourceError for the first wrong value, in the order of the members' names.
 */
export function decodeResource(type: ResourceStruct, value: YamlValue, rule: ReadRule): YamlObject {
  try {
    return (new Decoder(rule).decode(type, value) ?? {}) as YamlObject;
  } catch (error) {
    if (rule === 'json' || !(error instanceof ResourceError)) throw error;
    throw new ResourceError(`error unmarshaling JSON: while decoding JSON: ${error.message}`);
  }
}

class Decoder {
  readonly #rule: ReadRule;
  readonly #fields: string[] = [];
  #struct = '';

  constructor(rule: ReadRule) {
    this.#rule = rule;
  }

  /** undefined: nothing, which null is for every type. */
  decode(type: ResourceType, value: YamlValue): YamlValue | undefined {
    if (value === null) return undefined;
    switch (type.kind) {
      case 'string':
        return this.#string(type, value);
      case 'bool':
        return typeof value === 'boolean' ? value : this.#mismatch(type, value);
      case 'int32':
        return this.#integer(type, value, INT32_LIMIT);
      case 'int64':
        return this.#integer(type, value, INT64_LIMIT);
      case 'pointer':
        return this.decode(type.elem, value);
      case 'slice':
        return Array.isArray(value)
          ? value.map((item) => this.decode(type.elem, item) ?? nothing(type.elem))
          : this.#mismatch(type, value);
      case 'map':
        return isObject(value) ? this.#map(type.elem, value) : this.#mismatch(type, value);
      case 'struct':
        return isObject(value) ? this.#members(type, value) : this.#mismatch(type, value);
      case 'quantity':
        return quantity(value);
      case 'intOrString':
        return typeof value === 'string'
          ? value
          : this.#integer({ kind: 'int32', goName: 'int32' }, value, INT32_LIMIT);
      case 'time':
        return time(value);
      case 'raw':
        return value;
    }
  }

  #map(elem: ResourceType, object: YamlObject): YamlObject {
    const out: YamlObject = {};
    for (const key of Object.keys(object).sort())
      setMember(out, key, this.decode(elem, object[key] ?? null) ?? nothing(elem));
    return out;
  }

  #members(struct: ResourceStruct, object: YamlObject): YamlObject {
    const out: YamlObject = {};
    const outer = this.#struct;
    for (const key of Object.keys(object).sort()) {
      const field = fieldOf(struct, key);
      if (field === undefined) continue;
      this.#struct = struct.shortName;
      this.#fields.push(field.jsonName);
      const value = this.decode(field.type, object[key] ?? null);
      this.#fields.pop();
      if (value !== undefined) setMember(out, field.jsonName, value);
    }
    this.#struct = outer;
    return out;
  }

  #string(type: ResourceType, value: YamlValue): string {
    if (typeof value === 'string') return value.toWellFormed();
    if (this.#rule === 'yaml') {
      if (typeof value === 'boolean') return String(value);
      if (typeof value === 'bigint') return String(value);
      if (typeof value === 'number') return Number.isInteger(value) ? String(value) : formatFloat64(value);
    }
    return this.#mismatch(type, value);
  }

  #integer(type: ResourceType, value: YamlValue, limit: bigint): number | bigint {
    if (typeof value !== 'number' && typeof value !== 'bigint') return this.#mismatch(type, value);
    if (typeof value === 'number' && !Number.isInteger(value)) return this.#mismatch(type, value, ` ${value}`);
    const exact = BigInt(value);
    return exact >= -limit && exact < limit ? value : this.#mismatch(type, value, ` ${value}`);
  }

  /** `detail` follows the word `number` where the number is one, but not of the type. */
  #mismatch(type: ResourceType, value: YamlValue, detail = ''): never {
    const place =
      this.#fields.length === 0
        ? `value of type ${type.goName}`
        : `struct field ${this.#place()} of type ${type.goName}`;
    throw new ResourceError(`json: cannot unmarshal ${kindOf(value)}${detail} into Go ${place}`);
  }

  #place(): string {
    return `${this.#struct}.${this.#fields.join('.')}`;
  }
}

function fieldOf(struct: ResourceStruct, key: string): ResourceField | undefined {
  return struct.fields.get(key) ?? struct.folded.get(foldCase(key));
}

function isObject(value: YamlValue): value is YamlObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What null leaves in an element of a list or map. */
function nothing(type: ResourceType): YamlValue {
  switch (type.kind) {
    case 'string':
      return '';
    case 'bool':
      return false;
    case 'int32':
    case 'int64':
    case 'intOrString':
      return 0;
    case 'quantity':
      return '0';
    case 'struct':
      return {};
    default:
      return null;
  }
}

function kindOf(value: YamlValue): string {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    case 'number':
    case 'bigint':
      return 'number';
    default:
      return Array.isArray(value) ? 'array' : 'object';
  }
}

const QUANTITY_FORM = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/** Kept as it was written: canonical text is the encoder's matter. */
function quantity(value: YamlValue): string | number {
  const given = typeof value === 'bigint' ? String(value) : value;
  if (typeof given !== 'string' && typeof given !== 'number') throw new ResourceError(QUANTITY_FORM);
  try {
    quantityFromJson(given);
    return given;
  } catch (error) {
    if (error instanceof QuantityError) throw new ResourceError(QUANTITY_FORM);
    throw error;
  }
}

function time(value: YamlValue): string {
  if (typeof value === 'string' && canonicalTime(value) !== undefined) return value;
  if (typeof value === 'string')
    throw new ResourceError(`parsing time ${JSON.stringify(value)}: not a time in RFC 3339`);
  throw new ResourceError(`json: cannot unmarshal ${kindOf(value)} into Go value of type string`);
}
