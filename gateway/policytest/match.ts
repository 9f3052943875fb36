/** Whether a value holds what a test expects of it: a part, not the whole. */
import type { JsonObject, JsonValue } from '../../workers/template/value.ts';

/** Members by which the items of a list are found; `name` for all others. */
const ITEM_KEYS: ReadonlyMap<string, string> = new Map([
  ['ports', 'containerPort'],
  ['volumeMounts', 'mountPath'],
  ['volumeDevices', 'devicePath'],
]);

/**
 * Compares a part with a value; one sentence for each difference. Mappings: every member that is expected, null meaning that it must
 * not be there. Lists of mappings: each item is found by its key (name, containerPort, mountPath), or else by its contents. Other
 * lists and scalars: equal.
 */
export function differences(expected: JsonValue, actual: JsonValue | undefined, path: string): readonly string[] {
  if (expected === null) return isAbsent(actual) ? [] : [`${path} is ${shown(actual)}, and must not be there`];
  if (isAbsent(actual)) return [`${path} is not there, and must be ${shown(expected)}`];
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return [`${path} is ${shown(actual)}, and must be a list`];
    return expected.some(isMapping) ? itemDifferences(expected, actual, path) : exact(expected, actual, path);
  }
  if (!isMapping(expected)) return exact(expected, actual, path);
  if (!isMapping(actual)) return [`${path} is ${shown(actual)}, and must be a mapping`];
  return Object.entries(expected).flatMap(([name, part]) =>
    differences(part, Object.hasOwn(actual, name) ? actual[name] : undefined, path === '' ? name : `${path}.${name}`),
  );
}

function itemDifferences(
  expected: readonly JsonValue[],
  actual: readonly JsonValue[],
  path: string,
): readonly string[] {
  const keyName = ITEM_KEYS.get(path.slice(path.lastIndexOf('.') + 1)) ?? 'name';
  return expected.flatMap((item) => {
    const key = isMapping(item) && Object.hasOwn(item, keyName) ? item[keyName] : undefined;
    if (key === undefined) {
      const found = actual.some((candidate) => differences(item, candidate, '').length === 0);
      return found ? [] : [`${path} has no item like ${shown(item)}`];
    }
    const where = `${path}[${String(key)}]`;
    const found = actual.find((candidate) => isMapping(candidate) && candidate[keyName] === key);
    return found === undefined ? [`${where} is not there`] : differences(item, found, where);
  });
}

function exact(expected: JsonValue, actual: JsonValue | undefined, path: string): readonly string[] {
  if (JSON.stringify(expected) === JSON.stringify(actual)) return [];
  return [`${path} is ${shown(actual)}, and must be ${shown(expected)}`];
}

function isAbsent(value: JsonValue | undefined): value is null | undefined {
  return value === undefined || value === null;
}

function isMapping(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const MAX_SHOWN = 200;

function shown(value: JsonValue | undefined): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
