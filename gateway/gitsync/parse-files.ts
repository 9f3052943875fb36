/** Step parse: the policy documents of a tree, each file read and parsed only when its contents are new. */
import { setImmediate as yieldToEvents } from 'node:timers/promises';
import type { Problem } from '../snapshot.ts';
import { MAX_DOCUMENTS, MAX_POLICY_FILE_BYTES, MAX_REFERENCED_FILE_BYTES, MAX_TOTAL_BYTES } from './limits.ts';
import { isPolicyFileName, type PolicyFile, parsePolicyFile } from './policy-file.ts';
import type { PlacedFile } from './policy-set.ts';
import { problem, sourceError } from './problem.ts';
import { decodeText } from './references.ts';
import type { SchemaCheck } from './schema-check.ts';
import type { SourceTree, TreeFile } from './tree.ts';

export interface ParseOptions {
  readonly check: SchemaCheck;
  readonly signal: AbortSignal;
}

export interface ParsedFiles {
  readonly files: readonly PlacedFile[];
  readonly problems: readonly Problem[];
  readonly cache: ReadonlyMap<string, PolicyFile>;
  /** What was read for this, by the identity of its contents: most of it may be what documents refer to. */
  readonly texts: ReadonlyMap<string, string>;
  readonly parsedCount: number;
}

/** Throws SourceError SOURCE_TOO_LARGE, DOCUMENT_TOO_MANY, or what the tree can not be read for. */
export async function parseFiles(
  tree: SourceTree,
  known: ReadonlyMap<string, PolicyFile>,
  options: ParseOptions,
): Promise<ParsedFiles> {
  const problems: Problem[] = [];
  const candidates = [...tree.files.values()].filter((file) => isPolicyFileName(file.path));
  const readable = candidates.filter((file) => file.bytes <= MAX_REFERENCED_FILE_BYTES);
  for (const file of candidates) {
    if (file.bytes > MAX_REFERENCED_FILE_BYTES) problems.push(tooLarge(tree, file, MAX_REFERENCED_FILE_BYTES));
  }
  const unknown = readable.filter((file) => !known.has(file.id));
  const contents = await readBounded(tree, unknown, options.signal);
  const kept = new Map<string, PolicyFile>();
  const texts = new Map<string, string>();
  const files: PlacedFile[] = [];
  let documents = 0;
  for (const file of readable) {
    const before = kept.get(file.id) ?? known.get(file.id);
    const content = before ?? (await parseOne(tree, file, contents.get(file.path), { ...options, texts, problems }));
    if (content === null) continue;
    options.signal.throwIfAborted();
    kept.set(file.id, content);
    files.push({ path: file.path, content });
    for (const { code, message, position } of content.problems)
      problems.push(problem(code, tree.prefix + file.path, message, position));
    documents += content.documents.length;
  }
  if (documents > MAX_DOCUMENTS) {
    throw sourceError(
      'DOCUMENT_TOO_MANY',
      tree.prefix,
      `the source holds ${documents} policy documents; the limit is ${MAX_DOCUMENTS}`,
    );
  }
  return { files, problems, cache: kept, texts, parsedCount: contents.size };
}

async function parseOne(
  tree: SourceTree,
  file: TreeFile,
  bytes: Buffer | undefined,
  { check, signal, texts, problems }: ParseOptions & { texts: Map<string, string>; problems: Problem[] },
): Promise<PolicyFile | null> {
  const text = decodeText(bytes);
  if (text === null) {
    problems.push(problem('FILE_NOT_TEXT', tree.prefix + file.path, 'the file is not text in UTF-8'));
    return null;
  }
  texts.set(file.id, text);
  // Requests are answered between two files.
  await yieldToEvents();
  return parsePolicyFile(text, check, MAX_POLICY_FILE_BYTES, signal);
}

function tooLarge(tree: SourceTree, file: TreeFile, limit: number): Problem {
  return problem('FILE_TOO_LARGE', tree.prefix + file.path, `the file has ${file.bytes} bytes; the limit is ${limit}`);
}

/** Throws SourceError SOURCE_TOO_LARGE before it reads more than the limit. */
export async function readBounded(
  tree: SourceTree,
  files: readonly TreeFile[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Buffer>> {
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  if (total > MAX_TOTAL_BYTES) {
    throw sourceError(
      'SOURCE_TOO_LARGE',
      tree.prefix,
      `the files to read have ${total} bytes together; the limit is ${MAX_TOTAL_BYTES}`,
    );
  }
  return files.length === 0 ? new Map() : tree.read(files, signal);
}
