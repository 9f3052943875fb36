/**
 * The Go types of a pod for templates: `new GoRef(POD_SPEC, pod.spec)` lets a template read `.Containers`,
 * `$c.ReadinessProbe.HTTPGet.Port.IntValue` or `$v.EmptyDir.SizeLimit.String` over the pod's own JSON.
 *
 * Fields of inlined structs are fields of their owner, as Go promotes them. What does not lie under a member of its own is a
 * method, which templates call alike: the inlined struct itself (`.VolumeSource`), what ObjectMeta lends to its owner
 * (`$pod.Name`), and the fields of an IntOrString.
 */
import { structField } from '../template/reflect.ts';
import {
  BOOL,
  type GoField,
  type GoMethod,
  GoRef,
  type GoScalarType,
  type GoStructType,
  type GoType,
  STRING,
  STRING_MAP,
  STRING_SLICE,
} from '../template/value.ts';
import { CUSTOM_METHODS } from './custom-methods.ts';
import {
  flattenFields,
  POD_STRUCTS,
  parseType,
  type ScalarKind,
  type SchemaField,
  type TypeExpression,
} from './pod-schema.ts';

/** The engine knows the plain types by these very objects. */
const SCALARS: { readonly [kind in ScalarKind]: GoScalarType } = {
  bool: BOOL,
  string: STRING,
  int32: { kind: 'int32' },
  int64: { kind: 'int64' },
};

interface Building extends GoStructType {
  readonly name: string;
  readonly fields: Map<string, GoField>;
  readonly methods: Map<string, GoMethod>;
}

const STRUCTS: ReadonlyMap<string, GoStructType> = buildStructs();

export const POD = structType('v1.Pod');
export const TYPE_META = structType('v1.TypeMeta');
export const OBJECT_META = structType('v1.ObjectMeta');
export const POD_SPEC = structType('v1.PodSpec');
export const POD_STATUS = structType('v1.PodStatus');
export const CONTAINER = structType('v1.Container');
export const VOLUME = structType('v1.Volume');

/**
 * The Go type of an expression such as `v1.Container`, `[]v1.Container` or `*v1.Probe`; the same object for each struct.
 * Throws for a name that is not within a pod. Look types up once, not per request.
 */
export function goType(text: string): GoType {
  return link(parseType(text), STRUCTS);
}

function structType(name: string): GoStructType {
  const type = STRUCTS.get(name);
  if (type === undefined) throw new Error(`no struct ${name} within a pod`);
  return type;
}

function buildStructs(): ReadonlyMap<string, GoStructType> {
  const structs = new Map<string, Building>();
  for (const name of POD_STRUCTS.keys()) {
    structs.set(name, { kind: 'struct', name, fields: new Map(), methods: new Map(CUSTOM_METHODS.get(name) ?? []) });
  }
  for (const struct of structs.values()) addFields(struct, structs);
  for (const struct of structs.values()) addMethods(struct, structs);
  return structs;
}

function addFields(struct: Building, structs: ReadonlyMap<string, GoStructType>): void {
  if (CUSTOM_METHODS.has(struct.name)) return; // their fields do not lie in JSON: methods stand for them
  for (const field of flattenFields(struct.name)) {
    struct.fields.set(field.goName, {
      name: field.goName,
      type: link(field.type, structs),
      jsonName: field.jsonName,
      omitempty: field.omitempty,
    });
  }
}

function addMethods(struct: Building, structs: ReadonlyMap<string, Building>): void {
  for (const field of POD_STRUCTS.get(struct.name) ?? []) {
    const embedded = embeddedStruct(field, structs);
    if (embedded === undefined) continue;
    if (field.inline) {
      struct.methods.set(field.goName, (receiver) => new GoRef(embedded, receiver.data));
      continue;
    }
    const member: GoField = { name: field.goName, type: embedded, jsonName: field.jsonName };
    const heldBy = (receiver: GoRef): GoRef => structField(receiver, member) as GoRef;
    for (const promoted of embedded.fields.values()) {
      if (struct.fields.has(promoted.name)) continue;
      struct.methods.set(promoted.name, (receiver) => structField(heldBy(receiver), promoted));
    }
    for (const [name, method] of metaGetters(embedded)) {
      struct.methods.set(name, (receiver, args) => method(heldBy(receiver), args));
    }
  }
  for (const [name, method] of metaGetters(struct)) struct.methods.set(name, method);
}

function embeddedStruct(field: SchemaField, structs: ReadonlyMap<string, Building>): Building | undefined {
  return (field.inline || field.embedded) && field.type.kind === 'struct' ? structs.get(field.type.name) : undefined;
}

/** ObjectMeta has a getter for each of its fields (metav1.Object). */
function metaGetters(meta: GoStructType): (readonly [string, GoMethod])[] {
  if (meta.name !== 'v1.ObjectMeta') return [];
  return [...meta.fields.values()].map((field) => [`Get${field.name}`, (receiver) => structField(receiver, field)]);
}

function link(type: TypeExpression, structs: ReadonlyMap<string, GoStructType>): GoType {
  switch (type.kind) {
    case 'scalar':
      return type.name === undefined ? SCALARS[type.scalar] : { kind: type.scalar, name: type.name };
    case 'struct': {
      const struct = structs.get(type.name);
      if (struct === undefined) throw new Error(`no struct ${type.name} within a pod`);
      return struct;
    }
    case 'named':
      return { ...link(type.underlying, structs), name: type.name };
    case 'pointer':
      return { kind: 'pointer', elem: link(type.elem, structs) };
    case 'slice': {
      const elem = link(type.elem, structs);
      return elem === STRING ? STRING_SLICE : { kind: 'slice', elem };
    }
    case 'map': {
      const key = link(type.key, structs);
      const elem = link(type.elem, structs);
      return key === STRING && elem === STRING ? STRING_MAP : { kind: 'map', key, elem };
    }
  }
}
