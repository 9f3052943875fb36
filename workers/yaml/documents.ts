import type { JsonValue } from '../template/value.ts';
import { YamlError } from './error.ts';
import { MAX_YAML_DOCUMENTS } from './limits.ts';
import { parseYaml } from './parse.ts';

/** A document's place in a stream: `text.slice(start, end)` is what it was written as, line breaks and comments included. */
export interface YamlDocumentText {
  readonly start: number;
  readonly end: number;
  /** 1-based line of `start`. */
  readonly line: number;
  /** The document as upstream hands it to its parser: the slice, ending with a line break. */
  readonly text: string;
}

export interface YamlDocument {
  /** Null for a document that holds nothing but comments. */
  readonly value: JsonValue;
  readonly line: number;
  readonly start: number;
  readonly end: number;
}

const SEPARATOR = '---';

/**
 * Splits a stream into documents as k8s.io/apimachinery's YAMLReader does, which kubectl and istioctl use: by lines that begin with
 * `---`, whatever they stand in. The separators belong to no document, but one at the very start of a document does. Nothing but
 * blanks and a comment may follow on their line.
 *
 * Throws YamlError: YAML_SYNTAX for such a line, YAML_LIMIT for too many documents.
 */
export function splitYamlDocuments(text: string): YamlDocumentText[] {
  const documents: YamlDocumentText[] = [];
  let start = 0;
  let startLine = 1;
  let line = 1;
  const finish = (end: number): void => {
    if (documents.length === MAX_YAML_DOCUMENTS) {
      throw new YamlError('YAML_LIMIT', `more than ${MAX_YAML_DOCUMENTS} documents`, line);
    }
    const slice = text.slice(start, end);
    documents.push({ start, end, line: startLine, text: slice.endsWith('\n') ? slice : `${slice}\n` });
  };
  for (let pos = 0; pos < text.length; line++) {
    const lineBreak = text.indexOf('\n', pos);
    const next = lineBreak < 0 ? text.length : lineBreak + 1;
    if (text.startsWith(SEPARATOR, pos)) {
      const rest = text.slice(pos + SEPARATOR.length, next).trim();
      if (rest !== '' && !rest.startsWith('#')) {
        throw new YamlError('YAML_SYNTAX', `invalid document separator: ${rest}`, line, SEPARATOR.length + 1);
      }
      if (pos > start) {
        finish(pos);
        start = next;
        startLine = line + 1;
      }
    }
    pos = next;
  }
  if (text.length > start) finish(text.length);
  return documents;
}

/**
 * Reads all documents of a stream. Lines and columns of errors are those of the stream. Throws YamlError as splitYamlDocuments and
 * parseYaml do, for the first document that is wrong; who wants the problems of all documents splits first.
 */
export function parseYamlDocuments(text: string): YamlDocument[] {
  return splitYamlDocuments(text).map((document) => {
    const { line, start, end } = document;
    return { value: parseDocument(document), line, start, end };
  });
}

/** Reads one document of a stream; errors carry the stream's lines. Throws YamlError. */
export function parseDocument(document: YamlDocumentText): JsonValue {
  try {
    return parseYaml(document.text);
  } catch (error) {
    if (!(error instanceof YamlError) || error.line === 0) throw error;
    throw new YamlError(error.code, error.problem, error.line + document.line - 1, error.column);
  }
}
