/**
 * Numbers under fmt's flags, before they are padded to the width.
 */
import { isPrint } from './printable.ts';
import { isRune } from './quote.ts';

/** The flags of a directive that change a number's digits. */
export interface NumberFlags {
  readonly width: number;
  readonly hasWidth: boolean;
  readonly precision: number;
  readonly hasPrecision: boolean;
  readonly minus: boolean;
  readonly plus: boolean;
  readonly sharp: boolean;
  readonly space: boolean;
  readonly zero: boolean;
}

/** An integer with its sign, prefix and leading zeros; empty for a zero with precision zero. */
export function integerText(value: bigint, signed: boolean, base: number, verb: string, flags: NumberFlags): string {
  const negative = signed && value < 0n;
  const magnitude = negative ? -value : value;
  let wanted = 0;
  if (flags.hasPrecision) {
    wanted = flags.precision;
    if (wanted === 0 && magnitude === 0n) return '';
  } else if (flags.zero && !flags.minus && flags.hasWidth) {
    wanted = flags.width - (negative || flags.plus || flags.space ? 1 : 0);
  }
  let digits = magnitude.toString(base).padStart(wanted, '0');
  if (verb === 'X') digits = digits.toUpperCase();
  if (flags.sharp) {
    if (base === 2) digits = `0b${digits}`;
    else if (base === 8 && !digits.startsWith('0')) digits = `0${digits}`;
    else if (base === 16) digits = `0${verb === 'X' ? 'X' : 'x'}${digits}`;
  }
  if (verb === 'O') digits = `0o${digits}`;
  return (negative ? '-' : flags.plus ? '+' : flags.space ? ' ' : '') + digits;
}

/** `%U`: U+0078, or under `#` U+0078 'x'. */
export function unicodeText(value: bigint, flags: NumberFlags): string {
  const digits = value.toString(16).toUpperCase();
  const text = `U+${digits.padStart(flags.hasPrecision ? Math.max(flags.precision, 4) : 4, '0')}`;
  const shown = flags.sharp && value <= 0x10ffffn && isPrint(Number(value));
  return shown ? `${text} '${String.fromCodePoint(Number(value))}'` : text;
}

/** The character with a number; the replacement character where there is none. */
export function runeOf(value: bigint): number {
  const rune = BigInt.asUintN(64, value);
  return rune <= 0x10ffffn && isRune(Number(rune)) ? Number(rune) : 0xfffd;
}

/** The `#` flag keeps the decimal point, and under `%g` the zeros at the end. */
export function keepPoint(number: string, verb: string, precision: number): string {
  const hexadecimal = verb === 'x' || verb === 'X';
  const tailAt = number.search(hexadecimal ? /p/i : /[ep]/i);
  const body = tailAt < 0 ? number : number.slice(0, tailAt);
  const tail = tailAt < 0 ? '' : number.slice(tailAt);
  let missing = 0;
  if (verb === 'v' || verb === 'g' || verb === 'G' || verb === 'x') {
    missing = (precision === -1 ? 6 : precision) - body.replace(/^[0.]*/, '').replace('.', '').length;
  }
  if (body.includes('.')) return body + '0'.repeat(Math.max(missing, 0)) + tail;
  if (body === '0') missing--;
  return `${body}.${'0'.repeat(Math.max(missing, 0))}${tail}`;
}
