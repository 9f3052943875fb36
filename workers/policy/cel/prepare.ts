/**
 * From an expression as the apiserver reads it to the same in what the parser's library reads. The tokens are those of CEL's grammar
 * (cel-go's CEL.g4), so that nothing within a text or a comment is taken for anything else. Changed are
 *
 * - numbers and names that begin with a point (`.5`, `.object`);
 * - raw texts and bytes, which the library ends at another quote or whose characters it takes for bytes; line ends within texts;
 * - the marks of optional entries (`[?x]`, `{?key: x}`): they are blanks in the text, and told beside it (optional-entries.ts);
 *
 * and refused what the library reads and CEL does not have: a condition within a condition without parentheses, integers of more than
 * 64 bits. What is no token is left for the library to refuse.
 */
import { ExpressionError } from './expression-error.ts';

export interface PreparedExpression {
  readonly text: string;
  /** The bracket at which a list or map begins, as an offset of the original, and the places in it that are optional. */
  readonly optionals: ReadonlyMap<number, ReadonlySet<number>>;
  /** From an offset of the text to one of the original. */
  readonly original: (offset: number) => number;
}

const BLANK = String.raw`[\t \n\r\f]+|\/\/[^\n]*`;
const RAW = String.raw`[bB]?[rR](?:"""[\s\S]*?"""|'''[\s\S]*?'''|"[^"\n\r]*"|'[^'\n\r]*')`;
const COOKED = String.raw`[bB]?(?:"""(?:\\[\s\S]|[^\\])*?"""|'''(?:\\[\s\S]|[^\\])*?'''|"(?:\\.|[^\\"\n\r])*"|'(?:\\.|[^\\'\n\r])*')`;
const EXPONENT = String.raw`[eE][+-]?\d+`;
const REAL = String.raw`\d*\.\d+(?:${EXPONENT})?|\d+${EXPONENT}`;
const WHOLE = String.raw`0x[\da-fA-F]+[uU]?|\d+[uU]?`;
const NAME = String.raw`[A-Za-z_]\w*`;
const TOKEN = new RegExp(
  `(?<blank>${BLANK})|(?<raw>${RAW})|(?<cooked>${COOKED})|(?<real>${REAL})|(?<whole>${WHOLE})|(?<name>${NAME})|(?<sign>[^"'])`,
  'suy',
);
/** Words of the language, which are no names. */
const WORDS: ReadonlySet<string | undefined> = new Set(['true', 'false', 'null', 'in']);

const MAX_INT = 2n ** 63n - 1n;

/** A part of the original, and what stands in its place. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** What is open where the reader is. */
interface Bracket {
  /** An entry may be marked as optional here. */
  readonly holdsEntries: boolean;
  readonly start: number;
  /** Commas so far. */
  place: number;
  /** Conditions whose `:` has not come. */
  conditions: number;
}

/** Throws ExpressionError CEL_SYNTAX. */
export function prepareExpression(text: string): PreparedExpression {
  const reader = new Reader(text);
  reader.read();
  const { optionals } = reader;
  const edits = reader.edits.sort((a, b) => a.start - b.start);
  return { text: edited(text, edits), optionals, original: (offset) => originalOffset(edits, offset) };
}

class Reader {
  readonly edits: Edit[] = [];
  readonly optionals = new Map<number, Set<number>>();
  readonly #text: string;
  readonly #open: Bracket[] = [{ holdsEntries: false, start: 0, place: 0, conditions: 0 }];
  /** What comes before ends an operand, so that a bracket is an index, a point a selection and a minus a subtraction. */
  #operand = false;
  /** An entry of a list or map begins here. */
  #entry = false;
  /** The token before, and whether it is a minus or point with nothing on its left. */
  #before = { start: 0, sign: '', prefix: false };

  constructor(text: string) {
    this.#text = text;
  }

  read(): void {
    TOKEN.lastIndex = 0;
    for (let found = TOKEN.exec(this.#text); found !== null; found = TOKEN.exec(this.#text)) {
      const { index: start, groups = {} } = found;
      const next = TOKEN.lastIndex;
      this.#token(start, found[0], groups);
      TOKEN.lastIndex = next;
    }
  }

  #token(start: number, token: string, groups: Readonly<Record<string, string | undefined>>): void {
    if (groups['blank'] !== undefined) {
      // The library knows no form feed.
      if (token.includes('\f')) this.#replace(start, token, token.replaceAll('\f', ' '));
      return;
    }
    if (groups['sign'] !== undefined) {
      this.#sign(start, token);
      return;
    }
    if (groups['raw'] !== undefined || groups['cooked'] !== undefined) this.#literal(start, token);
    else if (groups['real'] !== undefined) this.#real(start, token);
    else if (groups['whole'] !== undefined) this.#whole(start, token);
    else this.#name(start, token);
    this.#operand = token !== 'in';
    this.#entry = false;
    this.#before = { start, sign: token, prefix: false };
  }

  #replace(start: number, token: string, text: string): void {
    if (text !== token) this.edits.push({ start, end: start + token.length, text });
  }

  #insert(start: number, text: string): void {
    this.edits.push({ start, end: start, text });
  }

  #name(start: number, name: string): void {
    const { start: before, sign, prefix } = this.#before;
    if (sign === '.' && prefix && !WORDS.has(name)) this.#replace(before, sign, ' ');
    // The library reads 0XFF as one number.
    if (sign === '0' && before === start - 1) this.#insert(start, ' ');
  }

  /** Texts and bytes. */
  #literal(start: number, literal: string): void {
    const [prefix = ''] = /^[a-zA-Z]*/.exec(literal) ?? [];
    const raw = /[rR]/.test(prefix);
    const bytes = /[bB]/.test(prefix);
    let made = literal.slice(prefix.length).replace(/\r\n?/g, '\n');
    if (raw) made = made.replaceAll('\\', '\\\\');
    if (bytes) made = made.replace(/[^\0-\x7f]+/g, escapedBytes);
    this.#replace(start, literal, `${bytes ? 'b' : ''}${made}`);
  }

  #real(start: number, number: string): void {
    // After an operand it is a selection of something that is no name, and refused.
    if (number.startsWith('.') && !this.#operand) this.#insert(start, '0');
  }

  #whole(start: number, number: string): void {
    if (/u$/i.test(number)) return;
    const { sign, prefix } = this.#before;
    const most = sign === '-' && prefix ? MAX_INT + 1n : MAX_INT;
    if (BigInt(number) > most) throw new ExpressionError('CEL_SYNTAX', 'invalid int literal', start);
  }

  #sign(start: number, sign: string): void {
    const { sign: before } = this.#before;
    const wasEntry = this.#entry;
    const wasOperand = this.#operand;
    this.#entry = false;
    this.#operand = false;
    // Of several minuses in a row the last is not the number's.
    this.#before = { start, sign, prefix: !wasOperand && (sign !== '-' || before !== '-') };
    const top = this.#open.at(-1);
    switch (sign) {
      case '[':
      case '{':
      case '(':
        this.#entry = sign !== '(' && !wasOperand;
        this.#open.push({ holdsEntries: this.#entry, start, place: 0, conditions: 0 });
        break;
      case ']':
      case '}':
      case ')':
        // The mark is a blank, so that the library would see an empty list, or a comma at a list's end.
        if (before === '?') throw new ExpressionError('CEL_SYNTAX', "an expression has to follow '?'", start);
        this.#operand = true;
        if (this.#open.length > 1) this.#open.pop();
        break;
      case ',':
        if (top === undefined) break;
        top.place += 1;
        top.conditions = 0;
        this.#entry = top.holdsEntries;
        break;
      case ':':
        if (top !== undefined && top.conditions > 0) top.conditions -= 1;
        break;
      case '.':
        // A name has to come, so that no second point or number may begin here.
        this.#operand = true;
        break;
      case '?':
        this.#question(start, { wasEntry, wasOperand, before });
        break;
      default:
        break;
    }
  }

  /** The mark of an optional entry, selection or index, or a condition. */
  #question(
    start: number,
    { wasEntry, wasOperand, before }: { wasEntry: boolean; wasOperand: boolean; before: string },
  ) {
    const top = this.#open.at(-1);
    if (top === undefined) return;
    if (wasEntry) {
      const places = this.optionals.get(top.start) ?? new Set<number>();
      this.optionals.set(top.start, places.add(top.place));
      this.#replace(start, '?', ' ');
    } else if (before === '.') {
      this.#operand = true;
    } else if (wasOperand) {
      if (top.conditions > 0) {
        const message = 'a condition within a condition needs parentheses, as in a ? (b ? c : d) : e';
        throw new ExpressionError('CEL_SYNTAX', message, start);
      }
      top.conditions += 1;
    }
  }
}

/** Characters as the bytes of their UTF-8. */
function escapedBytes(characters: string): string {
  return Array.from(new TextEncoder().encode(characters), (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(
    '',
  );
}

function edited(text: string, edits: readonly Edit[]): string {
  let made = '';
  let from = 0;
  for (const edit of edits) {
    made += text.slice(from, edit.start) + edit.text;
    from = edit.end;
  }
  return made + text.slice(from);
}

function originalOffset(edits: readonly Edit[], offset: number): number {
  let grown = 0;
  for (const { start, end, text } of edits) {
    const at = offset - grown;
    if (at < start) break;
    if (at < start + text.length) return Math.min(at, Math.max(start, end - 1));
    grown += text.length - (end - start);
  }
  return offset - grown;
}
