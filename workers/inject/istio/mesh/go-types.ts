/**
 * The Go types of messages and enums, with the methods that templates can call on them: getters that are safe on nil pointers,
 * String, MarshalJSON, and what the well-known types have beside these.
 */
import { formatDuration } from '../../../template/funcs/sprig/duration.ts';
import { wrap } from '../../../template/reflect.ts';
import type { GoField, GoMethod, GoPointerType, GoScalarType, GoType, GoValue } from '../../../template/value.ts';
import { BOOL, FLOAT64, GoNumber, GoRef, int64, STRING } from '../../../template/value.ts';
import type { Duration } from './duration.ts';
import { nanosOf } from './duration.ts';
import { encodeMessage } from './encode-message.ts';
import type { EnumSchema, FieldSchema, Message, MessageSchema, OneofSchema, ScalarKind } from './message.ts';
import { fieldValue, isSet, oneofHeld } from './message.ts';
import { messageText } from './message-text.ts';

const SCALAR_TYPES: Readonly<Record<ScalarKind, GoScalarType>> = {
  string: STRING,
  bool: BOOL,
  int32: { kind: 'int32' },
  uint32: { kind: 'uint32' },
  int64: { kind: 'int64' },
  double: FLOAT64,
};

const NANOS_PER_SECOND = 1_000_000_000n;
const EMPTY: Message = Object.freeze({});

const TIME_DURATION: GoScalarType = {
  kind: 'int64',
  name: 'time.Duration',
  methods: new Map<string, GoMethod>([
    ['String', (receiver) => formatDuration(nanosIn(receiver))],
    ['Nanoseconds', (receiver) => int64(nanosIn(receiver))],
    ['Microseconds', (receiver) => int64(nanosIn(receiver) / 1_000n)],
    ['Milliseconds', (receiver) => int64(nanosIn(receiver) / 1_000_000n)],
    ['Seconds', (receiver) => quotient(nanosIn(receiver), NANOS_PER_SECOND)],
    ['Minutes', (receiver) => quotient(nanosIn(receiver), 60n * NANOS_PER_SECOND)],
    ['Hours', (receiver) => quotient(nanosIn(receiver), 3_600n * NANOS_PER_SECOND)],
  ]),
};
const ENUM_NUMBER: GoScalarType = { kind: 'int32', name: 'protoreflect.EnumNumber' };

function nanosIn(duration: GoRef): bigint {
  return typeof duration.data === 'bigint' ? duration.data : 0n;
}

/** Go divides whole units and the rest apart, which keeps more digits than one division. */
function quotient(nanos: bigint, unit: bigint): number {
  return Number(nanos / unit) + Number(nanos % unit) / Number(unit);
}

/** The Go type of a scalar. */
export function scalarType(kind: ScalarKind): GoScalarType {
  return SCALAR_TYPES[kind];
}

/** The type of an enum: an int32 that prints as its value's name. `schema` may still be under construction. */
export function enumType(goType: string, schema: () => EnumSchema): GoScalarType {
  return {
    kind: 'int32',
    name: goType,
    methods: new Map<string, GoMethod>([
      ['String', (receiver) => schema().nameOf.get(enumNumber(receiver)) ?? String(enumNumber(receiver))],
      ['Number', (receiver) => new GoRef(ENUM_NUMBER, enumNumber(receiver))],
    ]),
  };
}

function enumNumber(receiver: GoRef): number {
  const { data } = receiver;
  return data instanceof GoNumber ? Number(data.value) : Number(data ?? 0);
}

/**
 * The pointer type of a message, still without struct fields and getters, for the types refer to one another in circles: hand it to
 * `completeMessageType` once the schema has all its fields.
 */
export function draftMessageType(goType: string): GoPointerType {
  return { kind: 'pointer', elem: { kind: 'struct', name: goType, fields: new Map() }, methods: new Map() };
}

/** Puts fields and methods into a type made by `draftMessageType`. */
export function completeMessageType(schema: MessageSchema): void {
  const { goPointer } = schema;
  if (goPointer.elem.kind !== 'struct') return;
  const fields = goPointer.elem.fields as Map<string, GoField>;
  const methods = goPointer.methods as Map<string, GoMethod>;
  for (const field of schema.fields) {
    const struct = field.oneof === null ? directField(field) : oneofField(schema, field.oneof);
    fields.set(struct.name, struct);
    methods.set(`Get${field.goName}`, getter(field));
    if (field.oneof !== null) methods.set(`Get${field.oneof.goName}`, oneofGetter(field.oneof));
  }
  methods.set('String', (receiver) => (isNilPointer(receiver) ? '<nil>' : messageText(schema, messageOf(receiver))));
  // The generated code of istio.io/api and of Struct marshals itself; Duration and the wrappers are plain structs to encoding/json.
  if (schema.name.startsWith('istio.') || STRUCT_MESSAGES.has(schema.name)) {
    methods.set('MarshalJSON', (receiver) => encodeMessage(schema, messageOf(receiver)));
  }
  for (const [name, method] of wellKnownMethods(schema)) methods.set(name, method);
}

const STRUCT_MESSAGES: ReadonlySet<string> = new Set([
  'google.protobuf.Struct',
  'google.protobuf.Value',
  'google.protobuf.ListValue',
]);

/** Methods that only well-known types have. */
function wellKnownMethods(schema: MessageSchema): readonly (readonly [string, GoMethod])[] {
  switch (schema.name) {
    case 'google.protobuf.Duration':
      return [
        ['AsDuration', (receiver) => new GoRef(TIME_DURATION, nanosOf(messageOf(receiver) as Duration))],
        ['IsValid', (receiver) => !isNilPointer(receiver)],
      ];
    case 'google.protobuf.Struct':
      return [['AsMap', (receiver) => structValue(schema, messageOf(receiver))]];
    case 'google.protobuf.Value':
      return [['AsInterface', (receiver) => anyValue(schema, messageOf(receiver))]];
    case 'google.protobuf.ListValue':
      return [['AsSlice', (receiver) => listValue(schema, messageOf(receiver))]];
    default:
      return [];
  }
}

/** The wrapper struct of a oneof's member, as a pointer type. Its field has no JSON name of its own. */
export function wrapperType(
  goType: string,
  field: { readonly goName: string; readonly goType: GoType },
): GoPointerType {
  const only: GoField = { name: field.goName, type: field.goType, jsonName: field.goName };
  return { kind: 'pointer', elem: { kind: 'struct', name: goType, fields: new Map([[only.name, only]]) } };
}

function directField(field: FieldSchema): GoField {
  return { name: field.goName, type: field.goType, jsonName: field.jsonName, omitempty: true };
}

/** Go holds a oneof in one field of an unexported interface type. */
function oneofField(schema: MessageSchema, oneof: OneofSchema): GoField {
  const [pkg, message] = (schema.goPointer.elem.name ?? '').split('.');
  return {
    name: oneof.goName,
    type: { kind: 'interface', name: `${pkg}.is${message}_${oneof.goName}` },
    jsonName: oneof.goName,
  };
}

function getter(field: FieldSchema): GoMethod {
  return (receiver) => wrap(field.goType, fieldValue(messageOf(receiver), field));
}

function oneofGetter(oneof: OneofSchema): GoMethod {
  return (receiver) => oneofHeld(messageOf(receiver), oneof) ?? null;
}

function isNilPointer(receiver: GoRef): boolean {
  return receiver.data === null || receiver.data === undefined;
}

function messageOf(receiver: GoRef): Message {
  return isNilPointer(receiver) ? EMPTY : (receiver.data as Message);
}

/** What Struct, Value and ListValue hold as Go's `any`. Their depth is bounded when they are decoded. */
function anyValue(schema: MessageSchema, message: Message): GoValue {
  const field = schema.fields.find((candidate) => isSet(message, candidate));
  if (field === undefined || field.enum !== null) return null;
  const value = fieldValue(message, field);
  if (field.message === null) return value as GoValue;
  const inner = field.message;
  return inner.fields[0]?.cardinality === 'map'
    ? structValue(inner, value as Message)
    : listValue(inner, value as Message);
}

function structValue(schema: MessageSchema, message: Message): GoValue {
  const value = schema.fields[0]?.message;
  const plain: Record<string, GoValue> = Object.create(null);
  for (const [key, item] of Object.entries((message['fields'] ?? {}) as Readonly<Record<string, Message>>)) {
    plain[key] = value == null ? null : anyValue(value, item);
  }
  return plain;
}

function listValue(schema: MessageSchema, message: Message): GoValue {
  const value = schema.fields[0]?.message;
  return ((message['values'] ?? []) as readonly Message[]).map((item) =>
    value == null ? null : anyValue(value, item),
  );
}
