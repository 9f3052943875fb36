/**
 * Parses YAML without keeping requests waiting: small texts at once, large ones in a thread of their own, which has a limit in time and
 * memory. The parser that knows positions takes about a millisecond for two kilobytes.
 */
import { Worker } from 'node:worker_threads';
import { moduleBeside } from '../module-beside.ts';
import { type ConfigMapFile, parseConfigMaps } from './config-maps.ts';
import { MAX_INLINE_PARSE_LENGTH, PARSE_MEMORY_MB, PARSE_TIMEOUT_MS } from './limits.ts';
import {
  type PlainDocument,
  parseYamlDocuments,
  reviveYamlDocument,
  type YamlDocument,
  type YamlProblem,
} from './yaml-document.ts';

export interface ParseTask {
  readonly kind: 'documents' | 'configMaps';
  readonly text: string;
}

export interface ParsedDocuments {
  readonly documents: readonly YamlDocument[];
  readonly problems: readonly YamlProblem[];
}

/** As parseYamlDocuments, in a thread where that is worth it. Rejects only when the signal says so. */
export async function parseDocumentsAside(text: string, signal: AbortSignal): Promise<ParsedDocuments> {
  if (text.length <= MAX_INLINE_PARSE_LENGTH) return parseYamlDocuments(text);
  const parsed = await runThread<{ documents: readonly PlainDocument[]; problems: readonly YamlProblem[] }>(
    { kind: 'documents', text },
    signal,
  );
  if (parsed === null) return { documents: [], problems: [TOO_MUCH] };
  return { documents: parsed.documents.map((each) => reviveYamlDocument(text, each)), problems: parsed.problems };
}

/** As parseConfigMaps, in a thread where that is worth it. Rejects only when the signal says so. */
export async function parseConfigMapsAside(text: string, signal: AbortSignal): Promise<ConfigMapFile> {
  if (text.length <= MAX_INLINE_PARSE_LENGTH) return parseConfigMaps(text);
  const parsed = await runThread<ConfigMapFile>({ kind: 'configMaps', text }, signal);
  return parsed ?? { configMaps: [], problems: [TOO_MUCH] };
}

const TOO_MUCH: YamlProblem = {
  code: 'YAML_LIMIT',
  message: `the file takes more than ${PARSE_TIMEOUT_MS} ms or ${PARSE_MEMORY_MB} MB to parse`,
  position: { line: 1, column: 1 },
};

/** Null when the thread ran out of time or memory. */
function runThread<T>(task: ParseTask, signal: AbortSignal): Promise<T | null> {
  signal.throwIfAborted();
  const file = moduleBeside(import.meta.url, './parse-thread');
  const worker = new Worker(file, { workerData: task, resourceLimits: { maxOldGenerationSizeMb: PARSE_MEMORY_MB } });
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      void worker.terminate();
      end();
    };
    const onAbort = () => settle(() => reject(signal.reason));
    const timer = setTimeout(() => settle(() => resolve(null)), PARSE_TIMEOUT_MS);
    signal.addEventListener('abort', onAbort, { once: true });
    worker.once('message', (answer: T) => settle(() => resolve(answer)));
    worker.once('error', () => settle(() => resolve(null)));
    worker.once('exit', () => settle(() => resolve(null)));
  });
}
