/**
 * The Go types behind a v1.Pod as data: what pod-schema.generated.ts says, parsed once. Three readers build what they need
 * from it, each in its own shape: merge/merge-schema.ts, kube/pod-types.ts and kube/typed-codec.ts.
 */
import { shareText } from '../template/narrow.ts';
import { NAMED_TYPES, STRUCTS } from './pod-schema.generated.ts';

/** A Go type expression such as `*v1.Probe`, `[]string`, `map[v1.ResourceName]resource.Quantity`, taken apart. */
export type TypeExpression =
  | { readonly kind: 'pointer' | 'slice'; readonly elem: TypeExpression }
  | { readonly kind: 'map'; readonly key: TypeExpression; readonly elem: TypeExpression }
  /** A struct by its qualified name. */
  | { readonly kind: 'struct'; readonly name: string }
  /** bool, string, int32, int64; `name` is set for a named type such as v1.Protocol. */
  | { readonly kind: 'scalar'; readonly scalar: ScalarKind; readonly name?: string }
  /** A named map such as v1.ResourceList. */
  | { readonly kind: 'named'; readonly name: string; readonly underlying: TypeExpression };

const SCALARS = ['bool', 'string', 'int32', 'int64'] as const;
export type ScalarKind = (typeof SCALARS)[number];

export interface SchemaField {
  readonly goName: string;
  /** '' for an inlined struct, whose members lie in the same JSON object as its owner's. */
  readonly jsonName: string;
  readonly type: TypeExpression;
  readonly typeText: string;
  readonly inline: boolean;
  /** An embedded struct with a JSON name of its own (`metadata`). */
  readonly embedded: boolean;
  readonly omitempty: boolean;
  readonly omitzero: boolean;
  /** '' when the field has none, else `merge`, `replace`, `retainKeys` or two of them. */
  readonly patchStrategies: readonly string[];
  readonly mergeKey: string;
}

/** Structs whose JSON form is made by methods of their own; their fields do not show in JSON. */
export type CustomJson = 'resource.Quantity' | 'intstr.IntOrString' | 'v1.Time' | 'v1.FieldsV1';

/** The generated form of a schema: rows of fields by struct, and what other named types are made of. */
export interface SchemaTable {
  readonly structs: { readonly [name: string]: string };
  readonly named: { readonly [name: string]: string };
}

export const POD_TABLE: SchemaTable = { structs: STRUCTS, named: NAMED_TYPES };

/** Every struct by its qualified Go name, with its fields in declaration order, embedded structs not yet flattened. */
export const POD_STRUCTS: ReadonlyMap<string, readonly SchemaField[]> = parseStructs(POD_TABLE);

/**
 * Fields as they lie in the JSON object: inlined structs are replaced by their own fields, in place. The generator's source
 * has no two fields with one JSON name, so Go's rules for hidden fields are not needed.
 */
export function flattenFields(
  structName: string,
  structs: ReadonlyMap<string, readonly SchemaField[]> = POD_STRUCTS,
): readonly SchemaField[] {
  const fields = structs.get(structName);
  if (fields === undefined) throw new Error(`no struct ${structName} in the schema`);
  return fields.flatMap((field) =>
    field.inline && field.type.kind === 'struct' ? flattenFields(field.type.name, structs) : [field],
  );
}

/** Takes a Go type expression apart. Throws for a name that the schema does not hold. */
export function parseType(text: string, table: SchemaTable = POD_TABLE): TypeExpression {
  if (text.startsWith('*')) return { kind: 'pointer', elem: parseType(text.slice(1), table) };
  if (text.startsWith('[]')) return { kind: 'slice', elem: parseType(text.slice(2), table) };
  if (text.startsWith('map[')) {
    const end = text.indexOf(']');
    return { kind: 'map', key: parseType(text.slice(4, end), table), elem: parseType(text.slice(end + 1), table) };
  }
  const scalar = SCALARS.find((kind) => kind === text);
  if (scalar !== undefined) return { kind: 'scalar', scalar };
  if (Object.hasOwn(table.structs, text)) return { kind: 'struct', name: text };
  const named = Object.hasOwn(table.named, text) ? table.named[text] : undefined;
  if (named === undefined) throw new Error(`no type ${text} in the schema`);
  const underlying = parseType(named, table);
  return underlying.kind === 'scalar' ? { ...underlying, name: text } : { kind: 'named', name: text, underlying };
}

/** Reads a table's structs; their fields may be of any type of the table. */
export function parseStructs(table: SchemaTable): ReadonlyMap<string, readonly SchemaField[]> {
  const structs = new Map<string, readonly SchemaField[]>();
  for (const [name, text] of Object.entries(table.structs)) {
    structs.set(name, text === '' ? [] : text.split(';').map((row) => parseField(row, table)));
  }
  return structs;
}

function parseField(text: string, table: SchemaTable): SchemaField {
  const [goName = '', json = '', typeText = '', strategies = '', mergeKey = ''] = text.split(' ');
  const [jsonName = '', ...flags] = json.split(',');
  // Names are looked up for each member of each pod: those that V8 keeps one of are compared by place, pieces of a text by their characters.
  return {
    goName: shareText(goName),
    jsonName: shareText(jsonName),
    type: parseType(typeText, table),
    typeText,
    inline: flags.includes('inline'),
    embedded: flags.includes('embedded'),
    omitempty: flags.includes('omitempty'),
    omitzero: flags.includes('omitzero'),
    patchStrategies: strategies.split(','),
    mergeKey: shareText(mergeKey),
  };
}
