/**
 * sprig's random functions. Injection must give the same pod for the same request, so they are errors, but where only one
 * answer is possible.
 */
import type { GoFunc } from '../../func.ts';
import { FuncError } from '../../func.ts';
import { runes } from '../../gostring.ts';
import { fn0, fn1, fn2, integer, text } from '../signature.ts';

/** Why a function that draws on randomness fails. */
export function needsRandomness(name: string): FuncError {
  return new FuncError(
    `${name} is not available to templates: its result is random, and injections must be repeatable`,
  );
}

/** Random text of a given length; none for lengths below 1. */
function randomText(name: string): readonly [string, GoFunc] {
  const call = (count: bigint): string => {
    if (count <= 0n) return '';
    throw needsRandomness(name);
  };
  return [name, fn1(integer, call)];
}

function randomInteger(min: bigint, max: bigint): bigint {
  const choices = BigInt.asIntN(64, max - min);
  if (choices <= 0n) throw new FuncError('invalid argument to Intn');
  if (choices === 1n) return min;
  throw needsRandomness('randInt');
}

function randomBytes(count: bigint): string {
  if (count === 0n) return '';
  throw count < 0n ? new FuncError('runtime error: makeslice: len out of range') : needsRandomness('randBytes');
}

function shuffle(value: string): string {
  if (new Set(runes(value)).size < 2) return value;
  throw needsRandomness('shuffle');
}

function uuid(): never {
  throw needsRandomness('uuidv4');
}

export const randomFuncs: readonly (readonly [string, GoFunc])[] = [
  randomText('randAlpha'),
  randomText('randAlphaNum'),
  randomText('randAscii'),
  randomText('randNumeric'),
  ['randInt', fn2(integer, integer, randomInteger)],
  ['randBytes', fn1(integer, randomBytes)],
  ['shuffle', fn1(text, shuffle)],
  ['uuidv4', fn0(uuid)],
];
