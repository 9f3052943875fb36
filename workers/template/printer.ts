/**
 * The values behind fmt's verbs: one Printer formats one value after another under the flags of a directive. The directives
 * themselves are read in printf.ts.
 * The file is long because every kind of value meets every verb here, and all of them share the flags.
 */
import { limitError } from './errors.ts';
import type { FloatFormat } from './float.ts';
import { formatFloat, formatFloat64 } from './float.ts';
import { fromBytes, toBytes } from './gostring.ts';
import { MAX_FORMAT_LENGTH, MAX_VALUE_DEPTH } from './limits.ts';
import { integerText, keepPoint, runeOf, unicodeText } from './number-text.ts';
import { canBackquote, quote, quoteRune } from './quote.ts';
import {
  concrete,
  elementsOf,
  entriesOf,
  isNil,
  pointee,
  scalarOfRef,
  structField,
  typeName,
  typeOf,
  typeString,
} from './reflect.ts';
import type { GoStructType, GoValue } from './value.ts';
import { GoNumber, GoRef } from './value.ts';

type Slot = GoValue | undefined;

/** Go prints addresses; ours are all this one, for nothing has an address here and output has to be repeatable. */
const ADDRESS = 0xc000012340n;
const STRINGER_VERBS = 'vsxXq';

export class Printer {
  out = '';
  width = 0;
  hasWidth = false;
  precision = 0;
  hasPrecision = false;
  minus = false;
  plus = false;
  sharp = false;
  space = false;
  zero = false;
  /** `%+v` and `%#v` are formats of their own, in which the flags do not act as flags. */
  plusV = false;
  sharpV = false;
  private erroring = false;

  clearFlags(): void {
    this.width = 0;
    this.precision = 0;
    this.hasWidth = false;
    this.hasPrecision = false;
    this.minus = false;
    this.plus = false;
    this.sharp = false;
    this.space = false;
    this.zero = false;
    this.plusV = false;
    this.sharpV = false;
  }

  /** Appends text as it is. Throws TEMPLATE_LIMIT when the result grows too long. */
  write(text: string): void {
    this.out += text;
    if (this.out.length > MAX_FORMAT_LENGTH) throw limitError('formatted text is too long');
  }

  /** Formats one operand; `verb` is one character. */
  printArgument(value: Slot, verb: string): void {
    const inner = concrete(value);
    if (inner === null || inner === undefined) {
      if (verb === 'v' || verb === 'T') this.pad('<nil>');
      else this.badVerb(null, verb);
    } else if (verb === 'T') this.printText(typeString(inner));
    else if (verb === 'p') this.printPointer(inner, verb);
    else this.printValue(inner, verb, 0);
  }

  private printValue(value: Slot, verb: string, depth: number): void {
    if (depth > MAX_VALUE_DEPTH) throw limitError('value is nested too deeply to print');
    const inner = concrete(value);
    if (inner === null || inner === undefined) {
      this.write(this.sharpV ? 'interface {}(nil)' : '<nil>');
      return;
    }
    if (inner instanceof GoRef && inner.type.methods !== undefined && this.printByMethod(inner, verb)) return;
    const plain = inner instanceof GoRef ? scalarOfRef(inner) : inner;
    switch (typeof plain) {
      case 'string':
        this.printString(plain, verb, inner);
        return;
      case 'boolean':
        if (verb === 't' || verb === 'v') this.pad(plain ? 'true' : 'false');
        else this.badVerb(inner, verb);
        return;
      case 'number':
        this.printFloat(plain, 64, verb, inner);
        return;
      case 'bigint':
        this.printInteger(plain, true, verb, inner);
        return;
      default:
        if (plain instanceof GoNumber) this.printNumber(plain, verb, inner);
        else this.printComposite(inner, verb, depth);
    }
  }

  private printNumber(number: GoNumber, verb: string, value: GoValue): void {
    if (number.kind === 'float32') this.printFloat(Number(number.value), 32, verb, value);
    else this.printInteger(BigInt(number.value), !number.kind.startsWith('u'), verb, value);
  }

  private printComposite(value: GoValue, verb: string, depth: number): void {
    // fmt refuses %w before it looks into a value; only a []byte is looked at first.
    if (verb === 'w' && typeString(value) !== '[]uint8') {
      this.badVerb(value, verb);
      return;
    }
    const entries = entriesOf(value);
    if (entries !== null) this.printMap(value, entries, verb, depth);
    else if (!(value instanceof GoRef) || value.type.kind === 'slice') this.printSlice(value, verb, depth);
    else if (value.type.kind === 'struct') this.printStruct(value, value.type, verb, depth);
    else this.printPointerValue(value, verb, depth);
  }

  private printMap(
    value: GoValue,
    entries: readonly (readonly [GoValue, GoValue])[],
    verb: string,
    depth: number,
  ): void {
    if (this.sharpV && isNil(value)) {
      this.write(`${typeString(value)}(nil)`);
      return;
    }
    this.write(this.sharpV ? `${typeString(value)}{` : 'map[');
    let first = true;
    for (const [key, item] of entries) {
      if (!first) this.write(this.sharpV ? ', ' : ' ');
      first = false;
      this.printValue(key, verb, depth + 1);
      this.write(':');
      this.printValue(item, verb, depth + 1);
    }
    this.write(this.sharpV ? '}' : ']');
  }

  private printSlice(value: GoValue, verb: string, depth: number): void {
    const bytes = bytesOf(value);
    if (bytes !== null && this.printBytes(value, bytes, verb, depth)) return;
    if (this.sharpV && isNil(value)) {
      this.write(`${typeString(value)}(nil)`);
      return;
    }
    this.write(this.sharpV ? `${typeString(value)}{` : '[');
    let first = true;
    for (const item of elementsOf(value) ?? []) {
      if (!first) this.write(this.sharpV ? ', ' : ' ');
      first = false;
      this.printValue(item, verb, depth + 1);
    }
    this.write(this.sharpV ? '}' : ']');
  }

  /** A slice of bytes prints as text under the text verbs, and a []byte given as operand in a form of its own under %v and %d. */
  private printBytes(value: GoValue, bytes: Uint8Array, verb: string, depth: number): boolean {
    switch (verb) {
      case 's':
        this.printText(fromBytes(bytes));
        return true;
      case 'x':
      case 'X':
        this.printHex(bytes, verb);
        return true;
      case 'q':
        this.printQuoted(fromBytes(bytes));
        return true;
      case 'v':
      case 'd':
        if (depth > 0 || !this.sharpV || typeString(value) !== '[]uint8') return false;
        if (isNil(value)) this.write('[]byte(nil)');
        else this.printByteList(bytes);
        return true;
      default:
        return false;
    }
  }

  private printByteList(bytes: Uint8Array): void {
    this.write('[]byte{');
    bytes.forEach((byte, i) => {
      if (i > 0) this.write(', ');
      this.printAddress(BigInt(byte), true);
    });
    this.write('}');
  }

  private printStruct(ref: GoRef, type: GoStructType, verb: string, depth: number): void {
    this.write(this.sharpV ? `${typeName(type)}{` : '{');
    let first = true;
    for (const field of type.fields.values()) {
      if (!first) this.write(this.sharpV ? ', ' : ' ');
      first = false;
      if (this.plusV || this.sharpV) this.write(`${field.name}:`);
      this.printValue(structField(ref, field), verb, depth + 1);
    }
    this.write('}');
  }

  private printPointerValue(ref: GoRef, verb: string, depth: number): void {
    if (depth === 0 && !isNil(ref)) {
      const target = concrete(pointee(ref));
      const kind = typeOf(target)?.kind;
      if (kind === 'slice' || kind === 'struct' || kind === 'map') {
        this.write('&');
        this.printValue(target, verb, depth + 1);
        return;
      }
    }
    this.printPointer(ref, verb);
  }

  private printPointer(value: GoValue, verb: string): void {
    const kind = typeOf(value)?.kind;
    if (kind !== 'pointer' && kind !== 'map' && kind !== 'slice') {
      this.badVerb(value, verb);
      return;
    }
    const address = isNil(value) ? 0n : ADDRESS;
    switch (verb) {
      case 'v':
        if (this.sharpV) this.write(`(${typeString(value)})(${address === 0n ? 'nil' : `0x${address.toString(16)}`})`);
        else if (address === 0n) this.pad('<nil>');
        else this.printAddress(address, !this.sharp);
        break;
      case 'p':
        this.printAddress(address, !this.sharp);
        break;
      case 'b':
      case 'o':
      case 'd':
      case 'x':
      case 'X':
        this.printInteger(address, false, verb, value);
        break;
      default:
        this.badVerb(value, verb);
    }
  }

  private printAddress(address: bigint, prefixed: boolean): void {
    const { sharp } = this;
    this.sharp = prefixed;
    this.printDigits(address, false, 16, 'v');
    this.sharp = sharp;
  }

  /** Error() and String() stand for the value under the verbs that print text. */
  private printByMethod(ref: GoRef, verb: string): boolean {
    if (this.erroring || !STRINGER_VERBS.includes(verb)) return false;
    if (this.sharpV) return this.printGoSyntax(ref);
    const method = ref.type.methods?.get('Error') ?? ref.type.methods?.get('String');
    if (method === undefined) return false;
    if (ref.type.kind === 'pointer' && isNil(ref)) {
      this.write('<nil>');
      return true;
    }
    const text = method(ref, []);
    if (typeof text !== 'string') return false;
    this.printString(text, verb, ref);
    return true;
  }

  /** GoString() stands for the value under `%#v`. */
  private printGoSyntax(ref: GoRef): boolean {
    const text = ref.type.methods?.get('GoString')?.(ref, []);
    if (typeof text !== 'string') return false;
    this.pad(text);
    return true;
  }

  private printString(text: string, verb: string, value: GoValue): void {
    switch (verb) {
      case 'v':
        if (this.sharpV) this.printQuoted(text);
        else this.printText(text);
        break;
      case 's':
        this.printText(text);
        break;
      case 'x':
      case 'X':
        this.printHex(toBytes(text), verb);
        break;
      case 'q':
        this.printQuoted(text);
        break;
      default:
        this.badVerb(value, verb);
    }
  }

  private printText(text: string): void {
    this.pad(this.truncate(text));
  }

  private printQuoted(text: string): void {
    const kept = this.truncate(text);
    this.pad(this.sharp && canBackquote(kept) ? `\`${kept}\`` : quote(kept, this.plus));
  }

  private truncate(text: string): string {
    if (!this.hasPrecision) return text;
    let end = 0;
    for (let runes = 0; runes < this.precision && end < text.length; runes++) {
      end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
    }
    return text.slice(0, end);
  }

  private printHex(bytes: Uint8Array, verb: string): void {
    const count = this.hasPrecision ? Math.min(this.precision, bytes.length) : bytes.length;
    if (count === 0) {
      if (this.hasWidth) this.padding(this.width);
      return;
    }
    const prefix = this.sharp ? `0${verb}` : '';
    const digits = Array.from(bytes.subarray(0, count), (byte) => byte.toString(16).padStart(2, '0'));
    const lower = digits.join(this.space ? ' ' : '');
    const cased = verb === 'X' ? lower.toUpperCase() : lower;
    this.pad(prefix + (this.space ? cased.replaceAll(' ', ` ${prefix}`) : cased));
  }

  private printInteger(value: bigint, signed: boolean, verb: string, source: GoValue): void {
    switch (verb) {
      case 'v':
        if (this.sharpV && !signed) this.printAddress(value, true);
        else this.printDigits(value, signed, 10, verb);
        break;
      case 'd':
        this.printDigits(value, signed, 10, verb);
        break;
      case 'b':
        this.printDigits(value, signed, 2, verb);
        break;
      case 'o':
      case 'O':
        this.printDigits(value, signed, 8, verb);
        break;
      case 'x':
      case 'X':
        this.printDigits(value, signed, 16, verb);
        break;
      case 'c':
        this.pad(String.fromCodePoint(runeOf(value)));
        break;
      case 'q':
        this.pad(quoteRune(runeOf(value), this.plus));
        break;
      case 'U':
        this.padPlain(unicodeText(BigInt.asUintN(64, value), this));
        break;
      default:
        this.badVerb(source, verb);
    }
  }

  private printDigits(value: bigint, signed: boolean, base: number, verb: string): void {
    this.padPlain(integerText(value, signed, base, verb, this));
  }

  private printFloat(value: number, bits: 32 | 64, verb: string, source: GoValue): void {
    switch (verb) {
      case 'v':
        this.printFloatAs(value, bits, 'g', 'v', -1);
        break;
      case 'b':
      case 'g':
      case 'G':
      case 'x':
      case 'X':
        this.printFloatAs(value, bits, verb, verb, -1);
        break;
      case 'e':
      case 'E':
      case 'f':
        this.printFloatAs(value, bits, verb, verb, 6);
        break;
      case 'F':
        this.printFloatAs(value, bits, 'f', 'f', 6);
        break;
      default:
        this.badVerb(source, verb);
    }
  }

  private printFloatAs(value: number, bits: 32 | 64, format: FloatFormat, verb: string, standard: number): void {
    const precision = this.hasPrecision ? this.precision : standard;
    const text = formatFloat(value, format, precision, bits);
    const signed = text.startsWith('-') || text.startsWith('+');
    let sign = signed ? text.charAt(0) : '+';
    let number = signed ? text.slice(1) : text;
    if (this.space && sign === '+' && !this.plus) sign = ' ';
    if (number === 'Inf' || number === 'NaN') {
      this.padPlain(number === 'NaN' && !this.space && !this.plus ? number : sign + number);
      return;
    }
    if (this.sharp && verb !== 'b') number = keepPoint(number, verb, precision);
    if (!this.plus && sign === '+') {
      this.pad(number);
    } else if (this.zero && !this.minus && this.hasWidth && this.width > number.length + 1) {
      this.write(sign);
      this.padding(this.width - number.length - 1);
      this.write(number);
    } else {
      this.pad(sign + number);
    }
  }

  /** `%!verb(type=value)`, fmt's way to say that a verb does not fit a value. */
  private badVerb(value: GoValue, verb: string): void {
    this.write(`%!${verb}(`);
    if (value === null) this.write('<nil>');
    else {
      this.erroring = true;
      this.write(`${typeString(value)}=`);
      this.printArgument(value, 'v');
      this.erroring = false;
    }
    this.write(')');
  }

  /** Pads with spaces even where the zero flag is set. */
  private padPlain(text: string): void {
    const { zero } = this;
    this.zero = false;
    this.pad(text);
    this.zero = zero;
  }

  private pad(text: string): void {
    if (!this.hasWidth || this.width === 0) {
      this.write(text);
      return;
    }
    const missing = this.width - runeCount(text);
    if (!this.minus) this.padding(missing);
    this.write(text);
    if (this.minus) this.padding(missing);
  }

  private padding(count: number): void {
    if (count > 0) this.write((this.zero && !this.minus ? '0' : ' ').repeat(count));
  }
}

/** fmt's `%v` of one value. */
export function formatValue(value: Slot): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
      return formatFloat64(value);
    case 'bigint':
      return value.toString();
    case 'boolean':
      return value ? 'true' : 'false';
    default: {
      const printer = new Printer();
      printer.printArgument(value, 'v');
      return printer.out;
    }
  }
}

function bytesOf(value: GoValue): Uint8Array | null {
  if (!(value instanceof GoRef) || value.type.kind !== 'slice' || value.type.elem.kind !== 'uint8') return null;
  if (value.data instanceof Uint8Array) return value.data;
  const items = Array.isArray(value.data) ? (value.data as readonly unknown[]) : [];
  return Uint8Array.from(items, (item) => Number(item instanceof GoNumber ? item.value : item));
}

function runeCount(text: string): number {
  let count = text.length;
  for (let i = 0; i + 1 < text.length; i++) {
    if ((text.charCodeAt(i) & 0xfc00) === 0xd800) {
      count--;
      i++;
    }
  }
  return count;
}
