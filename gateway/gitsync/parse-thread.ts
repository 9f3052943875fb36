/** The thread that parses large files: one text, one answer. */
import { parentPort, workerData } from 'node:worker_threads';
import { parseConfigMaps } from './config-maps.ts';
import type { ParseTask } from './parsing.ts';
import { parseYamlDocuments } from './yaml-document.ts';

const { kind, text } = workerData as ParseTask;
if (kind === 'configMaps') {
  parentPort?.postMessage(parseConfigMaps(text));
} else {
  const { documents, problems } = parseYamlDocuments(text);
  const plain = documents.map(({ index, value, position }) => ({ index, value, position }));
  parentPort?.postMessage({ documents: plain, problems });
}
