/** Reading members of JSON whose names and types somebody else chose. */
import type { JsonObject, JsonValue } from '../../template/value.ts';

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An own member; undefined where there is none. */
export function memberOf(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** A member that is text; undefined for anything else. */
export function textOf(value: JsonValue | undefined, name: string): string | undefined {
  const member = memberOf(value, name);
  return typeof member === 'string' ? member : undefined;
}

/** The objects of a member that is a list. */
export function objectsOf(value: JsonValue | undefined, name: string): readonly JsonObject[] {
  const member = memberOf(value, name);
  return Array.isArray(member) ? member.filter(isObject) : [];
}
