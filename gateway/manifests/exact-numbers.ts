/**
 * Integers beyond 2^53, which numbers hold only roughly. A document that has some is read a second time with exact integers; what the
 * change left as it was takes these back, so that no file loses a digit.
 */
import type { JsonObject, JsonValue } from '../../workers/template/value.ts';
import { parseYamlExact } from '../../workers/yaml/parse.ts';
import { setMember, type YamlObject, type YamlValue } from '../../workers/yaml/value.ts';

/** Fewer digits are always exact. */
const LARGE_INTEGER = /\d{16}/;

/** `after` with the exact integers of the document that `before` was read from. Neither is changed. */
export function withExactIntegers(text: string, before: JsonObject, after: JsonObject): YamlObject {
  if (!LARGE_INTEGER.test(text)) return after;
  return restored(after, before, parseYamlExact(text)) as YamlObject;
}

function restored(after: JsonValue, before: JsonValue | undefined, exact: YamlValue | undefined): YamlValue {
  if (before === undefined || exact === undefined) return after;
  if (after === before) return exact;
  if (Array.isArray(after) && Array.isArray(before) && Array.isArray(exact)) {
    return after.map((item) => {
      const at = placeOf(item, before);
      return restored(item, before[at], exact[at]);
    });
  }
  if (!isObject(after) || !isObject(before) || !isObject(exact)) return after;
  const result: YamlObject = {};
  for (const key of Object.keys(after)) {
    setMember(result, key, restored(after[key] as JsonValue, own(before, key), own(exact, key)));
  }
  return result;
}

/** Where an element was: the same one, or the one of that name; -1 for a new one. */
function placeOf(item: JsonValue, before: readonly JsonValue[]): number {
  const at = before.indexOf(item);
  const name = isObject(item) ? own(item, 'name') : undefined;
  if (at >= 0 || name === undefined) return at;
  return before.findIndex((each) => isObject(each) && own(each, 'name') === name);
}

function isObject<T extends JsonValue | YamlValue>(value: T): value is T & { readonly [key: string]: T } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function own<T>(object: { readonly [key: string]: T }, key: string): T | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** JSON.stringify for values with bigints, as kubectl indents. */
export function stringifyExact(value: YamlValue, indent: number): string {
  const digits: string[] = [];
  // No text of a file can hold the mark: it changes until none does.
  let mark = '';
  const write = () =>
    JSON.stringify(
      value,
      (_, item: unknown) => (typeof item === 'bigint' ? `${mark}${digits.push(String(item)) - 1}` : item),
      indent,
    );
  if (!holdsBigint(value)) return write();
  const plain = JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? 0 : item));
  for (let n = 0; mark === '' || plain.includes(mark); n++) mark = `integer-${n}-`;
  return write().replaceAll(new RegExp(`"${mark}(\\d+)"`, 'g'), (_, index: string) => digits[Number(index)] ?? '0');
}

function holdsBigint(value: YamlValue): boolean {
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint';
  return Object.values(value).some(holdsBigint);
}
