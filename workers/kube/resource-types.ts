/**
 * The Go types of resources that Linkerd's command line reads: pods, workloads, Services, Namespaces. They say what decoding and encoding
 * have to do, and how Go's errors name a place. Built when first asked for, because the gateway itself never needs them.
 */
import { foldCase } from './fold-case.ts';
import {
  flattenFields,
  POD_TABLE,
  parseStructs,
  parseType,
  type SchemaField,
  type SchemaTable,
  type TypeExpression,
} from './pod-schema.ts';
import { NAMED_TYPES, STRUCTS } from './workload-schema.generated.ts';

interface Named {
  /** As Go's reflection writes the type: `int32`, `[]v1.Container`, `map[string]string`. */
  readonly goName: string;
}

export type ResourceType =
  | (Named & { readonly kind: 'string' | 'bool' | 'int32' | 'int64' })
  /** With a JSON form of their own: resource.Quantity, intstr.IntOrString, v1.Time, v1.FieldsV1 (any JSON). */
  | (Named & { readonly kind: 'quantity' | 'intOrString' | 'time' | 'raw' })
  | (Named & { readonly kind: 'pointer' | 'slice' | 'map'; readonly elem: ResourceType })
  | ResourceStruct;

export interface ResourceStruct extends Named {
  readonly kind: 'struct';
  /** The name without its package. */
  readonly shortName: string;
  /** By JSON name, in declaration order. */
  readonly fields: ReadonlyMap<string, ResourceField>;
  /** By folded JSON name; the first in declaration order where two fold alike. */
  readonly folded: ReadonlyMap<string, ResourceField>;
}

export interface ResourceField {
  readonly jsonName: string;
  readonly omitempty: boolean;
  readonly type: ResourceType;
}

const CUSTOM: ReadonlyMap<string, 'quantity' | 'intOrString' | 'time' | 'raw'> = new Map([
  ['resource.Quantity', 'quantity'],
  ['intstr.IntOrString', 'intOrString'],
  ['v1.Time', 'time'],
  ['v1.FieldsV1', 'raw'],
]);

/** Makes the types of a schema by their Go names, each when it is first asked for. */
export class ResourceTypes {
  readonly #table: SchemaTable = {
    structs: { ...POD_TABLE.structs, ...STRUCTS },
    named: { ...POD_TABLE.named, ...NAMED_TYPES },
  };
  readonly #rows: ReadonlyMap<string, readonly SchemaField[]> = parseStructs(this.#table);
  readonly #structs = new Map<string, ResourceStruct>();

  /** The type of a Go expression such as `v1.Deployment`. Throws for a name that the schema does not hold. */
  typeOf(expression: string): ResourceType {
    return this.#link(parseType(expression, this.#table));
  }

  /** A struct by its Go name. Throws for a name that the schema does not hold. */
  structOf(name: string): ResourceStruct {
    const known = this.#structs.get(name);
    if (known !== undefined) return known;
    const fields = new Map<string, ResourceField>();
    const folded = new Map<string, ResourceField>();
    const struct: ResourceStruct = {
      kind: 'struct',
      goName: name,
      shortName: name.slice(name.indexOf('.') + 1),
      fields,
      folded,
    };
    this.#structs.set(name, struct); // before its fields: types may refer to each other
    for (const { jsonName, omitempty, type } of flattenFields(name, this.#rows)) {
      const field = { jsonName, omitempty, type: this.#link(type) };
      fields.set(jsonName, field);
      const fold = foldCase(jsonName);
      if (!folded.has(fold)) folded.set(fold, field);
    }
    return struct;
  }

  #link(type: TypeExpression): ResourceType {
    switch (type.kind) {
      case 'scalar':
        return { kind: type.scalar, goName: type.name ?? type.scalar };
      case 'struct': {
        const custom = CUSTOM.get(type.name);
        return custom === undefined ? this.structOf(type.name) : { kind: custom, goName: type.name };
      }
      case 'named':
        return { ...this.#link(type.underlying), goName: type.name };
      case 'map': {
        const elem = this.#link(type.elem);
        return { kind: 'map', elem, goName: `map[${this.#link(type.key).goName}]${elem.goName}` };
      }
      default: {
        const elem = this.#link(type.elem);
        return { kind: type.kind, elem, goName: `${type.kind === 'pointer' ? '*' : '[]'}${elem.goName}` };
      }
    }
  }
}
