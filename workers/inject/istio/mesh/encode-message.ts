/**
 * Messages as JSON, to the byte as Istio writes them (golang/protobuf's jsonpb with its default options): fields in declared order,
 * unset fields left out, enums by name, 64-bit integers quoted, map keys sorted, strings escaped as encoding/json escapes them
 * (`<`, `>`, `&` too), no spaces.
 */
import { marshalGoJson } from '../../../template/gojson.ts';
import { compareBytes } from '../../../template/gostring.ts';
import type { GoValue } from '../../../template/value.ts';
import { encodeDuration } from './duration.ts';
import type { FieldSchema, Message, MessageSchema } from './message.ts';
import { fieldValue, isSet } from './message.ts';

/** Writes a message. It can not fail: every message that decoding or the defaults make has a JSON form. */
export function encodeMessage(schema: MessageSchema, message: Message): string {
  switch (schema.name) {
    case 'google.protobuf.Duration':
      return `"${encodeDuration(message)}"`;
    case 'google.protobuf.BoolValue':
    case 'google.protobuf.Int32Value':
    case 'google.protobuf.Int64Value':
    case 'google.protobuf.UInt32Value':
    case 'google.protobuf.Struct':
    case 'google.protobuf.ListValue':
      return encodeOnlyField(schema, message);
    case 'google.protobuf.Value':
      return encodeSetField(schema, message);
    default:
      return encodeFields(schema, message);
  }
}

/** Wrappers, Struct and ListValue stand for their one field. */
function encodeOnlyField(schema: MessageSchema, message: Message): string {
  const [field] = schema.fields;
  return field === undefined ? '{}' : encodeField(field, message[field.jsonName]);
}

function encodeSetField(schema: MessageSchema, message: Message): string {
  const field = schema.fields.find((candidate) => isSet(message, candidate));
  return field === undefined ? 'null' : encodeField(field, fieldValue(message, field));
}

function encodeFields(schema: MessageSchema, message: Message): string {
  let text = '{';
  for (const field of schema.fields) {
    if (!isSet(message, field)) continue;
    if (text.length > 1) text += ',';
    text += `"${field.jsonName}":${encodeField(field, fieldValue(message, field))}`;
  }
  return `${text}}`;
}

function encodeField(field: FieldSchema, value: unknown): string {
  switch (field.cardinality) {
    case 'repeated':
      return encodeList(field, (value ?? []) as readonly unknown[]);
    case 'map':
      return encodeMap(field, (value ?? {}) as Readonly<Record<string, unknown>>);
    default:
      return encodeSingle(field, value);
  }
}

function encodeList(field: FieldSchema, items: readonly unknown[]): string {
  let text = '[';
  for (let index = 0; index < items.length; index++) {
    if (index > 0) text += ',';
    text += encodeSingle(field, items[index]);
  }
  return `${text}]`;
}

function encodeMap(field: FieldSchema, entries: Readonly<Record<string, unknown>>): string {
  let text = '{';
  for (const key of Object.keys(entries).sort(compareBytes)) {
    if (text.length > 1) text += ',';
    text += `${marshalGoJson(key)}:${encodeSingle(field, entries[key])}`;
  }
  return `${text}}`;
}

function encodeSingle(field: FieldSchema, value: unknown): string {
  if (field.message !== null) return encodeMessage(field.message, (value ?? {}) as Message);
  if (field.enum !== null) return encodeEnum(field, Number(value ?? 0));
  switch (field.kind) {
    case 'string':
      return marshalGoJson((value ?? '') as string);
    case 'bool':
      return value === true ? 'true' : 'false';
    case 'int64':
      return `"${String(value ?? 0)}"`;
    case 'double':
      return encodeDouble(Number(value ?? 0));
    default:
      return String(value ?? 0);
  }
}

function encodeEnum(field: FieldSchema, number: number): string {
  if (field.enum?.name === 'google.protobuf.NullValue') return 'null';
  const name = field.enum?.nameOf.get(number);
  return name === undefined ? String(number) : `"${name}"`;
}

function encodeDouble(value: number): string {
  if (Number.isNaN(value)) return '"NaN"';
  if (!Number.isFinite(value)) return value > 0 ? '"Infinity"' : '"-Infinity"';
  return marshalGoJson(value satisfies GoValue);
}
