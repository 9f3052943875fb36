import type { FunctionTable } from '../function.ts';
import { CONVERSIONS } from './convert.ts';
import { LIST_FUNCTIONS } from './lists.ts';
import { FORMAT_FUNCTIONS } from './named-format.ts';
import { NET_FUNCTIONS } from './net.ts';
import { OPTIONAL_FUNCTIONS } from './optional.ts';
import { QUANTITY_FUNCTIONS } from './quantity.ts';
import { REGEX_FUNCTIONS } from './regex.ts';
import { SEMVER_FUNCTIONS } from './semver.ts';
import { STRING_FUNCTIONS } from './strings.ts';
import { TIME_FUNCTIONS } from './time.ts';
import { URL_FUNCTIONS } from './url.ts';

/** Every function that expressions may call. */
export const FUNCTIONS: FunctionTable = new Map([
  ...CONVERSIONS,
  ...TIME_FUNCTIONS,
  ...STRING_FUNCTIONS,
  ...REGEX_FUNCTIONS,
  ...LIST_FUNCTIONS,
  ...QUANTITY_FUNCTIONS,
  ...SEMVER_FUNCTIONS,
  ...NET_FUNCTIONS,
  ...URL_FUNCTIONS,
  ...OPTIONAL_FUNCTIONS,
  ...FORMAT_FUNCTIONS,
]);

/** Names before a function's name that are no value: `sets.contains`. */
export const NAMESPACES = ['strings', 'lists', 'sets', 'ip', 'optional', 'format'] as const;
