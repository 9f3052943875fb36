/**
 * sprig's flow control.
 */
import type { GoFunc } from '../../func.ts';
import { FuncError } from '../../func.ts';
import { fn1, text } from '../signature.ts';

function fail(message: string): never {
  throw new FuncError(message);
}

export const flowFuncs: readonly (readonly [string, GoFunc])[] = [['fail', fn1(text, fail)]];
