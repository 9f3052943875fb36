/**
 * Walks the members of one JSON object in UTF-8 bytes without building values (bytes, because indexing them is several times as
 * fast as charCodeAt). It is strict about the object's own punctuation and
 * lenient inside the values it skips: who needs to know that those are valid JSON has to parse them.
 */

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/** The position of the next character that is not JSON white space. */
export function skipSpace(text: Buffer, at: number): number {
  let position = at;
  for (;;) {
    const c = text[position];
    if (c !== 32 && c !== 10 && c !== 13 && c !== 9) return position;
    position++;
  }
}

/** The position after the string whose opening quote is at `at`; -1 when it does not end. */
function skipString(text: Buffer, at: number): number {
  const length = text.length;
  let position = at + 1;
  while (position < length) {
    const c = text[position];
    if (c === QUOTE) return position + 1;
    position += c === BACKSLASH ? 2 : 1;
  }
  return -1;
}

/** The position after the value that begins at `at`; -1 when there is none or it does not end. */
export function skipValue(text: Buffer, at: number): number {
  const first = text[at];
  if (first === QUOTE) return skipString(text, at);
  const length = text.length;
  let position = at;
  if (first === OPEN_BRACE || first === OPEN_BRACKET) {
    let depth = 0;
    while (position < length) {
      const c = text[position];
      if (c === QUOTE) {
        position = skipString(text, position);
        if (position < 0) return -1;
        continue;
      }
      if (c === OPEN_BRACE || c === OPEN_BRACKET) depth++;
      else if ((c === CLOSE_BRACE || c === CLOSE_BRACKET) && --depth === 0) return position + 1;
      position++;
    }
    return -1;
  }
  while (position < length) {
    const c = text[position];
    if (c === COMMA || c === CLOSE_BRACE || c === CLOSE_BRACKET || c === undefined || c <= 32) break;
    position++;
  }
  return position === at ? -1 : position;
}

/**
 * A walk over an object's members: `next()` moves to a member, `skip()` (or setting `end`) says where its value ends. `odd` is set
 * when the text has something this walk does not handle: broken punctuation, or a key with an escape. Then the whole has to be
 * parsed instead.
 */
export class MemberWalk {
  readonly #text: Buffer;
  #keyStart = 0;
  #keyEnd = 0;
  /** Where the current member's value begins. */
  start = 0;
  /** Where the current member's value ends; after the last member, where the object ends. */
  end: number;
  odd = false;
  #begun = false;

  /** `at` is the position of the object's opening brace. */
  constructor(text: Buffer, at: number) {
    this.#text = text;
    this.end = at;
    if (text[at] !== OPEN_BRACE) this.odd = true;
  }

  /** Moves to the next member; false after the last one, or when the text is odd. */
  next(): boolean {
    if (this.odd) return false;
    const text = this.#text;
    let position: number;
    if (this.#begun) {
      position = skipSpace(text, this.end);
      const c = text[position];
      if (c === CLOSE_BRACE) {
        this.end = position + 1;
        return false;
      }
      if (c !== COMMA) return this.#fail();
      position = skipSpace(text, position + 1);
    } else {
      this.#begun = true;
      position = skipSpace(text, this.end + 1);
      if (text[position] === CLOSE_BRACE) {
        this.end = position + 1;
        return false;
      }
    }
    if (text[position] !== QUOTE) return this.#fail();
    this.#keyStart = ++position;
    for (;;) {
      const c = text[position];
      if (c === QUOTE) break;
      if (c === BACKSLASH || c === undefined || c < 32) return this.#fail();
      position++;
    }
    this.#keyEnd = position;
    position = skipSpace(text, position + 1);
    if (text[position] !== COLON) return this.#fail();
    this.start = skipSpace(text, position + 1);
    return true;
  }

  /** Whether the current member has this name, given as UTF-8. */
  isKey(name: Uint8Array): boolean {
    const length = name.length;
    if (this.#keyEnd - this.#keyStart !== length) return false;
    for (let i = 0; i < length; i++) if (this.#text[this.#keyStart + i] !== name[i]) return false;
    return true;
  }

  /** Whether the current value is this string, given with its quotes as UTF-8; passes over it then. */
  skipIf(string: Uint8Array): boolean {
    const { start } = this;
    const length = string.length;
    for (let i = 0; i < length; i++) if (this.#text[start + i] !== string[i]) return false;
    this.end = start + length;
    return true;
  }

  /** Passes over the current member's value. */
  skip(): void {
    this.end = skipValue(this.#text, this.start);
    if (this.end < 0) this.odd = true;
  }

  /** The current value, a string without escapes, or '' for null. Marks odd what it can not tell. */
  stringValue(): string {
    this.skip();
    if (this.odd) return '';
    const text = this.#text;
    if (text[this.start] !== QUOTE) {
      if (text.toString('latin1', this.start, this.end) !== 'null') this.odd = true;
      return '';
    }
    const end = this.end - 1;
    for (let i = this.start + 1; i < end; i++) {
      const c = text[i] ?? 0;
      if (c === BACKSLASH || c < 32) {
        this.odd = true;
        return '';
      }
    }
    return text.toString('utf8', this.start + 1, end);
  }

  #fail(): false {
    this.odd = true;
    return false;
  }
}
