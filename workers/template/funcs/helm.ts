/**
 * The functions of Helm's template engine (3.18 and later): sprig's without `env` and `expandenv`, and Helm's own over them.
 *
 * Helm runs templates with `missingkey=zero` and takes `<no value>` out of what they give; the latter is up to the caller, but for
 * `tpl`, whose result is a value. `lookup` finds nothing and `getHostByName` gives "", as under `helm template`.
 */
import { YamlError } from '../../yaml/error.ts';
import { marshalYaml } from '../../yaml/marshal.ts';
import { parseYaml } from '../../yaml/parse.ts';
import type { CallContext, FuncMap, GoFunc } from '../func.ts';
import { FuncError } from '../func.ts';
import { decodeGoJson, marshalGoJson } from '../gojson.ts';
import { kindOf } from '../reflect.ts';
import type { GoValue } from '../value.ts';
import { ANY_MAP, GoRef } from '../value.ts';
import { newDict, ownCopy } from './dict.ts';
import { prettyYaml } from './helm/pretty-yaml.ts';
import { decodeToml } from './helm/toml-decode.ts';
import { encodeToml } from './helm/toml-encode.ts';
import { yamlForm } from './helm/yaml-form.ts';
import { any, fn1, fn2, text } from './signature.ts';
import type { SprigOptions } from './sprig.ts';
import { sprigFuncs } from './sprig.ts';

const NIL_DICT: GoValue = new GoRef(ANY_MAP, null);
const NIL_LIST: GoValue = new GoRef({ kind: 'slice', elem: ANY_MAP.elem }, null);

/** An error that a template meets as a value: Go's error, or the limits of our YAML. */
function reasonOf(error: unknown): string {
  if (error instanceof FuncError || error instanceof YamlError) return error.message;
  throw error;
}

function charged(result: string, context: CallContext): string {
  context.charge(result.length);
  return result;
}

/** sigs.k8s.io/yaml's Marshal without the newline at its end. Throws FuncError. */
function toYaml(value: GoValue): string {
  const form = yamlForm(value);
  try {
    return marshalYaml(form).replace(/\n$/, '');
  } catch (error) {
    throw new FuncError(reasonOf(error));
  }
}

/** `write`, with what `onError` makes of an error. */
function writer(write: (value: GoValue) => string, onError: (reason: string) => string): GoFunc {
  return fn1(any, (value, context) => {
    let result: string;
    try {
      result = write(value);
    } catch (error) {
      result = onError(reasonOf(error));
    }
    return charged(result, context);
  });
}

const nothing = (): string => '';

interface Decoded {
  readonly value: GoValue;
  readonly error: string | null;
}

/** What json.Unmarshal says when the document is of another kind than the variable. */
function mismatch(value: GoValue, goType: string): string {
  const kind = kindOf(value);
  const found = kind === 'float64' ? 'number' : kind === 'map' ? 'object' : kind === 'slice' ? 'array' : kind;
  return `json: cannot unmarshal ${found} into Go value of type ${goType}`;
}

function errorDict(reason: string): GoValue {
  const out = newDict();
  out['Error'] = reason;
  return out;
}

/** What differs between reading JSON and YAML into a variable. */
interface Reading {
  /** How the reader words an error about the document's kind. */
  readonly wrap: (reason: string) => string;
  /** What null makes of a dict and a list. */
  readonly nullDict: () => GoValue;
  readonly nullList: () => GoValue;
}

/** A document read into a map[string]any; anything but an object is an error, which goes under `Error`. */
function dictOf({ value, error }: Decoded, { wrap, nullDict }: Reading): GoValue {
  const isDict = kindOf(value) === 'map';
  if (error !== null) {
    const out = isDict ? (ownCopy(value) as Record<string, unknown>) : newDict();
    out['Error'] = error;
    return out;
  }
  if (value === null) return nullDict();
  return isDict ? ownCopy(value) : errorDict(wrap(mismatch(value, 'map[string]interface {}')));
}

/** A document read into a []any; an error is the only item. */
function listOf({ value, error }: Decoded, { wrap, nullList }: Reading): GoValue {
  if (error !== null) return [error];
  if (value === null) return nullList();
  return Array.isArray(value) ? ownCopy(value) : [wrap(mismatch(value, '[]interface {}'))];
}

function decodeYaml(document: string): Decoded {
  try {
    return { value: parseYaml(document), error: null };
  } catch (error) {
    return { value: null, error: `error converting YAML to JSON: ${reasonOf(error)}` };
  }
}

const YAML_READING: Reading = {
  wrap: (reason) => `error unmarshaling JSON: while decoding JSON: ${reason}`,
  nullDict: newDict,
  nullList: () => [],
};
const JSON_READING: Reading = { wrap: (reason) => reason, nullDict: () => NIL_DICT, nullList: () => NIL_LIST };

/** BurntSushi's encoder panics for nil and returns its other errors, which Helm gives as text. */
const toToml = writer(encodeToml, (reason) => reason);

function tomlOf(value: GoValue, context: CallContext): GoValue {
  if (value === null) throw new FuncError('reflect: call of reflect.Value.Type on zero Value');
  return toToml.call([value], context);
}

function fromToml(document: string): GoValue {
  try {
    return decodeToml(document);
  } catch (error) {
    return errorDict(reasonOf(error));
  }
}

/** A function that reads a document, charged by its length. */
function reader(read: (document: string) => GoValue): GoFunc {
  return fn1(text, (document, context) => {
    context.charge(document.length);
    return read(document);
  });
}

function required(message: string, value: GoValue): GoValue {
  if (value === null || value === '') throw new FuncError(message);
  return value;
}

function strict(reason: string): never {
  throw new FuncError(reason);
}

const HELM_FUNCS: readonly (readonly [string, GoFunc])[] = [
  ['include', fn2(text, any, (name, data, context) => context.include(name, data))],
  ['tpl', fn2(text, any, (template, data, context) => context.tpl(template, data).replaceAll('<no value>', ''))],
  ['required', fn2(text, any, required)],
  ['toYaml', writer(toYaml, nothing)],
  ['mustToYaml', writer(toYaml, strict)],
  ['toYamlPretty', writer(prettyYaml, nothing)],
  ['toJson', writer(marshalGoJson, nothing)],
  ['toToml', fn1(any, tomlOf)],
  ['fromYaml', reader((document) => dictOf(decodeYaml(document), YAML_READING))],
  ['fromYamlArray', reader((document) => listOf(decodeYaml(document), YAML_READING))],
  ['fromJson', reader((document) => dictOf(decodeGoJson(document), JSON_READING))],
  ['fromJsonArray', reader((document) => listOf(decodeGoJson(document), JSON_READING))],
  ['fromToml', reader(fromToml)],
  ['lookup', { params: [text.type, text.type, text.type, text.type], call: newDict }],
  ['getHostByName', fn1(text, () => '')],
];

/** Helm's function map. It holds a memory of compiled regular expressions, as sprig's does: make one per compiled template set. */
export function helmFuncs(options: Omit<SprigOptions, 'env'> = {}): FuncMap {
  const funcs = new Map<string, GoFunc>([...sprigFuncs(options), ...HELM_FUNCS]);
  funcs.delete('env');
  funcs.delete('expandenv');
  return funcs;
}
