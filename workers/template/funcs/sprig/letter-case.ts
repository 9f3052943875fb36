/**
 * sprig's case changes: Go's own upper, lower and title, goutils' swapcase and untitle, xstrings' snake, kebab and camel case.
 */
import type { GoFunc } from '../../func.ts';
import { isAscii, runes } from '../../gostring.ts';
import { fn1, text } from '../signature.ts';
import {
  isDigitRune,
  isLetterRune,
  isLowerRune,
  isNumberRune,
  isPunctRune,
  isSpaceRune,
  isTitleRune,
  isUpperRune,
  toLowerRune,
  toTitleRune,
  toUpperRune,
} from './unicode.ts';

function textOf(codes: readonly number[], change: (code: number) => number = (code) => code): string {
  let out = '';
  for (const code of codes) out += String.fromCodePoint(change(code));
  return out;
}

function mapRunes(value: string, change: (code: number) => number): string {
  return textOf(runes(value), change);
}

/** strings.ToUpper: letter by letter, so `ß` stays. */
export function toUpper(value: string): string {
  return isAscii(value) ? value.toUpperCase() : mapRunes(value, toUpperRune);
}

/** strings.ToLower. */
export function toLower(value: string): string {
  return isAscii(value) ? value.toLowerCase() : mapRunes(value, toLowerRune);
}

/** What strings.Title takes for the end of a word: in ASCII all but letters, digits and `_`, beyond it white space alone. */
function isTitleSeparator(code: number): boolean {
  if (code < 0x80) return !/[0-9A-Za-z_]/.test(String.fromCharCode(code));
  return !isLetterRune(code) && !isDigitRune(code) && isSpaceRune(code);
}

function title(value: string): string {
  let previous = 0x20;
  return mapRunes(value, (code) => {
    const changed = isTitleSeparator(previous) ? toTitleRune(code) : code;
    previous = code;
    return changed;
  });
}

function untitle(value: string): string {
  let atStart = true;
  return mapRunes(value, (code) => {
    if (isSpaceRune(code)) {
      atStart = true;
      return code;
    }
    if (!atStart) return code;
    atStart = false;
    return toLowerRune(code);
  });
}

function swapCase(value: string): string {
  let atStart = true;
  return mapRunes(value, (code) => {
    if (isUpperRune(code) || isTitleRune(code)) {
      atStart = false;
      return toLowerRune(code);
    }
    if (!isLowerRune(code)) {
      atStart = isSpaceRune(code);
      return code;
    }
    if (!atStart) return toUpperRune(code);
    atStart = false;
    return toTitleRune(code);
  });
}

function isConnector(code: number): boolean {
  return code === 0x2d || code === 0x5f || isSpaceRune(code);
}

/** A letter of a script with cases and words, unlike Han. */
function isAlphabet(code: number): boolean {
  if (!isLetterRune(code)) return false;
  if (code < 0x3400) return true;
  return !(
    (code >= 0x4e00 && code <= 0x9fcc) ||
    (code >= 0x3400 && code <= 0x4d85) ||
    (code >= 0x20000 && code <= 0x2b81d)
  );
}

type WordKind = 'number' | 'upper' | 'alphabet' | 'connector' | 'punct' | 'other';

interface Word {
  readonly kind: WordKind;
  readonly text: string;
}

/**
 * A letter with the broken bytes before it, which belong to the same word. Broken bytes at the end count as the letter before
 * them.
 */
interface Cell {
  readonly code: number;
  readonly text: string;
}

const REPLACEMENT = 0xfffd;

function splitCells(value: string): Cell[] {
  const cells: Cell[] = [];
  let broken = '';
  for (const letter of value) {
    const [code = REPLACEMENT] = runes(letter);
    broken += letter;
    if (code === REPLACEMENT) continue;
    cells.push({ code, text: broken });
    broken = '';
  }
  const last = cells.at(-1);
  if (broken !== '' && last !== undefined) cells.push({ code: last.code, text: broken });
  return cells;
}

function isLowerAlphabet(code: number): boolean {
  return isAlphabet(code) && !isUpperRune(code);
}

function isOther(code: number): boolean {
  return !isConnector(code) && !isAlphabet(code) && !isNumberRune(code) && !isPunctRune(code);
}

function kindOfRune(code: number): WordKind {
  if (isConnector(code)) return 'connector';
  if (isPunctRune(code)) return 'punct';
  if (isUpperRune(code)) return 'upper';
  if (isAlphabet(code)) return 'alphabet';
  return isNumberRune(code) ? 'number' : 'other';
}

const CONTINUES: Readonly<Record<Exclude<WordKind, 'upper'>, (code: number) => boolean>> = {
  connector: isConnector,
  punct: isPunctRune,
  alphabet: isLowerAlphabet,
  number: isNumberRune,
  other: isOther,
};

function skipWhile(codes: readonly number[], start: number, matches: (code: number) => boolean): number {
  let end = start;
  while (end < codes.length && matches(codes[end] ?? 0)) end++;
  return end;
}

/** The end of a word that starts with an upper-case letter: `First`, or all of `HTTP` in `HTTPStatus`. */
function upperWordEnd(codes: readonly number[], start: number): number {
  const next = codes[start + 1];
  if (next === undefined || !isAlphabet(next)) return start + 1;
  if (!isUpperRune(next)) return skipWhile(codes, start + 1, isLowerAlphabet);
  const end = skipWhile(codes, start + 1, isUpperRune);
  const after = codes[end];
  return after !== undefined && isAlphabet(after) ? end - 1 : end;
}

function splitWords(value: string): Word[] {
  const cells = splitCells(value);
  const codes = cells.map(({ code }) => code);
  const words: Word[] = [];
  for (let start = 0; start < codes.length; ) {
    const kind = kindOfRune(codes[start] ?? 0);
    const end = kind === 'upper' ? upperWordEnd(codes, start) : skipWhile(codes, start + 1, CONTINUES[kind]);
    const text = cells
      .slice(start, end)
      .map((cell) => cell.text)
      .join('');
    words.push({ kind, text });
    start = end;
  }
  return words;
}

/**
 * snake_case and kebab-case: words in lower case, one connector between two of them. Digits go with the letters before them,
 * unless letters follow (`http2xx` is `http_2xx`).
 */
function connectWords(value: string, connector: string): string {
  const words = splitWords(value);
  // Nothing but broken bytes.
  if (words.length === 0) return value;
  const connectorCode = connector.charCodeAt(0);
  let out = '';
  let index = 0;

  function write(): void {
    const word = words[index];
    if (word === undefined) return;
    index++;
    const changes = word.kind === 'connector' || word.kind === 'upper';
    out += changes ? mapRunes(word.text, (code) => (isConnector(code) ? connectorCode : toLowerRune(code))) : word.text;
  }
  function next(): WordKind | undefined {
    return words[index]?.kind;
  }
  function writeLettersAndDigits(): void {
    while (next() === 'alphabet' || next() === 'number') write();
  }
  function separate(): void {
    const kind = next();
    if (kind !== undefined && kind !== 'connector' && kind !== 'punct') out += connector;
  }

  while (index < words.length - 1) {
    const kind = next();
    write();
    if (kind === 'connector' || kind === 'punct') continue;
    if (kind === 'number') {
      writeLettersAndDigits();
      separate();
    } else if (next() !== 'number') {
      separate();
    } else if (index < words.length - 1) {
      if (words[index + 1]?.kind === 'alphabet') {
        out += connector;
        write();
        writeLettersAndDigits();
      } else {
        write();
      }
      separate();
    }
  }
  write();
  return out;
}

/**
 * xstrings' ToPascalCase: connectors between words go, the letter after them becomes upper case; leading ones stay. Capitals that follow a
 * word's first become lower case, which they did not in sprig 3.2 (`lowersCapitals`).
 */
function pascalCase(value: string, lowersCapitals: boolean): string {
  const codes = runes(value);
  const start = skipWhile(codes, 0, isConnector);
  let out = textOf(codes.slice(0, start));
  const firstCode = codes[start];
  // A text of connectors alone gets its last one twice, as xstrings has it.
  if (firstCode === undefined) return out + textOf(codes.slice(-1));
  let pending = toUpperRune(firstCode);
  let lowering = lowersCapitals && isUpperRune(firstCode);
  for (const code of codes.slice(start + 1)) {
    const previous = pending;
    pending = code;
    if (isConnector(previous)) {
      if (isConnector(code)) {
        out += String.fromCodePoint(previous);
      } else {
        lowering = lowersCapitals && isUpperRune(code);
        pending = toUpperRune(code);
      }
      continue;
    }
    if (lowering && isUpperRune(code)) pending = toLowerRune(code);
    else lowering = false;
    out += String.fromCodePoint(previous);
  }
  return out + String.fromCodePoint(pending);
}

export const letterCaseFuncs: readonly (readonly [string, GoFunc])[] = [
  ['upper', fn1(text, toUpper)],
  ['lower', fn1(text, toLower)],
  ['title', fn1(text, title)],
  ['untitle', fn1(text, untitle)],
  ['swapcase', fn1(text, swapCase)],
  ['snakecase', fn1(text, (value) => connectWords(value, '_'))],
  ['kebabcase', fn1(text, (value) => connectWords(value, '-'))],
  ['camelcase', fn1(text, (value) => pascalCase(value, true))],
];

/** `camelcase` of sprig 3.2. */
export const camelCaseOfSprig32: GoFunc = fn1(text, (value) => pascalCase(value, false));
