/**
 * Members of Linkerd's values as sigs.k8s.io/yaml reads them into Go's types: numbers and booleans become text where text is wanted, anything
 * else of the wrong type is a problem.
 */
import { formatValue } from '../../template/printf.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../template/value.ts';
import { decodeEnv, type EnvVar } from './env-var.ts';

/** Told what is wrong with the member at a path. */
export type ProblemSink = (path: string, message: string) => void;

/** One YAML mapping with the types Go would insist on; missing members are Go's zero values. */
export class Section {
  readonly #path: string;
  readonly #data: JsonObject;
  readonly #problem: ProblemSink;

  constructor(path: string, data: JsonValue | undefined, problem: ProblemSink) {
    this.#path = path;
    this.#problem = problem;
    const absent = data === undefined || data === null;
    if (!absent && (typeof data !== 'object' || Array.isArray(data))) problem(path, 'is not a mapping');
    this.#data = !absent && typeof data === 'object' && !Array.isArray(data) ? data : {};
  }

  #get(key: string): JsonValue {
    return Object.hasOwn(this.#data, key) ? (this.#data[key] ?? null) : null;
  }

  #wrong(key: string, wanted: string): void {
    this.#problem(this.#path === '' ? key : `${this.#path}.${key}`, `is not ${wanted}`);
  }

  has(key: string): boolean {
    return this.#get(key) !== null;
  }

  section(key: string): Section {
    return new Section(this.#path === '' ? key : `${this.#path}.${key}`, this.#get(key), this.#problem);
  }

  string(key: string): string {
    const value = this.#get(key);
    if (typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return scalarText(value);
    if (value !== null) this.#wrong(key, 'a string');
    return '';
  }

  boolean(key: string): boolean {
    const value = this.#get(key);
    if (typeof value === 'boolean') return value;
    if (value !== null) this.#wrong(key, 'true or false');
    return false;
  }

  integer(key: string): bigint {
    const value = this.#get(key);
    if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
    if (value !== null) this.#wrong(key, 'an integer');
    return 0n;
  }

  number(key: string): number {
    const value = this.#get(key);
    if (typeof value === 'number') return value;
    if (value !== null) this.#wrong(key, 'a number');
    return 0;
  }

  int32(key: string): number {
    return Number(this.integer(key));
  }

  strings(key: string): string[] {
    const value = this.#get(key);
    if (Array.isArray(value) && value.every(isScalar)) return value.map(scalarText);
    if (value !== null) this.#wrong(key, 'a list of strings');
    return [];
  }

  /** A mapping that goes into the pod as it is; null when absent or empty (an empty one is false in a template). */
  mapping(key: string): JsonObject | null {
    const value = this.#get(key);
    if (value === null) return null;
    if (typeof value === 'object' && !Array.isArray(value)) return Object.keys(value).length === 0 ? null : value;
    this.#wrong(key, 'a mapping');
    return null;
  }

  env(key: string): EnvVar[] {
    const value = this.#get(key);
    if (value === null) return [];
    const list = decodeEnv(withTexts(value));
    if (list === undefined) this.#wrong(key, 'a list of environment variables');
    return list ?? [];
  }
}

function isScalar(value: JsonValue): value is string | number | boolean {
  return value !== null && typeof value !== 'object';
}

/** What is text to Go, however YAML has it. */
function scalarText(value: string | number | boolean): string {
  if (typeof value === 'number' && Number.isInteger(value)) return String(BigInt(value));
  return typeof value === 'string' ? value : formatValue(value);
}

/** A list of environment variables whose names and values are text, as sigs.k8s.io/yaml reads them into their type. */
function withTexts(list: JsonValue): JsonValue {
  if (!Array.isArray(list)) return list;
  return list.map((item) => {
    if (!isJsonObject(item)) return item;
    const texts = ['name', 'value'].flatMap((key) => {
      const text = item[key] ?? null;
      return isScalar(text) ? [[key, scalarText(text)] as const] : [];
    });
    return { ...item, ...Object.fromEntries(texts) };
  });
}
