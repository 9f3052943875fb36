/**
 * The typed form of a pod: what is left of its JSON once Go has decoded it into a corev1.Pod (k8s.io/api v0.35.4) and encoded
 * it again. Injectors and the apiserver do that at every step, so it is the form in which pods compare.
 *
 * Empty members go (`omitempty`), members that Go always writes come (`resources: {}`, `status: {}`, `containers: null`),
 * quantities and times take their canonical text, members that the types do not know are dropped, and a value of another type
 * than the field's is an error. The order of members stays as it was; Go's own order is that of its declarations.
 */
import type { JsonObject, JsonValue } from '../template/value.ts';
import { foldCase } from './fold-case.ts';
import { formatQuantity, QuantityError, quantityFromJson, SHORT_QUANTITY } from './quantity.ts';
import { canonicalTime } from './time.ts';
import { type FieldShape, type Shape, type StructShape, shapeOf } from './typed-shape.ts';

export interface TypedOptions {
  /**
   * How member names are matched. `folded`: as Go's encoding/json does, which Istio and Linkerd decode pods with; without regard
   * to case, an exact match first. `exact`: as apimachinery's decoder does, which the apiserver uses. Default: folded.
   */
  readonly names?: 'folded' | 'exact';
  /** Default: drop. `keep` leaves members that the types do not know as they are. */
  readonly unknownFields?: 'drop' | 'keep';
}

/** A pod in its typed form: the members that Go always writes are there. */
export interface TypedPod extends JsonObject {
  metadata: JsonObject;
  spec: JsonObject;
  status: JsonObject;
}

/** Why a value does not fit the Go type of its place. */
export class TypedPodError extends Error {
  override readonly name = 'TypedPodError';
  readonly code = 'POD_TYPE';
  /** Member names and element positions, e.g. `spec.containers[0].ports`. */
  readonly path: string;
  constructor(path: string, detail: string) {
    super(path === '' ? detail : `${path}: ${detail}`);
    this.path = path;
  }
}

const POD = shapeOf('v1.Pod');

/**
 * The pod in its typed form. Neither changes nor copies what is in that form already: a pod that is returns as the same
 * object, so treat both as frozen. Throws TypedPodError (code POD_TYPE) where Go could not decode it.
 *
 * Differences from Go that JSON.parse makes unavoidable: `1.0` and `1e3` pass for an integer, and integers beyond 2^53 are
 * rounded. Where two members fold to one field the last one counts; Go would merge objects.
 */
export function normalizePod(pod: JsonObject, options: TypedOptions = {}): TypedPod {
  return normalizeShape(POD, pod, options) as TypedPod;
}

/** The same for a value of any type within a pod, by its Go type: `v1.Container`, `[]v1.Container`, `*v1.Probe`. */
export function normalizeTyped(goType: string, value: JsonValue, options: TypedOptions = {}): JsonValue {
  return normalizeShape(shapeOf(goType), value, options);
}

/** Keeping track of the path costs a tenth of the whole, so that is left to a second run, when there is an error to place. */
function normalizeShape(shape: Shape, value: JsonValue, options: TypedOptions): JsonValue {
  try {
    return new Normalizer(options, undefined).normalize(shape, value);
  } catch (error) {
    if (!(error instanceof TypedPodError)) throw error;
    return new Normalizer(options, []).normalize(shape, value);
  }
}

const INT32_LIMIT = 2 ** 31;
const INT64_LIMIT = 2 ** 63;

/** Stands for a member that is left out. */
const OMITTED = Symbol('omitted');

class Normalizer {
  readonly #path: (string | number)[] | undefined;
  readonly #foldNames: boolean;
  readonly #keepUnknown: boolean;

  constructor(options: TypedOptions, path: (string | number)[] | undefined) {
    this.#path = path;
    this.#foldNames = options.names !== 'exact';
    this.#keepUnknown = options.unknownFields === 'keep';
  }

  normalize(shape: Shape, value: JsonValue): JsonValue {
    if (value === null) return zero(shape);
    switch (shape.kind) {
      case 'string':
        return this.#string(value);
      case 'bool':
        return typeof value === 'boolean' ? value : this.#mismatch(value, 'a boolean');
      case 'int32':
        return this.#integer(value, INT32_LIMIT, 'a 32-bit integer');
      case 'int64':
        return this.#integer(value, INT64_LIMIT, 'a 64-bit integer');
      case 'pointer':
        return this.normalize(shape.elem, value);
      case 'slice':
        return Array.isArray(value) ? this.#slice(shape.elem, value) : this.#mismatch(value, 'a list');
      case 'map':
        return isObject(value) ? this.#map(shape.elem, value) : this.#mismatch(value, 'an object');
      case 'struct':
        return isObject(value) ? this.#struct(shape, value) : this.#mismatch(value, 'an object');
      case 'quantity':
        return this.#quantity(value);
      case 'intOrString':
        return typeof value === 'string'
          ? this.#string(value)
          : this.#integer(value, INT32_LIMIT, 'an integer or a string');
      case 'time':
        return this.#time(value);
      case 'raw':
        return value;
    }
  }

  #slice(elem: Shape, list: JsonValue[]): JsonValue[] {
    let out: JsonValue[] | undefined;
    for (let i = 0; i < list.length; i++) {
      const value = list[i] as JsonValue;
      this.#path?.push(i);
      const normal = this.normalize(elem, value);
      this.#path?.pop();
      if (normal !== value && out === undefined) out = list.slice();
      if (out !== undefined) out[i] = normal;
    }
    return out ?? list;
  }

  #map(elem: Shape, object: JsonObject): JsonObject {
    let out: JsonObject | undefined;
    const ofText = elem.kind === 'string';
    for (const key in object) {
      const value = object[key] as JsonValue;
      if (ofText && typeof value === 'string' && value.isWellFormed()) continue;
      this.#path?.push(key);
      const normal = this.normalize(elem, value);
      this.#path?.pop();
      if (normal === value) continue;
      out ??= { ...object };
      define(out, key, normal);
    }
    return out ?? object;
  }

  #struct(shape: StructShape, object: JsonObject): JsonObject {
    const { fields } = shape;
    let out: JsonObject | undefined;
    let required = 0;
    for (const key in object) {
      const value = object[key] as JsonValue;
      const field = fields.get(key) ?? this.#foldedField(shape, key);
      if (field === undefined) {
        if (!this.#keepUnknown) out ??= membersBefore(object, key);
        else if (out !== undefined) define(out, key, value);
        continue;
      }
      const normal = isPlain(field.scalar, value) ? value : this.#member(field, value, key);
      if (normal === value && key === field.jsonName) {
        if (field.required) required++;
        if (out !== undefined) define(out, key, value);
      } else {
        out ??= membersBefore(object, key);
        // null leaves a scalar or struct that an earlier member filled as it is.
        if (value === null && !isNilable(field.shape) && Object.hasOwn(out, field.jsonName)) continue;
        if (normal === OMITTED) delete out[field.jsonName];
        else define(out, field.jsonName, normal);
      }
    }
    if (out === undefined && required === shape.required.length) return object;
    out ??= { ...object };
    for (const field of shape.required) {
      if (!Object.hasOwn(out, field.jsonName)) out[field.jsonName] = zero(field.shape);
    }
    return out;
  }

  #foldedField(shape: StructShape, key: string): FieldShape | undefined {
    return this.#foldNames ? shape.folded.get(foldCase(key)) : undefined;
  }

  #member(field: FieldShape, value: JsonValue, key: string): JsonValue | typeof OMITTED {
    this.#path?.push(key);
    const normal = this.normalize(field.shape, value);
    this.#path?.pop();
    return !field.required && isEmpty(field.shape, normal) ? OMITTED : normal;
  }

  #string(value: JsonValue): string {
    if (typeof value !== 'string') return this.#mismatch(value, 'a string');
    return value.isWellFormed() ? value : value.toWellFormed();
  }

  #integer(value: JsonValue, limit: number, wanted: string): number {
    if (typeof value === 'number' && Number.isInteger(value) && value >= -limit && value < limit) return value;
    return this.#mismatch(value, wanted);
  }

  #quantity(value: JsonValue): string {
    if (typeof value !== 'string' && typeof value !== 'number') return this.#mismatch(value, 'a quantity');
    if (typeof value === 'string' && SHORT_QUANTITY.test(value)) return value;
    try {
      return formatQuantity(quantityFromJson(value));
    } catch (error) {
      if (!(error instanceof QuantityError)) throw error;
      return this.#mismatch(value, 'a quantity');
    }
  }

  #time(value: JsonValue): string | null {
    const time = typeof value === 'string' ? canonicalTime(value) : undefined;
    return time === undefined ? this.#mismatch(value, 'a time in RFC 3339') : time;
  }

  #mismatch(value: JsonValue, wanted: string): never {
    let path = '';
    for (const segment of this.#path ?? []) {
      path += typeof segment === 'number' ? `[${segment}]` : `${path === '' ? '' : '.'}${segment}`;
    }
    throw new TypedPodError(path, `${describe(value)} is not ${wanted}`);
  }
}

/** What decoding null, or nothing, leaves in a field, encoded again. */
function zero(shape: Shape): JsonValue {
  switch (shape.kind) {
    case 'string':
      return '';
    case 'bool':
      return false;
    case 'int32':
    case 'int64':
    case 'intOrString':
      return 0;
    case 'quantity':
      return '0';
    case 'struct': {
      const out: JsonObject = {};
      for (const field of shape.required) out[field.jsonName] = zero(field.shape);
      return out;
    }
    default:
      return null;
  }
}

/** Whether a value that may be left out is. What a pointer points to is never empty; a nil pointer is. */
function isEmpty(shape: Shape, value: JsonValue): boolean {
  if (value === null || value === '' || value === false || value === 0)
    return shape.kind !== 'pointer' || value === null;
  if (shape.kind === 'slice') return (value as JsonValue[]).length === 0;
  if (shape.kind !== 'map') return false;
  for (const _ in value as JsonObject) return false;
  return true;
}

/** Whether null in JSON empties a field that an earlier member filled. */
function isNilable(shape: Shape): boolean {
  return shape.kind === 'pointer' || shape.kind === 'slice' || shape.kind === 'map';
}

function membersBefore(object: JsonObject, end: string): JsonObject {
  const out: JsonObject = {};
  for (const key in object) {
    if (key === end) break;
    define(out, key, object[key] as JsonValue);
  }
  return out;
}

/** Sets an own member, `__proto__` like any other. */
function define(object: JsonObject, key: string, value: JsonValue): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    object[key] = value;
  }
}

/** Whether a scalar stays as it is, also where an empty one would be left out: so it is with most members. */
function isPlain(scalar: FieldShape['scalar'], value: JsonValue): boolean {
  switch (scalar) {
    case null:
      return false;
    case 'string':
      return typeof value === 'string' && value !== '' && value.isWellFormed();
    case 'int32':
      return typeof value === 'number' && (value | 0) === value && value !== 0;
    case 'bool':
      return value === true;
  }
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const DESCRIBED_LENGTH = 40;

function describe(value: JsonValue): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  const text = JSON.stringify(value);
  return text.length > DESCRIBED_LENGTH ? `${text.slice(0, DESCRIBED_LENGTH)}…` : text;
}
