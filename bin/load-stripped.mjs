// Loaded before anything else in each thread of a gateway from source (`--import`, which threads and child processes inherit): TypeScript files
// come stripped from a folder. What is not there as it is now, Node strips itself.
import { registerHooks } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readStripped, strippedFolder } from './stripped.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const kept = strippedFolder(root);

registerHooks({
  load(url, context, nextLoad) {
    const source = readStripped(root, kept, url);
    return source === null ? nextLoad(url, context) : { format: 'module', source, shortCircuit: true };
  },
});
