/**
 * sprig v3.3's text functions (TxtFuncMap), for any Go template: Istio's, Helm's and users' own.
 *
 * Where Go's answer is random or depends on the machine, ours does not: `keys` and `values` keep the order of insertion, and functions
 * that read clock, randomness, network or environment are errors unless the options supply what they read.
 */
import type { FuncMap, GoFunc } from '../func.ts';
import { cryptoFuncs } from './sprig/crypto.ts';
import type { DateOptions } from './sprig/date.ts';
import { dateFuncs } from './sprig/date.ts';
import { defaultFuncs, reflectionFuncs } from './sprig/defaults.ts';
import { dictFuncs } from './sprig/dicts.ts';
import { encodingFuncs } from './sprig/encoding.ts';
import type { EnvironmentOptions } from './sprig/environment.ts';
import { environmentFuncs } from './sprig/environment.ts';
import { flowFuncs } from './sprig/flow.ts';
import { jsonFuncs } from './sprig/json.ts';
import { camelCaseOfSprig32, letterCaseFuncs } from './sprig/letter-case.ts';
import { listFuncs } from './sprig/lists.ts';
import { mathFuncs } from './sprig/math.ts';
import { pathFuncs } from './sprig/path.ts';
import { randomFuncs } from './sprig/random.ts';
import { regexFuncs } from './sprig/regex.ts';
import { semverFuncs } from './sprig/semver.ts';
import { stringFuncs } from './sprig/strings.ts';
import { urlFuncs } from './sprig/url.ts';
import { wrapFuncs } from './sprig/wrap.ts';

/** What sprig reads from outside the template. What is left out makes the functions that need it errors. */
export interface SprigOptions extends DateOptions, EnvironmentOptions {
  /** Default: 3.3. 3.2 has no sha512sum and another camelcase. */
  readonly release?: '3.2' | '3.3';
}

/** sprig's functions by name. The map holds a memory of compiled regular expressions: make one per compiled template set. */
export function sprigFuncs(options: SprigOptions = {}): FuncMap {
  const funcs = new Map<string, GoFunc>([
    ...stringFuncs,
    ...letterCaseFuncs,
    ...wrapFuncs,
    ...mathFuncs,
    ...listFuncs,
    ...dictFuncs,
    ...defaultFuncs,
    ...reflectionFuncs,
    ...jsonFuncs,
    ...encodingFuncs,
    ...regexFuncs(),
    ...semverFuncs,
    ...urlFuncs,
    ...pathFuncs,
    ...dateFuncs(options),
    ...cryptoFuncs,
    ...randomFuncs,
    ...environmentFuncs(options),
    ...flowFuncs,
  ]);
  if (options.release === '3.2') {
    funcs.delete('sha512sum');
    funcs.set('camelcase', camelCaseOfSprig32);
  }
  return funcs;
}
