/**
 * Go's fmt.Sprintf, Sprint and Sprintln. They never fail: what does not fit is written into the text, as `%!d(string=x)`.
 */
import { normalizeBytes } from './gostring.ts';
import { formatValue, Printer } from './printer.ts';
import { concrete, kindOf, scalarOfRef, typeString } from './reflect.ts';
import type { GoValue } from './value.ts';
import { GoNumber } from './value.ts';

export { formatValue } from './printer.ts';

/** Widths, precisions and argument numbers beyond this are refused, as fmt refuses them. */
const MAX_DIRECTIVE_NUMBER = 1_000_000;

/** fmt.Sprintf. Throws TEMPLATE_LIMIT when the result is too long or a value contains itself. */
export function sprintf(format: string, args: readonly GoValue[]): string {
  const reader = new DirectiveReader(format, args);
  return normalizeBytes(reader.run());
}

/** fmt.Sprint: values in their default format, with a space between two of them when neither is a string. */
export function sprint(...args: readonly GoValue[]): string {
  if (args.length === 1) return formatValue(args[0]);
  let text = '';
  let afterString = true;
  for (const arg of args) {
    const isString = kindOf(arg) === 'string';
    if (!isString && !afterString) text += ' ';
    text += formatValue(arg);
    afterString = isString;
  }
  return normalizeBytes(text);
}

/** fmt.Sprintln: values in their default format, spaces between all of them, and a newline. */
export function sprintln(...args: readonly GoValue[]): string {
  return normalizeBytes(`${args.map((arg) => formatValue(arg)).join(' ')}\n`);
}

/** Reads a format's directives one after another: `%[flags][width][.precision][[index]]verb`. */
class DirectiveReader {
  private readonly format: string;
  private readonly args: readonly GoValue[];
  private readonly printer = new Printer();
  private at = 0;
  private argument = 0;
  /** An explicit index was used somewhere: then unused operands are not reported. */
  private reordered = false;
  /** The directive's indexes were all valid. */
  private goodIndex = true;
  /** The last thing read was an index. */
  private afterIndex = false;

  constructor(format: string, args: readonly GoValue[]) {
    this.format = format;
    this.args = args;
  }

  run(): string {
    const { format, printer } = this;
    while (this.at < format.length) {
      const percent = format.indexOf('%', this.at);
      if (percent < 0) {
        printer.write(format.slice(this.at));
        break;
      }
      if (percent > this.at) printer.write(format.slice(this.at, percent));
      this.at = percent + 1;
      this.readDirective();
    }
    if (!this.reordered && this.argument < this.args.length) this.reportExtra();
    return printer.out;
  }

  private readDirective(): void {
    const { format, printer } = this;
    printer.clearFlags();
    this.goodIndex = true;
    this.afterIndex = false;
    this.readFlags();
    this.readIndex();
    this.readWidth();
    if (format[this.at] === '.' && this.at + 1 < format.length) this.readPrecision();
    if (!this.afterIndex) this.readIndex();
    if (this.at >= format.length) {
      printer.write('%!(NOVERB)');
      return;
    }
    const rune = format.codePointAt(this.at) ?? 0;
    this.at += rune > 0xffff ? 2 : 1;
    this.print(rune >= 0xd800 && rune <= 0xdfff ? '\ufffd' : String.fromCodePoint(rune));
  }

  private print(verb: string): void {
    const { printer } = this;
    if (verb === '%') {
      printer.write('%');
    } else if (!this.goodIndex) {
      printer.write(`%!${verb}(BADINDEX)`);
    } else if (this.argument >= this.args.length) {
      printer.write(`%!${verb}(MISSING)`);
    } else {
      if (verb === 'v' || verb === 'w') {
        printer.sharpV = printer.sharp;
        printer.plusV = printer.plus;
        printer.sharp = false;
        printer.plus = false;
      }
      printer.printArgument(this.args[this.argument], verb);
      this.argument++;
    }
  }

  private readFlags(): void {
    const { printer } = this;
    for (; this.at < this.format.length; this.at++) {
      switch (this.format[this.at]) {
        case '#':
          printer.sharp = true;
          break;
        case '0':
          printer.zero = true;
          break;
        case '+':
          printer.plus = true;
          break;
        case '-':
          printer.minus = true;
          break;
        case ' ':
          printer.space = true;
          break;
        default:
          return;
      }
    }
  }

  private readWidth(): void {
    const { printer } = this;
    if (this.format[this.at] === '*') {
      this.at++;
      const width = this.numberArgument();
      if (width === null) printer.write('%!(BADWIDTH)');
      else if (width < 0) {
        printer.minus = true;
        printer.zero = false;
      }
      printer.hasWidth = width !== null;
      printer.width = Math.abs(width ?? 0);
      this.afterIndex = false;
      return;
    }
    const width = this.number();
    printer.hasWidth = width !== null;
    printer.width = width ?? 0;
    if (this.afterIndex && width !== null) this.goodIndex = false;
  }

  private readPrecision(): void {
    const { printer } = this;
    this.at++;
    if (this.afterIndex) this.goodIndex = false;
    this.readIndex();
    if (this.format[this.at] === '*') {
      this.at++;
      const precision = this.numberArgument();
      printer.hasPrecision = precision !== null && precision >= 0;
      printer.precision = Math.max(precision ?? 0, 0);
      if (!printer.hasPrecision) printer.write('%!(BADPREC)');
      this.afterIndex = false;
      return;
    }
    printer.precision = this.number() ?? 0;
    printer.hasPrecision = true;
  }

  /** `[n]` chooses the operand that is read next. */
  private readIndex(): void {
    this.afterIndex = false;
    if (this.format[this.at] !== '[') return;
    this.reordered = true;
    const close = this.format.indexOf(']', this.at);
    if (close < 0 || this.format.length - this.at < 3) {
      this.goodIndex = false;
      this.at++;
      return;
    }
    const text = this.format.slice(this.at + 1, close);
    this.at = close + 1;
    const index = /^\d+$/.test(text) ? boundedNumber(text) : null;
    this.afterIndex = index !== null;
    if (index !== null && index >= 1 && index <= this.args.length) this.argument = index - 1;
    else this.goodIndex = false;
  }

  /** A decimal number of the format; one that is too large swallows the rest of it, as in fmt. */
  private number(): number | null {
    const start = this.at;
    while (this.at < this.format.length && isDigit(this.format.charCodeAt(this.at))) this.at++;
    if (this.at === start) return null;
    const value = boundedNumber(this.format.slice(start, this.at));
    if (value === null) this.at = this.format.length;
    return value;
  }

  /** The operand that `*` stands for; null unless it is an integer of sensible size. */
  private numberArgument(): number | null {
    if (this.argument >= this.args.length) return null;
    const value = scalarOfRef(concrete(this.args[this.argument]));
    this.argument++;
    const whole = value instanceof GoNumber && value.kind !== 'float32' ? value.value : value;
    if (typeof whole !== 'bigint') return null;
    const number = Number(whole);
    return Math.abs(number) > MAX_DIRECTIVE_NUMBER ? null : number;
  }

  private reportExtra(): void {
    const { printer } = this;
    printer.clearFlags();
    printer.write('%!(EXTRA ');
    this.args.slice(this.argument).forEach((arg, i) => {
      if (i > 0) printer.write(', ');
      const value = concrete(arg);
      if (value !== null && value !== undefined) printer.write(`${typeString(value)}=`);
      printer.printArgument(value, 'v');
    });
    printer.write(')');
  }
}

function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39;
}

/** fmt looks at a number before it appends a digit, so that eight digits may pass; null beyond. */
function boundedNumber(digits: string): number | null {
  let value = 0;
  for (const digit of digits) {
    if (value > MAX_DIRECTIVE_NUMBER) return null;
    value = value * 10 + Number(digit);
  }
  return value;
}
