/**
 * The types, functions and data of the recorded template cases, as test/vectors/gotemplate/main.go has them.
 */
import type { FuncMap, GoFunc } from '../../workers/template/func.ts';
import { FuncError } from '../../workers/template/func.ts';
import { sprint, sprintf } from '../../workers/template/printf.ts';
import { isNil, lengthOf, wrap } from '../../workers/template/reflect.ts';
import type {
  GoField,
  GoMethod,
  GoNumberKind,
  GoPointerType,
  GoStructType,
  GoType,
  GoValue,
} from '../../workers/template/value.ts';
import {
  ANY,
  ANY_MAP,
  BOOL,
  FLOAT64,
  GoRef,
  INT,
  int64,
  STRING,
  STRING_MAP,
  STRING_SLICE,
  stringSlice,
} from '../../workers/template/value.ts';

/** One recorded case: a line of the vectors. */
export interface TemplateCase {
  readonly template: string;
  /** Further templates by name, parsed after the main one. */
  readonly named?: Readonly<Record<string, string>>;
  readonly missingKey?: 'default' | 'zero' | 'error';
  /** JSON; an object {"$type": T, "$data": D} is D as a value of type T. */
  readonly data?: unknown;
  readonly output?: string;
  readonly error?: string;
}

const POINT: GoStructType = {
  kind: 'struct',
  name: 'main.Point',
  fields: fieldMap([
    ['X', INT],
    ['Y', INT],
  ]),
  methods: new Map<string, GoMethod>([['Sum', (point) => int(point, 'X') + int(point, 'Y')]]),
};
const POINT_POINTER: GoPointerType = { kind: 'pointer', elem: POINT };
const COLOR: GoType = { kind: 'string', name: 'main.Color' };
const LEVEL: GoType = {
  kind: 'int32',
  name: 'main.Level',
  methods: new Map<string, GoMethod>([['String', (level) => `level-${level.data ?? 0}`]]),
};
const ANY_SLICE: GoType = { kind: 'slice', elem: ANY };

const nodeFields = new Map<string, GoField>();
const NODE: GoStructType = { kind: 'struct', name: 'main.Node', fields: nodeFields };
const NODE_POINTER: GoPointerType = {
  kind: 'pointer',
  elem: NODE,
  methods: new Map<string, GoMethod>([['Title', title]]),
};
for (const [name, field] of fieldMap([
  ['Name', STRING],
  ['Next', NODE_POINTER],
  ['Tags', STRING_SLICE],
  ['Attrs', STRING_MAP],
  ['Any', ANY],
  ['Flag', { kind: 'pointer', elem: BOOL }],
  ['Small', { kind: 'int32' }],
  ['Ratio', { kind: 'float32' }],
  ['At', POINT],
])) {
  nodeFields.set(name, field);
}

function fieldMap(fields: readonly (readonly [string, GoType])[]): ReadonlyMap<string, GoField> {
  return new Map(fields.map(([name, type]) => [name, { name, type, jsonName: name }]));
}

function int(ref: GoRef, name: string): bigint {
  const data = ref.data as Readonly<Record<string, number>> | null | undefined;
  return BigInt(data?.[name] ?? 0);
}

function title(node: GoRef): GoValue {
  if (isNil(node)) throw new FuncError('runtime error: invalid memory address or nil pointer dereference');
  return `<${(node.data as { Name?: string }).Name ?? ''}>`;
}

/** Decodes a case's data as the Go program does. */
export function buildData(json: unknown): GoValue {
  if (Array.isArray(json)) return json.map(buildData);
  if (typeof json !== 'object' || json === null) return json as GoValue;
  const members = json as Readonly<Record<string, unknown>>;
  if (Object.hasOwn(members, '$type')) {
    const type = typeOf(members['$type']);
    return wrap(type, bytesWhereNeeded(type, members['$data']));
  }
  // Object.fromEntries defines members, so that a key `__proto__` stays a key.
  return Object.fromEntries(Object.entries(members).map(([key, value]) => [key, buildData(value)]));
}

/** encoding/json reads a []byte from base64. */
function bytesWhereNeeded(type: GoType, data: unknown): unknown {
  const isBytes = type.kind === 'slice' && type.elem.kind === 'uint8' && typeof data === 'string';
  return isBytes ? Uint8Array.from(Buffer.from(data, 'base64')) : data;
}

const NAMED_TYPES: ReadonlyMap<string, GoType> = new Map<string, GoType>([
  ['any', ANY],
  ['bool', BOOL],
  ['string', STRING],
  ['int', INT],
  ['float64', FLOAT64],
  ['main.Point', POINT],
  ['main.Color', COLOR],
  ['main.Level', LEVEL],
  ['main.Node', NODE],
]);

function typeOf(json: unknown): GoType {
  if (typeof json === 'string') return NAMED_TYPES.get(json) ?? { kind: json as GoNumberKind };
  const { slice, pointer, map, struct } = json as {
    slice?: unknown;
    pointer?: unknown;
    map?: readonly [unknown, unknown];
    struct?: readonly (readonly [string, unknown])[];
  };
  if (slice !== undefined) return { kind: 'slice', elem: typeOf(slice) };
  if (pointer !== undefined) return pointer === 'main.Node' ? NODE_POINTER : { kind: 'pointer', elem: typeOf(pointer) };
  if (map !== undefined) return { kind: 'map', key: typeOf(map[0]), elem: typeOf(map[1]) };
  return { kind: 'struct', fields: fieldMap((struct ?? []).map(([name, type]) => [name, typeOf(type)])) };
}

function takes(type: GoType, call: (value: GoValue) => GoValue): GoFunc {
  return { params: [type], call: ([value = null]) => call(value) };
}

/** Functions with one parameter of each kind, so that cases can try argument checks. */
export const fixtureFuncs: FuncMap = new Map<string, GoFunc>([
  ['takeString', takes(STRING, (v) => `s:${v}`)],
  ['takeInt', takes(INT, (v) => sprint('i:', v))],
  ['takeInt64', takes({ kind: 'int64' }, (v) => sprint('l:', v))],
  ['takeInt8', takes({ kind: 'int8' }, (v) => sprint('b:', v))],
  ['takeUint', takes({ kind: 'uint' }, (v) => sprint('u:', v))],
  ['takeFloat', takes(FLOAT64, (v) => sprint('f:', v))],
  ['takeFloat32', takes({ kind: 'float32' }, (v) => sprint('g:', v))],
  ['takeBool', takes(BOOL, (v) => sprint('t:', v))],
  ['takeAny', takes(ANY, (v) => sprintf('a:%T:%v', [v, v]))],
  ['takeMap', takes(ANY_MAP, (v) => sprint('m:', BigInt(lengthOf(v) ?? 0), isNil(v)))],
  ['takeSlice', takes(ANY_SLICE, (v) => sprint('n:', BigInt(lengthOf(v) ?? 0), isNil(v)))],
  ['takeStrings', takes(STRING_SLICE, (v) => sprint('w:', BigInt(lengthOf(v) ?? 0)))],
  ['takePoint', takes(POINT, (v) => sprint('p:', v))],
  ['takePointer', takes(POINT_POINTER, (v) => sprint('q:', isNil(v)))],
  [
    'takeRest',
    {
      params: [STRING],
      variadic: INT,
      call: ([text = '', ...rest]) => sprint('r:', text, new GoRef({ kind: 'slice', elem: INT }, rest)),
    },
  ],
  ['takeAnys', { params: [], variadic: ANY, call: (rest) => sprintf('x:%d:%v', [BigInt(rest.length), rest]) }],
  ['giveNil', { params: [], call: () => null }],
  ['giveInt64', { params: [], call: () => int64(5n) }],
  ['giveMap', { params: [], call: () => ({ a: { b: 'c' } }) }],
  ['giveStrings', { params: [], call: () => stringSlice(['x', 'y']) }],
  [
    'fail',
    takes(STRING, (v) => {
      throw new FuncError(`failed: ${v}`);
    }),
  ],
]);
