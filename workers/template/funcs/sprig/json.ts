/**
 * sprig's JSON functions.
 */
import type { CallContext, GoFunc } from '../../func.ts';
import { FuncError } from '../../func.ts';
import type { MarshalOptions } from '../../gojson.ts';
import { decodeGoJson, marshalGoJson } from '../../gojson.ts';
import type { GoValue } from '../../value.ts';
import { ownCopy } from '../dict.ts';
import { any, fn1, text } from '../signature.ts';

const PRETTY: MarshalOptions = { indent: '  ' };
const RAW: MarshalOptions = { escapeHtml: false };

function marshaled(value: GoValue, options: MarshalOptions | undefined, context: CallContext): string {
  const json = marshalGoJson(value, options);
  context.charge(json.length);
  return json;
}

/** json.Marshal with errors thrown. */
function strict(options?: MarshalOptions): GoFunc {
  return fn1(any, (value, context) => marshaled(value, options, context));
}

/** json.Marshal with "" for an error, as sprig's plain functions have it. */
function lenient(options?: MarshalOptions): GoFunc {
  return fn1(any, (value, context) => {
    try {
      return marshaled(value, options, context);
    } catch (error) {
      if (error instanceof FuncError) return '';
      throw error;
    }
  });
}

/** json.Unmarshal; the result belongs to the template. `onError` decides what an error leads to. */
function unmarshal(json: string, context: CallContext, onError: (error: string) => void): GoValue {
  context.charge(json.length);
  const decoded = decodeGoJson(json);
  if (decoded.error !== null) onError(decoded.error);
  return ownCopy(decoded.value);
}

export const jsonFuncs: readonly (readonly [string, GoFunc])[] = [
  ['toJson', lenient()],
  ['mustToJson', strict()],
  ['toPrettyJson', lenient(PRETTY)],
  ['mustToPrettyJson', strict(PRETTY)],
  // The plain one panics.
  ['toRawJson', strict(RAW)],
  ['mustToRawJson', strict(RAW)],
  ['fromJson', fn1(text, (json, context) => unmarshal(json, context, () => undefined))],
  [
    'mustFromJson',
    fn1(text, (json, context) =>
      unmarshal(json, context, (error) => {
        throw new FuncError(error);
      }),
    ),
  ],
];
