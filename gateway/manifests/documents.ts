/**
 * A file of Kubernetes resources as kubectl and istioctl read it: documents between lines of `---`, each YAML or JSON.
 */
import type { JsonObject, JsonValue } from '../../workers/template/value.ts';
import { YamlError } from '../../workers/yaml/error.ts';
import { parseYaml } from '../../workers/yaml/parse.ts';

/** Documents in a file. */
export const MAX_DOCUMENTS = 20_000;

const SEPARATOR = '---';

/** A file that is not made of resources. `line` is 1-based, 0 where the problem has no place. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
  readonly code = 'MANIFEST_INVALID';
  readonly line: number;
  constructor(message: string, line = 0) {
    super(line > 0 ? `line ${line}: ${message}` : message);
    this.line = line;
  }
}

export interface ManifestDocument {
  /** As it stands in the file, ending in a line feed; a separator in front of the first document belongs to it. */
  readonly text: string;
  /** Line of the file where `text` begins, from 1. */
  readonly line: number;
}

/**
 * Splits a file. A separator is a line that begins with `---`, with nothing but a comment behind it. Lines may end in CR LF. Throws
 * ManifestError for another line that begins so, and for more than MAX_DOCUMENTS documents.
 */
export function splitDocuments(text: string): ManifestDocument[] {
  const documents: ManifestDocument[] = [];
  let begin = 0;
  let beginLine = 1;
  let line = 1;
  for (let at = 0; at < text.length; line++) {
    const feed = text.indexOf('\n', at);
    const next = feed < 0 ? text.length : feed + 1;
    if (text.startsWith(SEPARATOR, at)) {
      const rest = text.slice(at + SEPARATOR.length, next).trim();
      if (rest !== '' && !rest.startsWith('#')) throw new ManifestError('only a comment may stand behind ---', line);
      // In front of the first document, and after another separator, the line belongs to what follows, as for istioctl.
      if (at > begin) {
        documents.push({ text: text.slice(begin, at), line: beginLine });
        if (documents.length >= MAX_DOCUMENTS) throw new ManifestError(`more than ${MAX_DOCUMENTS} documents`, line);
        begin = next;
        beginLine = line + 1;
      }
    }
    at = next;
  }
  if (begin < text.length) {
    const last = text.slice(begin);
    documents.push({ text: last.endsWith('\n') ? last : `${last}\n`, line: beginLine });
  }
  return documents;
}

/** Whether a text is JSON, by its first character. */
export function isJsonText(text: string): boolean {
  return /^\s*[[{]/.test(text);
}

/** The resource of a document; null where it holds none (only comments, a list, text). Throws ManifestError with the place in the file. */
export function parseDocument({ text, line }: ManifestDocument): JsonObject | null {
  let value: JsonValue;
  try {
    value = parseYaml(text);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw new ManifestError(error.message.replace(/^yaml: (?:line \d+: )?/, ''), line + Math.max(error.line, 1) - 1);
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
}
