/**
 * `.Name` on a value: a method, a struct's field or a map's key, with text/template's rules for nil and for what is missing.
 */
import { assignable, concrete, isNil, mapData, pointee, structField, typeName, typeOf, wrap } from './reflect.ts';
import type { Slot } from './run.ts';
import type { MissingKey, Site } from './site.ts';
import type { GoField, GoMethod, GoType, GoValue } from './value.ts';
import { GoNumber, GoRef, STRING } from './value.ts';

/** One field of a chain: what it needs when it is evaluated. */
export class FieldAccess {
  readonly name: string;
  readonly missingKey: MissingKey;
  readonly site: Site;
  /** The struct that was read here last, and its field: mostly the next one is of the same type. */
  type: GoType | null = null;
  field: GoField | null = null;

  constructor(name: string, missingKey: MissingKey, site: Site) {
    this.name = name;
    this.missingKey = missingKey;
    this.site = site;
  }
}

/** Arguments of the last field of a chain; evaluated only if it is a method. */
export type Arguments = () => readonly GoValue[];

/** The field of a value, when it has no arguments. Throws TEMPLATE_EXEC as Go does. */
export function readField(receiver: Slot, access: FieldAccess): Slot {
  if (receiver instanceof GoRef) {
    // Most receivers are structs, and most names are fields of theirs.
    const { type } = receiver;
    if (type === access.type && access.field !== null) return structField(receiver, access.field);
    if (type.kind === 'struct' && (type.methods === undefined || !type.methods.has(access.name))) {
      const field = type.fields.get(access.name);
      if (field !== undefined) {
        access.type = type;
        access.field = field;
        return structField(receiver, field);
      }
    }
    return readTypedField(receiver, access, null);
  }
  if (
    typeof receiver === 'object' &&
    receiver !== null &&
    !(receiver instanceof GoNumber) &&
    !Array.isArray(receiver)
  ) {
    const data = receiver as { readonly [key: string]: GoValue };
    return Object.hasOwn(data, access.name) ? data[access.name] : missing(access, null);
  }
  return readTypedField(receiver, access, null);
}

/** The field of a value with arguments, which only methods take. */
export function callField(receiver: Slot, access: FieldAccess, args: Arguments): Slot {
  return readTypedField(receiver, access, args);
}

function readTypedField(receiver: Slot, access: FieldAccess, args: Arguments | null): Slot {
  const { name, site } = access;
  if (receiver === undefined) {
    if (access.missingKey === 'error') site.fail(`nil data; no entry for key ${JSON.stringify(name)}`);
    return undefined;
  }
  const type = typeOf(receiver);
  if (type === null) return site.fail(`nil pointer evaluating interface {}.${name}`);
  const { target, method } = resolve(receiver, name);
  if (method !== undefined && target instanceof GoRef) return callMethod(method, target, access, args);
  if (target instanceof GoRef && target.type.kind === 'struct') {
    const field = target.type.fields.get(name);
    if (field !== undefined) {
      if (args !== null) site.fail(`${name} has arguments but cannot be invoked as function`);
      return structField(target, field);
    }
  } else if (target instanceof GoRef && target.type.kind === 'pointer') {
    const { elem } = target.type;
    if (elem.kind !== 'struct' || elem.fields.has(name)) site.fail(`nil pointer evaluating ${typeName(type)}.${name}`);
  } else {
    const found = readKey(target, access, args);
    if (found !== NO_MAP) return found;
  }
  return site.fail(`can't evaluate field ${name} in type ${typeName(type)}`);
}

/**
 * Follows pointers to the value that holds the fields, looking for a method on the way: the method set of a pointer holds those of
 * what it points to. A nil pointer is the end of the way; its methods can be called all the same.
 */
function resolve(receiver: Slot, name: string): { readonly target: Slot; readonly method: GoMethod | undefined } {
  let target = concrete(receiver);
  while (target instanceof GoRef) {
    const method = target.type.methods?.get(name);
    if (method !== undefined) return { target, method };
    if (target.type.kind !== 'pointer' || isNil(target)) break;
    target = concrete(pointee(target));
  }
  return { target, method: undefined };
}

function callMethod(method: GoMethod, receiver: GoRef, { name, site }: FieldAccess, args: Arguments | null): Slot {
  // A method written without a parameter for arguments takes none.
  if (args !== null && method.length < 2) return site.fail(`wrong number of args for ${name}: want 0`);
  const values = args === null ? [] : args();
  try {
    return method(receiver, values);
  } catch (cause) {
    throw site.calling(name, cause);
  }
}

const NO_MAP = Symbol('no map');

function readKey(target: Slot, access: FieldAccess, args: Arguments | null): Slot | typeof NO_MAP {
  const data = mapData(target);
  const type = typeOf(target);
  if (data === null || type?.kind !== 'map' || !assignable(STRING, type.key)) return NO_MAP;
  if (args !== null) access.site.fail(`${access.name} is not a method but has arguments`);
  if (!Object.hasOwn(data, access.name)) return missing(access, wrap(type.elem, undefined));
  return wrap(type.elem, data[access.name]);
}

function missing({ name, missingKey, site }: FieldAccess, zero: GoValue): Slot {
  switch (missingKey) {
    case 'zero':
      return zero;
    case 'error':
      return site.fail(`map has no entry for key ${JSON.stringify(name)}`);
    default:
      return undefined;
  }
}
