/**
 * Writing a resource from its Go type with the encoder of Linkerd's command line (github.com/clarketm/json v1.17.1), which differs from
 * Go's own: a member with `omitempty` is left out also when it is a struct in which nothing is set; and a v1.Time, which has nothing
 * but unexported fields, always counts as such.
 */
import { setMember, type YamlObject, type YamlValue } from '../yaml/value.ts';
import { formatQuantity, quantityFromJson } from './quantity.ts';
import type { ResourceStruct, ResourceType } from './resource-types.ts';
import { canonicalTime } from './time.ts';

/** The JSON of a value that `decodeResource` made, or that was changed in the same form. */
export function encodeResource(type: ResourceStruct, value: YamlObject): YamlObject {
  const out: YamlObject = {};
  for (const { jsonName, omitempty, type: fieldType } of type.fields.values()) {
    const member = Object.hasOwn(value, jsonName) ? value[jsonName] : undefined;
    if (omitempty && isEmpty(fieldType, member)) continue;
    setMember(out, jsonName, encode(fieldType, member));
  }
  return out;
}

function encode(type: ResourceType, value: YamlValue | undefined): YamlValue {
  switch (type.kind) {
    case 'pointer':
      return value === undefined ? null : encode(type.elem, value);
    case 'slice':
      return Array.isArray(value) ? value.map((item) => encode(type.elem, item)) : null;
    case 'map': {
      if (!isObject(value)) return null;
      const out: YamlObject = {};
      for (const key of Object.keys(value)) setMember(out, key, encode(type.elem, value[key]));
      return out;
    }
    case 'struct':
      return encodeResource(type, isObject(value) ? value : {});
    case 'quantity':
      return typeof value === 'string' || typeof value === 'number' ? formatQuantity(quantityFromJson(value)) : '0';
    case 'time':
      return typeof value === 'string' ? (canonicalTime(value) ?? null) : null;
    case 'raw':
      return value ?? null;
    case 'string':
      return value ?? '';
    case 'bool':
      return value ?? false;
    default:
      return value ?? 0;
  }
}

function isEmpty(type: ResourceType, value: YamlValue | undefined): boolean {
  if (value === undefined || type.kind === 'time') return true;
  switch (type.kind) {
    case 'struct': {
      if (!isObject(value)) return true;
      for (const { jsonName, type: member } of type.fields.values())
        if (!isEmpty(member, Object.hasOwn(value, jsonName) ? value[jsonName] : undefined)) return false;
      return true;
    }
    case 'slice':
      return !Array.isArray(value) || value.length === 0;
    case 'map':
      return !isObject(value) || Object.keys(value).length === 0;
    case 'string':
      return value === '';
    case 'bool':
      return value === false;
    case 'int32':
    case 'int64':
    // One that is text is not empty, because its type says so.
    case 'intOrString':
      return value === 0;
    default:
      // A pointer to anything, and a quantity that was read, is set.
      return false;
  }
}

function isObject(value: YamlValue | undefined): value is YamlObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
