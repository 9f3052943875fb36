/**
 * YAML with positions: reads a file's documents as plain values, and tells where in the text a field stands.
 *
 * YAML 1.2 with merge keys: `yes` and `on` stay words, as labels need them; a duplicate key is an error.
 */
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseAllDocuments,
  type Range,
} from 'yaml';
import type { JsonObject, JsonValue } from '../../workers/template/value.ts';
import { MAX_ALIASES, MAX_DOCUMENT_DEPTH, MAX_DOCUMENT_VALUES } from './limits.ts';
import type { Position, ProblemCode } from './problem.ts';

export type FieldPath = readonly (string | number)[];

export interface YamlProblem {
  readonly code: Extract<ProblemCode, 'YAML_SYNTAX' | 'YAML_LIMIT'>;
  readonly message: string;
  readonly position: Position;
}

/** Where a string field's own text stands. */
export interface TextPlace {
  readonly position: Position;
  /** How far the lines of a literal block are indented; null where lines of the text are not lines of the file. */
  readonly indent: number | null;
}

/** A document as plain data, as it crosses from the thread that parses large files. */
export interface PlainDocument {
  /** Its place among the text's documents. */
  readonly index: number;
  readonly value: JsonValue;
  readonly position: Position;
}

export interface YamlDocument extends PlainDocument {
  /** All that the file holds. */
  readonly text: string;
  /** Where a field's value, or its key, begins; where it does not exist, its nearest parent. */
  locate(path: FieldPath, part?: 'value' | 'key'): Position;
  locateText(path: FieldPath): TextPlace;
}

/** Reads all documents of a text; empty ones are left out. Never throws for anything a text can contain. */
export function parseYamlDocuments(text: string): {
  documents: readonly YamlDocument[];
  problems: readonly YamlProblem[];
} {
  const documents: YamlDocument[] = [];
  const problems: YamlProblem[] = [];
  let parsed: ParsedText;
  try {
    parsed = parseText(text);
  } catch (error) {
    return { documents, problems: [tooDeep(error, { line: 1, column: 1 })] };
  }
  for (const [index, document] of parsed.documents.entries()) {
    if (document.errors.length > 0) {
      problems.push(...syntaxProblems(document, parsed));
      continue;
    }
    if (document.contents === null) continue;
    const start = parsed.at(rangeOf(document.contents)?.[0] ?? 0);
    const value = toPlainValue(document, start);
    if (!value.ok) problems.push(value.problem);
    else if (value.value !== null)
      documents.push(locatable(text, { index, value: value.value, position: start }, parsed));
  }
  return { documents, problems };
}

/** A document that was parsed elsewhere; its text is parsed again when a position is asked for. */
export function reviveYamlDocument(text: string, plain: PlainDocument): YamlDocument {
  return locatable(text, plain, null);
}

interface ParsedText {
  readonly documents: readonly Document[];
  readonly at: (offset: number) => Position;
}

function parseText(text: string): ParsedText {
  const lineCounter = new LineCounter();
  const options = { lineCounter, version: '1.2', merge: true, prettyErrors: false, logLevel: 'silent' } as const;
  const documents = [...parseAllDocuments(text, options)];
  const at = (offset: number): Position => {
    const { line, col } = lineCounter.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  return { documents, at };
}

function syntaxProblems(document: Document, { at }: ParsedText): readonly YamlProblem[] {
  // Once the parser runs out of stack it says so for every level it had open.
  const overflow = document.errors.find((error) => isStackOverflow(error));
  if (overflow !== undefined) return [tooDeep(overflow, at(overflow.pos[0]))];
  return document.errors.map(({ message, pos }) => ({ code: 'YAML_SYNTAX', message, position: at(pos[0]) }));
}

/**
 * Documents are kept as long as their snapshot, and a syntax tree weighs some fifty times its text: it is held weakly, and made again
 * from the text when a position is asked for later.
 */
function locatable(text: string, plain: PlainDocument, parsed: ParsedText | null): YamlDocument {
  const { index, position: start } = plain;
  let held = parsed === null ? null : new WeakRef(parsed);
  const tree = (): ParsedText => {
    const there = held?.deref();
    if (there !== undefined) return there;
    const again = parseText(text);
    held = new WeakRef(again);
    return again;
  };
  const findIn = ({ documents }: ParsedText, path: FieldPath) => {
    const document = documents[index];
    return document === undefined ? NOTHING : find(document, path);
  };
  return {
    ...plain,
    text,
    locate(path, part = 'value') {
      const there = tree();
      const found = findIn(there, path);
      const chosen = part === 'key' ? (found.key ?? found.value) : (found.value ?? found.key);
      const offset = rangeOf(chosen)?.[0];
      return offset === undefined ? start : there.at(offset);
    },
    locateText(path) {
      const there = tree();
      const node = findIn(there, path).value;
      const offset = rangeOf(node)?.[0];
      const position = offset === undefined ? start : there.at(offset);
      if (!isScalar(node) || node.type !== 'BLOCK_LITERAL') return { position, indent: null };
      // A block's text begins on the line after its `|`.
      return { position: { line: position.line + 1, column: 1 }, indent: indentFrom(text, offset ?? 0) };
    },
  };
}

/** The indentation of the first line after an offset that is not blank. */
function indentFrom(text: string, offset: number): number {
  const line = /\n( *)[^\s]/.exec(text.slice(text.indexOf('\n', offset)));
  return line?.[1]?.length ?? 0;
}

const NOTHING: Found = { key: null, value: null };

interface Found {
  readonly key: unknown;
  readonly value: unknown;
}

/** The key and value nodes at a path; where a part of it is missing, those of the last that exists. */
function find(document: Document, path: FieldPath): Found {
  let found: Found = { key: null, value: document.contents };
  for (const part of path) {
    const node = isAlias(found.value) ? found.value.resolve(document) : found.value;
    if (isSeq(node) && typeof part === 'number' && part < node.items.length) {
      found = { key: null, value: node.items[part] };
    } else if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && keyText(item.key) === String(part));
      if (pair === undefined) return found;
      found = { key: pair.key, value: pair.value };
    } else {
      return found;
    }
  }
  return found;
}

function keyText(key: unknown): string | null {
  return isScalar(key) ? String(key.value) : null;
}

function rangeOf(node: unknown): Range | null {
  return isNode(node) ? ((node as ParsedNode).range ?? null) : null;
}

type PlainValue =
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly problem: YamlProblem };

function toPlainValue(document: Document, start: Position): PlainValue {
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    // The package counts aliases and stops there; anything else it throws is an alias to nothing.
    const bomb = error instanceof ReferenceError && error.message.startsWith('Excessive alias');
    const message = bomb ? `aliases expand the document too far (limit ${MAX_ALIASES})` : errorText(error);
    return { ok: false, problem: { code: bomb ? 'YAML_LIMIT' : 'YAML_SYNTAX', message, position: start } };
  }
  const excess = measure(value);
  if (excess !== null) return { ok: false, problem: { code: 'YAML_LIMIT', message: excess, position: start } };
  return { ok: true, value: value as JsonValue };
}

/** Counts what a value expands to, with a stack of its own: an alias may make it deep, wide or a circle. */
function measure(value: unknown): string | null {
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value, depth: 0 }];
  let count = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    count += 1;
    if (count > MAX_DOCUMENT_VALUES) return `the document has more than ${MAX_DOCUMENT_VALUES} values`;
    if (typeof next.value !== 'object' || next.value === null) continue;
    if (next.depth >= MAX_DOCUMENT_DEPTH) return `the document is nested deeper than ${MAX_DOCUMENT_DEPTH} levels`;
    for (const child of Object.values(next.value)) open.push({ value: child, depth: next.depth + 1 });
  }
  return null;
}

function isStackOverflow(error: Error): boolean {
  return error.message.includes('call stack');
}

function tooDeep(error: unknown, position: Position): YamlProblem {
  const overflow = error instanceof Error && isStackOverflow(error);
  const message = overflow ? `the document is nested deeper than ${MAX_DOCUMENT_DEPTH} levels` : errorText(error);
  return { code: overflow ? 'YAML_LIMIT' : 'YAML_SYNTAX', message, position };
}

function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Narrows a document's value to a mapping. */
export function isMapping(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
