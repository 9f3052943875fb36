/**
 * Messages from JSON values, as Istio reads them (golang/protobuf's jsonpb): a field answers to its JSON name and to its name in the
 * .proto file, of which the JSON name wins; unknown fields are ignored; null leaves a field alone; numbers may be quoted; enums come
 * by name or number; of two members of a oneof the one declared later wins. A field that is given replaces the old value whole.
 */
import type { YamlValue } from '../../../yaml/value.ts';
import { durationOfNanos, parseGoDuration } from './duration.ts';
import { readDouble, readInteger } from './json-number.ts';
import type { MeshProblem } from './mesh-error.ts';
import type { EnumSchema, FieldSchema, Message, MessageSchema } from './message.ts';
import { oneofMember } from './message.ts';

/** Deepest nesting of messages; only a Struct (an access log's labels) can nest without end. */
export const MAX_MESSAGE_DEPTH = 100;
/** Problems reported at once. */
export const MAX_PROBLEMS = 20;

type Members = Record<string, unknown>;
type JsonObject = Readonly<Record<string, YamlValue>>;

/** Reads JSON values into messages and notes what is wrong with them. One decoder serves one document. */
export class MessageDecoder {
  /** In the order found; decoding went on with the zero value. Empty when all was well. */
  readonly problems: MeshProblem[] = [];
  /** The minor release of Istio whose fields and enum values are known. */
  readonly minor: number;
  readonly #path: (string | number)[] = [];

  constructor(minor: number) {
    this.minor = minor;
  }

  /** `base` with the document's fields put over it. `base` is not changed. */
  decode(schema: MessageSchema, json: YamlValue, base: Message = {}): Message {
    if (json === null) return base;
    if (!isObject(json)) {
      this.#wrong('a mapping', json);
      return base;
    }
    const members: Members = { ...base };
    for (const field of schema.fields) {
      if (field.since <= this.minor) this.#decodeField(field, json, members);
    }
    return members;
  }

  #decodeField(field: FieldSchema, json: JsonObject, members: Members): void {
    const key = Object.hasOwn(json, field.jsonName) ? field.jsonName : field.name;
    if (key === field.name && !Object.hasOwn(json, key)) return;
    const raw = json[key];
    if (raw === undefined || (raw === null && !holdsNull(field))) return;
    this.#path.push(key);
    const value = this.#value(field, raw);
    this.#path.pop();
    if (field.oneof === null) members[field.jsonName] = value;
    else members[field.oneof.goName] = oneofMember(field, value);
  }

  #value(field: FieldSchema, raw: YamlValue): unknown {
    switch (field.cardinality) {
      case 'repeated':
        return this.#list(field, raw);
      case 'map':
        return this.#map(field, raw);
      default:
        return this.#single(field, raw);
    }
  }

  #list(field: FieldSchema, raw: YamlValue): unknown[] {
    if (raw === null) return [];
    if (!Array.isArray(raw)) {
      this.#wrong('a list', raw);
      return [];
    }
    return raw.map((item, index) => {
      this.#path.push(index);
      const value = this.#single(field, item);
      this.#path.pop();
      return value;
    });
  }

  #map(field: FieldSchema, raw: YamlValue): Members {
    // Keys are the user's: `__proto__` is a key like any other here.
    const entries: Members = Object.create(null);
    if (raw === null) return entries;
    if (!isObject(raw)) {
      this.#wrong('a mapping', raw);
      return entries;
    }
    for (const key of Object.keys(raw)) {
      this.#path.push(key);
      entries[key] = this.#single(field, raw[key] ?? null);
      this.#path.pop();
    }
    return entries;
  }

  #single(field: FieldSchema, raw: YamlValue): unknown {
    if (field.message !== null) return this.#message(field.message, raw);
    if (field.enum !== null) return this.#enum(field.enum, raw);
    switch (field.kind) {
      case 'string':
        if (typeof raw === 'string') return raw;
        if (raw !== null) this.#wrong('a string', raw);
        return '';
      case 'bool':
        if (typeof raw === 'boolean') return raw;
        if (raw !== null) this.#wrong('true or false', raw);
        return false;
      case 'double':
        return readDouble(raw) ?? this.#wrong('a number', raw);
      default:
        return this.#integer(field.kind, raw);
    }
  }

  #integer(kind: FieldSchema['kind'], raw: YamlValue): number | bigint {
    const type = kind === 'uint32' || kind === 'int64' ? kind : 'int32';
    const value = readInteger(raw, type);
    if (value !== null) return type === 'int64' ? value : Number(value);
    return this.#wrong(`an integer (${type})`, raw);
  }

  #enum(schema: EnumSchema, raw: YamlValue): number {
    if (typeof raw === 'string') {
      const known = schema.numberOf.get(raw);
      if (known !== undefined && known.since <= this.minor) return known.number;
      return this.#wrong(`one of ${[...schema.numberOf.keys()].join(', ')}`, raw);
    }
    const number = readInteger(raw, 'int32');
    return number === null ? this.#wrong('the name or the number of an enum value', raw) : Number(number);
  }

  #message(schema: MessageSchema, raw: YamlValue): Message {
    if (this.#path.length > MAX_MESSAGE_DEPTH) {
      this.#problem({ code: 'MESH_CONFIG_LIMIT', path: this.#pathText(), message: 'nested too deeply' });
      return {};
    }
    switch (schema.name) {
      case 'google.protobuf.Value':
        return this.#dynamicValue(schema, raw);
      case 'google.protobuf.Duration':
        return raw === null ? {} : this.#duration(raw);
      case 'google.protobuf.Struct':
      case 'google.protobuf.ListValue':
      case 'google.protobuf.BoolValue':
      case 'google.protobuf.Int32Value':
      case 'google.protobuf.Int64Value':
      case 'google.protobuf.UInt32Value': {
        // These stand for their one field.
        const [field] = schema.fields;
        return raw === null || field === undefined ? {} : { [field.jsonName]: this.#value(field, raw) };
      }
      default:
        return this.decode(schema, raw);
    }
  }

  #duration(raw: YamlValue): Message {
    const nanos = typeof raw === 'string' ? parseGoDuration(raw) : null;
    if (nanos !== null) return durationOfNanos(nanos);
    this.#wrong('a duration such as 1.5s', raw);
    return {};
  }

  #dynamicValue(schema: MessageSchema, raw: YamlValue): Message {
    const [field, value] = this.#dynamicMember(schema, raw);
    return field?.oneof == null ? {} : { [field.oneof.goName]: oneofMember(field, value) };
  }

  #dynamicMember(schema: MessageSchema, raw: YamlValue): readonly [FieldSchema | undefined, unknown] {
    const field = (name: string): FieldSchema | undefined => schema.fields.find((candidate) => candidate.name === name);
    if (raw === null) return [field('null_value'), 0];
    switch (typeof raw) {
      case 'boolean':
        return [field('bool_value'), raw];
      case 'string':
        return [field('string_value'), raw];
      case 'object': {
        const composite = field(Array.isArray(raw) ? 'list_value' : 'struct_value');
        return [composite, composite === undefined ? undefined : this.#single(composite, raw)];
      }
      default:
        return [field('number_value'), Number(raw)];
    }
  }

  #wrong(wanted: string, raw: YamlValue): 0 {
    const message = `must be ${wanted}, not ${describe(raw)}`;
    this.#problem({ code: 'MESH_CONFIG_TYPE', path: this.#pathText(), message });
    return 0;
  }

  #problem(problem: MeshProblem): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push(problem);
  }

  #pathText(): string {
    return this.#path.reduce<string>(
      (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
      '',
    );
  }
}

function isObject(value: YamlValue): value is { [key: string]: YamlValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A single google.protobuf.Value tells null apart from absence. */
function holdsNull(field: FieldSchema): boolean {
  return field.cardinality === 'single' && field.message?.name === 'google.protobuf.Value';
}

const MAX_DESCRIBED = 60;

function describe(raw: YamlValue): string {
  if (raw === null) return 'null';
  if (Array.isArray(raw)) return 'a list';
  if (typeof raw === 'object') return 'a mapping';
  if (typeof raw !== 'string') return `${typeof raw === 'boolean' ? '' : 'the number '}${String(raw)}`;
  return JSON.stringify(raw.length > MAX_DESCRIBED ? `${raw.slice(0, MAX_DESCRIBED)}…` : raw);
}
