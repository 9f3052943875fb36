/**
 * The JSON form of a Go value, which Helm's toYaml writes as YAML.
 */
import { parseYamlExact } from '../../../yaml/parse.ts';
import type { YamlObject, YamlValue } from '../../../yaml/value.ts';
import { FuncError } from '../../func.ts';
import { MAX_MARSHAL_DEPTH, marshalGoJson } from '../../gojson.ts';
import { repairText } from '../../gostring.ts';
import type { GoValue } from '../../value.ts';
import { GoNumber, GoRef } from '../../value.ts';

/** Longer integers may be more than a double holds. */
const LONG_INTEGER = /[0-9]{16}/;

/** Typed data, and what marshals itself, goes through its JSON text. */
function throughJson(value: GoValue): YamlValue {
  const json = marshalGoJson(value);
  return LONG_INTEGER.test(json) ? parseYamlExact(json) : (JSON.parse(json) as YamlValue);
}

function listForm(items: readonly unknown[], depth: number): YamlValue {
  for (let index = 0; index < items.length; index++) {
    const form = formAt(items[index], depth);
    if (form !== items[index]) return items.map((item) => formAt(item, depth));
  }
  return items as YamlValue[];
}

function dictForm(data: YamlObject, depth: number): YamlValue {
  let copy: YamlObject | null = null;
  for (const key of Object.keys(data)) {
    const form = formAt(data[key], depth);
    if (form === data[key]) continue;
    copy ??= Object.assign(Object.create(null) as YamlObject, data);
    copy[key] = form;
  }
  return copy ?? data;
}

/** Data that is JSON already is not copied. */
function formAt(value: unknown, depth: number): YamlValue {
  switch (typeof value) {
    case 'string':
      return repairText(value);
    case 'number':
      if (!Number.isFinite(value)) throw new FuncError(`json: unsupported value: ${value}`);
      return value;
    case 'boolean':
    case 'bigint':
      return value;
    case 'object':
      break;
    default:
      return null;
  }
  if (value === null) return null;
  if (value instanceof GoRef || value instanceof GoNumber) return throughJson(value);
  if (depth > MAX_MARSHAL_DEPTH) throw new FuncError('json: unsupported value: encountered a cycle');
  return Array.isArray(value) ? listForm(value, depth + 1) : dictForm(value as YamlObject, depth + 1);
}

/** What reading the value's JSON would give. Throws FuncError for what JSON can not hold. */
export function yamlForm(value: GoValue): YamlValue {
  return formAt(value, 0);
}
