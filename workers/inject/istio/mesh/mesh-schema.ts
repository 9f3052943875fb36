/**
 * The schemas of Istio's mesh configuration: what mesh-schema.generated.ts says, linked once when the module loads and never changed.
 */
import type { GoType } from '../../../template/value.ts';
import { completeMessageType, draftMessageType, enumType, scalarType, wrapperType } from './go-types.ts';
import type { EnumRow, FieldRow, MessageRow } from './mesh-schema.generated.ts';
import { ENUMS, MESSAGES } from './mesh-schema.generated.ts';
import type { EnumSchema, FieldKind, FieldSchema, MessageSchema, OneofSchema, ScalarKind } from './message.ts';

interface DraftOneof extends OneofSchema {
  readonly fields: FieldSchema[];
}
interface DraftMessage extends MessageSchema {
  readonly fields: FieldSchema[];
  readonly oneofs: DraftOneof[];
}

const SCALARS: ReadonlySet<string> = new Set<ScalarKind>(['string', 'bool', 'int32', 'uint32', 'int64', 'double']);

/** Every enum, by its full protobuf name. */
export const ENUM_SCHEMAS: ReadonlyMap<string, EnumSchema> = new Map(ENUMS.map((row) => [row[0], linkEnum(row)]));
/** Every message, by its full protobuf name. */
export const MESSAGE_SCHEMAS: ReadonlyMap<string, MessageSchema> = linkMessages(MESSAGES);

/** A message by its full protobuf name, e.g. `istio.mesh.v1alpha1.ProxyConfig`. Throws for a name that the tables do not hold. */
export function messageSchema(name: string): MessageSchema {
  return required(MESSAGE_SCHEMAS.get(name), name);
}

export const MESH_CONFIG: MessageSchema = messageSchema('istio.mesh.v1alpha1.MeshConfig');
export const PROXY_CONFIG: MessageSchema = messageSchema('istio.mesh.v1alpha1.ProxyConfig');
export const DEFAULT_PROVIDERS: MessageSchema = messageSchema('istio.mesh.v1alpha1.MeshConfig.DefaultProviders');
export const PROXY_HEADERS: MessageSchema = messageSchema('istio.mesh.v1alpha1.ProxyConfig.ProxyHeaders');
export const DURATION: MessageSchema = messageSchema('google.protobuf.Duration');

const BY_POINTER: ReadonlyMap<GoType, MessageSchema> = new Map(
  [...MESSAGE_SCHEMAS.values()].map((schema) => [schema.goPointer, schema]),
);

/** The message that a Go type points to; undefined for any other type. */
export function messageOfType(type: GoType): MessageSchema | undefined {
  return BY_POINTER.get(type);
}

function linkEnum([name, goType, values]: EnumRow): EnumSchema {
  const numberOf = new Map<string, { number: number; since: number }>();
  const nameOf = new Map<number, string>();
  for (const [valueName, number, since = 0] of values) {
    numberOf.set(valueName, { number, since });
    // Of several names for one number the first counts.
    if (!nameOf.has(number)) nameOf.set(number, valueName);
  }
  const schema: EnumSchema = { name, numberOf, nameOf, goType: enumType(goType, () => schema) };
  return schema;
}

function linkMessages(rows: readonly MessageRow[]): ReadonlyMap<string, MessageSchema> {
  const drafts = new Map<string, DraftMessage>();
  for (const [name, goType, oneofs] of rows) {
    drafts.set(name, {
      name,
      fields: [],
      oneofs: oneofs.map(([oneofName, goName]) => ({ name: oneofName, goName, fields: [] })),
      goPointer: draftMessageType(goType),
    });
  }
  for (const [name, , , fields] of rows) {
    const draft = required(drafts.get(name), name);
    for (const row of fields) linkField(draft, row, drafts);
    completeMessageType(draft);
  }
  return drafts;
}

function linkField(owner: DraftMessage, row: FieldRow, messages: ReadonlyMap<string, MessageSchema>): void {
  const [name, jsonName, goName, , type, oneofIndex = -1, wrapper = '', since = 0] = row;
  const cardinality = type.startsWith('[]') ? 'repeated' : type.startsWith('map:') ? 'map' : 'single';
  const element = type.replace(/^(\[\]|map:)/, '');
  const message = element.startsWith('.') ? required(messages.get(element.slice(1)), element) : null;
  const enumeration = element.startsWith('#') ? required(ENUM_SCHEMAS.get(element.slice(1)), element) : null;
  const kind = elementKind(element);
  const elementType = message?.goPointer ?? enumeration?.goType ?? scalarType(kind as ScalarKind);
  const goType = collectionType(cardinality, elementType);
  const oneof = owner.oneofs[oneofIndex] ?? null;
  const field: FieldSchema = {
    name,
    jsonName,
    goName,
    cardinality,
    kind,
    enum: enumeration,
    message,
    oneof,
    since,
    goType,
    wrapper: oneof === null ? null : wrapperType(wrapper, { goName, goType }),
  };
  owner.fields.push(field);
  if (oneof !== null) owner.oneofs[oneofIndex]?.fields.push(field);
}

function collectionType(cardinality: FieldSchema['cardinality'], elem: GoType): GoType {
  if (cardinality === 'repeated') return { kind: 'slice', elem };
  if (cardinality === 'map') return { kind: 'map', key: scalarType('string'), elem };
  return elem;
}

function elementKind(element: string): FieldKind {
  if (element.startsWith('.')) return 'message';
  if (element.startsWith('#')) return 'enum';
  if (!SCALARS.has(element)) throw new Error(`the mesh tables hold a kind that is not supported: ${element}`);
  return element as ScalarKind;
}

function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`not in the mesh tables: ${name}`);
  return value;
}
