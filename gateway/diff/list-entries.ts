/** Lists as maps: names for the elements, so that an element is found again where others were put before it. */
import { isJsonObject, type JsonObject, type JsonValue } from '../../workers/template/value.ts';

/** Elements of a list by name, in the list's order; a name that comes again gets `#2`, `#3` … */
export type Entries = ReadonlyMap<string, JsonValue>;

/** Members that identify an element where it is not `name`: the API's merge keys, and what is unique in the atomic lists. */
const ELEMENT_KEYS: ReadonlyMap<string, string> = new Map([
  ['volumeMounts', 'mountPath'],
  ['volumeDevices', 'devicePath'],
  ['ports', 'containerPort'],
  ['hostAliases', 'ip'],
  ['topologySpreadConstraints', 'topologyKey'],
  ['tolerations', 'key'],
  ['items', 'path'],
]);
/** A scalar's own text is its name up to this length. */
const MAX_NAME_LENGTH = 200;

/** Names the elements of a list that is the value of `member`. */
export function entriesOf(member: string, list: readonly JsonValue[]): Entries {
  if ((member === 'args' || member === 'command') && list.every((element) => typeof element === 'string')) {
    return argumentEntries(list);
  }
  const entries = new Map<string, JsonValue>();
  list.forEach((element, index) => {
    addEntry(entries, elementName(member, element, index), element);
  });
  return entries;
}

/** An element without the member that names it; of a variable with a text, the text alone. */
export function withoutName(member: string, element: JsonValue): JsonValue {
  if (!isJsonObject(element)) return element;
  const { [keyOf(member)]: _name, ...rest } = element;
  if (member !== 'env') return rest;
  const others = Object.keys(rest).filter((key) => key !== 'value');
  return others.length === 0 ? (rest['value'] ?? '') : rest;
}

function keyOf(member: string): string {
  return ELEMENT_KEYS.get(member) ?? 'name';
}

function elementName(member: string, element: JsonValue, index: number): string {
  if (!isJsonObject(element)) return Array.isArray(element) ? String(index) : String(element).slice(0, MAX_NAME_LENGTH);
  const key = element[keyOf(member)];
  if (typeof key === 'string' || typeof key === 'number') return String(key).slice(0, MAX_NAME_LENGTH);
  // The sources of a projected volume are told apart by their only member.
  const [only, another] = Object.keys(element);
  return member === 'sources' && only !== undefined && another === undefined ? only : String(index);
}

/** A flag is the name of its value, in `--flag=value` as in `-f value`; other words are their own names. */
function argumentEntries(list: readonly string[]): Entries {
  const entries = new Map<string, JsonValue>();
  for (let i = 0; i < list.length; i++) {
    const word = list[i] ?? '';
    const next = list[i + 1];
    const equals = word.indexOf('=');
    if (!/^--?[A-Za-z]/.test(word)) addEntry(entries, word.slice(0, MAX_NAME_LENGTH), word);
    else if (equals > 0) addEntry(entries, word.slice(0, equals), word.slice(equals + 1));
    else if (next === undefined || /^--?[A-Za-z]/.test(next)) addEntry(entries, word, word);
    else {
      addEntry(entries, word, next);
      i++;
    }
  }
  return entries;
}

function addEntry(entries: Map<string, JsonValue>, name: string, value: JsonValue): void {
  let free = name;
  for (let count = 2; entries.has(free); count++) free = `${name}#${count}`;
  entries.set(free, value);
}

/** The object or list that a text holds as JSON; undefined where it holds none. */
export function jsonWithin(value: JsonValue | undefined): JsonObject | JsonValue[] | undefined {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return undefined;
  try {
    const parsed = JSON.parse(value) as JsonValue;
    return isJsonObject(parsed) || Array.isArray(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
