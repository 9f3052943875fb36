/**
 * The functions that Istio's injector gives its templates, over sprig's, whose `indent` and `contains` they replace. Signatures are
 * Go's own: the types of arguments decide which templates fail.
 */

import type { Duration } from '../../inject/istio/mesh/duration.ts';
import { nanosOf } from '../../inject/istio/mesh/duration.ts';
import { DURATION, MESH_CONFIG, messageOfType, PROXY_CONFIG } from '../../inject/istio/mesh/mesh-schema.ts';
import type { Message, MessageSchema } from '../../inject/istio/mesh/message.ts';
import type { ProtoJsonWriter } from '../../inject/istio/mesh/proto-json.ts';
import { ProxyConfigTexts } from '../../inject/istio/mesh/proxy-config-source.ts';
import type { CallContext, FuncMap, GoFunc } from '../func.ts';
import { FuncError } from '../func.ts';
import { decodeGoJson, marshalGoJson } from '../gojson.ts';
import { sprint, sprintf } from '../printf.ts';
import { typeString } from '../reflect.ts';
import type { GoInterfaceType, GoValue } from '../value.ts';
import { GoRef, STRING_MAP, stringMap } from '../value.ts';
import { appendMultusNetwork } from './istio/multus.ts';
import { omitNil } from './istio/omit-nil.ts';
import { otelResourceAttributes } from './istio/otel.ts';
import { annotationOf, containerList, containers, entriesOfMap, objectMeta, stringAt } from './istio/pod-args.ts';
import { portFuncs } from './istio/ports.ts';
import { YamlTexts } from './istio/yaml-text.ts';
import type { Param } from './signature.ts';
import { any, fn1, fn2, fn3, integer, text, variadic0, variadic1 } from './signature.ts';
import { formatDuration } from './sprig/duration.ts';
import { toLower } from './sprig/letter-case.ts';
import type { SprigOptions } from './sprig.ts';
import { sprigFuncs } from './sprig.ts';

/** What differs from release to release. */
export interface IstioFuncFeatures {
  /** Istio 1.21. */
  readonly mergeMaps: boolean;
  /** Istio 1.28.6, 1.29.1, 1.30. */
  readonly omitNil: boolean;
  /** Istio 1.30. */
  readonly otelResourceAttributes: boolean;
  /** appendMultusNetwork splits NAMESPACE/NAME in JSON. Istio 1.23.6, 1.24.4, 1.25.1. */
  readonly multusNamespace: boolean;
  /** The functions are those of sprig 3.3; before Istio 1.24, of sprig 3.2. */
  readonly sprig33: boolean;
}

export const NEWEST_ISTIO_FUNCS: IstioFuncFeatures = {
  mergeMaps: true,
  omitNil: true,
  otelResourceAttributes: true,
  multusNamespace: true,
  sprig33: true,
};

/** What the functions need of a revision. */
export interface IstioFuncContext {
  /** What `env` reads, in place of istiod's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Writes messages as the revision's release does. */
  readonly protoJson: ProtoJsonWriter;
  /** Default: the newest. */
  readonly features?: IstioFuncFeatures;
  /** What sprig's functions may read beside `env`. */
  readonly sprig?: Omit<SprigOptions, 'env' | 'release'>;
}

const PROTO_MESSAGE: GoInterfaceType = { kind: 'interface', name: 'protoreflect.ProtoMessage' };
const MAX_INDENT = 1_000_000;

const stringMapArg: Param<GoValue> = { type: STRING_MAP };
const messageArg: Param<GoValue> = { type: PROTO_MESSAGE };
const durationArg: Param<GoRef> = { type: DURATION.goPointer };
const meshConfigArg: Param<GoRef> = { type: MESH_CONFIG.goPointer };

/** The function map of one revision: sprig's functions and Istio's over them. It remembers texts: make one for each revision. */
export function istioFuncs(context: IstioFuncContext): FuncMap {
  const features = context.features ?? NEWEST_ISTIO_FUNCS;
  const funcs = new Map<string, GoFunc>([
    ...sprigFuncs({ ...context.sprig, env: context.env, release: features.sprig33 ? '3.3' : '3.2' }),
    ...PLAIN_FUNCS,
    ...portFuncs,
  ]);
  funcs.set('env', envFunc(context.env));
  funcs.set('protoToJSON', protoToJsonFunc(context.protoJson));
  funcs.set('toYaml', toYamlFunc());
  funcs.set(
    'appendMultusNetwork',
    fn2(text, text, (existing, network) => appendMultusNetwork(existing, network, features.multusNamespace)),
  );
  if (features.mergeMaps) funcs.set('mergeMaps', MERGE_MAPS);
  if (features.omitNil) funcs.set('omitNil', fn1(any, omitNil));
  if (features.otelResourceAttributes) funcs.set('otelResourceAttributes', OTEL_RESOURCE_ATTRIBUTES);
  return funcs;
}

const PLAIN_FUNCS: readonly (readonly [string, GoFunc])[] = [
  [
    'formatDuration',
    fn1(durationArg, (duration) => formatDuration(nanosOf((duration.data ?? undefined) as Duration | undefined))),
  ],
  ['isset', fn2(stringMapArg, text, (map, key) => Object.hasOwn(entriesOfMap(map), key))],
  ['annotation', fn3(objectMeta, text, any, (meta, name, fallback) => annotationOf(meta, name) ?? sprint(fallback))],
  ['valueOrDefault', fn2(any, any, (value, fallback) => (value === '' || value === null ? fallback : value))],
  ['kubevirtInterfaces', fn1(text, (value) => value)],
  ['excludeInterfaces', fn1(text, (value) => value)],
  ['toJSON', fn1(stringMapArg, (map) => (isNilMap(map) ? '{}' : marshalGoJson(map)))],
  ['fromJSON', fn1(text, fromJson)],
  ['structToJSON', fn1(any, structToJson)],
  ['indent', fn2(integer, text, indent)],
  ['directory', fn1(text, (path) => path.slice(0, path.lastIndexOf('/') + 1))],
  ['contains', fn2(text, text, (needle, haystack) => haystack.includes(needle))],
  ['toLower', fn1(text, toLower)],
  ['omit', variadic1(stringMapArg, text, omit)],
  ['strdict', variadic0(text, strdict)],
  ['toJsonMap', variadic0(stringMapArg, (maps) => marshalGoJson(mergeMaps(maps)))],
];

const MERGE_MAPS: GoFunc = variadic0(stringMapArg, mergeMaps);

const OTEL_RESOURCE_ATTRIBUTES: GoFunc = {
  params: [meshConfigArg.type, STRING_MAP, STRING_MAP, text.type, containers.type],
  call: ([mesh, annotations, labels, namespace, slice]) =>
    otelResourceAttributes(mesh instanceof GoRef ? ((mesh.data ?? undefined) as Message | undefined) : undefined, {
      annotations: entriesOfMap(annotations ?? null),
      labels: entriesOfMap(labels ?? null),
      namespace: namespace as string,
      containers: slice instanceof GoRef ? containerList(slice) : [],
    }),
};

function envFunc(env: Readonly<Record<string, string>>): GoFunc {
  return fn2(text, text, (key, fallback) => {
    const value = Object.hasOwn(env, key) ? env[key] : '';
    return value === '' || value === undefined ? fallback : value;
  });
}

/** A message as JSON; `{}` for nil. Anything that is no message fails, as its type does in Go. */
function protoToJsonFunc(writer: ProtoJsonWriter): GoFunc {
  const proxyTexts = new ProxyConfigTexts(writer);
  return fn1(messageArg, (value) => {
    if (value === null) return '{}';
    const schema: MessageSchema | undefined = value instanceof GoRef ? messageOfType(value.type) : undefined;
    if (schema === undefined || !(value instanceof GoRef)) {
      throw new FuncError(`wrong type for value; expected protoreflect.ProtoMessage; got ${typeString(value)}`);
    }
    if (value.data === null || value.data === undefined) return '{}';
    const message = value.data as Message;
    return schema === PROXY_CONFIG ? proxyTexts.write(message) : writer.write(schema, message);
  });
}

function toYamlFunc(): GoFunc {
  const texts = new YamlTexts();
  return fn1(any, (value) => texts.write(value));
}

function isNilMap(map: GoValue): boolean {
  return map === null || (map instanceof GoRef && (map.data === null || map.data === undefined));
}

/** What is no JSON gives the text `{}`. */
function fromJson(json: string): GoValue {
  const { value, error } = decodeGoJson(json);
  return error === null ? value : '{}';
}

function structToJson(value: GoValue): GoValue {
  if (value === null) return '{}';
  try {
    return marshalGoJson(value);
  } catch (error) {
    if (error instanceof FuncError) return '{}';
    throw error;
  }
}

/** Indents every line but the first. */
function indent(spaces: bigint, source: string, context: CallContext): string {
  const lines = source.split('\n');
  if (lines.length === 1) return source;
  const width = spaces < 0n ? -spaces : spaces;
  // Beyond what a directive can ask for, Go prints its complaint about the directive.
  if (width > MAX_INDENT) {
    const directive = `% ${spaces}s%s`;
    return lines.map((line, index) => (index === 0 ? line : sprintf(directive, ['', line]))).join('\n');
  }
  context.charge(Number(width) * (lines.length - 1));
  return lines.join(`\n${' '.repeat(Number(width))}`);
}

function omit(map: GoValue, keys: readonly string[]): GoValue {
  const entries = entriesOfMap(map);
  const kept: Record<string, unknown> = Object.create(null);
  for (const key of Object.keys(entries)) {
    if (!keys.includes(key)) kept[key] = entries[key];
  }
  return stringMap(kept);
}

/** Keys and values in turn; a last key without a value gets "". */
function strdict(items: readonly string[]): GoValue {
  const dict: Record<string, string> = Object.create(null);
  for (let index = 0; index < items.length; index += 2) dict[items[index] ?? ''] = items[index + 1] ?? '';
  return stringMap(dict);
}

/** Later maps win. Of no maps at all, nil. */
function mergeMaps(maps: readonly GoValue[]): GoValue {
  if (maps.length === 0) return stringMap(undefined);
  const merged: Record<string, string> = Object.create(null);
  for (const map of maps) {
    const entries = entriesOfMap(map);
    for (const key of Object.keys(entries)) merged[key] = stringAt(entries, key) ?? '';
  }
  return stringMap(merged);
}
