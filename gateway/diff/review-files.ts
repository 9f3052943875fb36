/** Files of reviews: AdmissionReviews as JSON, one a line or one a file, and manifests of pods and workloads. */
import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { isJsonObject, type JsonValue } from '../../workers/template/value.ts';
import { readSubjects, type Subject } from '../explain/subjects.ts';
import { ManifestError } from '../manifests/documents.ts';

/** Files below the folders that are named. */
export const MAX_FILES = 10_000;
/** Folders within folders. */
const MAX_FOLDER_DEPTH = 32;

const LINES: ReadonlySet<string> = new Set(['.ndjson', '.jsonl']);
const EXTENSIONS: ReadonlySet<string> = new Set([...LINES, '.json', '.yaml', '.yml']);

/**
 * The files that `names` stand for: a file is itself, a folder all files of a known kind below it, in the order of their names. Links
 * within folders are not followed, names that begin with a dot are left out. Rejects as fs does, and with RangeError beyond MAX_FILES.
 */
export async function listReviewFiles(names: readonly string[]): Promise<readonly string[]> {
  const files: string[] = [];
  const visit = async (folder: string, depth: number): Promise<void> => {
    if (depth > MAX_FOLDER_DEPTH) throw new RangeError(`${folder} lies deeper than ${MAX_FOLDER_DEPTH} folders`);
    const entries = await readdir(folder, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name.startsWith('.')) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) await visit(path, depth + 1);
      else if (entry.isFile() && EXTENSIONS.has(extname(path).toLowerCase())) add(path);
    }
  };
  const add = (file: string): void => {
    if (files.length >= MAX_FILES) throw new RangeError(`there are more than ${MAX_FILES} files`);
    files.push(file);
  };
  for (const name of names) {
    if ((await stat(name)).isDirectory()) await visit(name, 0);
    else add(name);
  }
  return files;
}

/**
 * What a file asks, one by one; resources without pods are passed over. `fallback`: namespace of those that name none. Throws
 * ManifestError.
 */
export function* readReviews(file: string, text: string, fallback: string): Generator<Pick<Subject, 'review'>> {
  if (!LINES.has(extname(file).toLowerCase())) {
    yield* readSubjects(text, fallback);
    return;
  }
  let number = 0;
  for (const line of text.split('\n')) {
    number++;
    if (line.trim() === '') continue;
    if (isReview(line)) {
      yield { review: line };
      continue;
    }
    try {
      yield* readSubjects(line, fallback);
    } catch (error) {
      if (error instanceof ManifestError) throw new ManifestError(error.message.replace(/^line \d+: /, ''), number);
      throw error;
    }
  }
}

/** Whether a line is an AdmissionReview in JSON: such a line needs no slower reader, and goes on as it is. */
function isReview(line: string): boolean {
  try {
    const value = JSON.parse(line) as JsonValue;
    return isJsonObject(value) && value['kind'] === 'AdmissionReview';
  } catch {
    return false;
  }
}
