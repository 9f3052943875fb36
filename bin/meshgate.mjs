#!/usr/bin/env node
// Starts the command line on a Node that can run it. Plain JavaScript that old versions of Node understand, so that they get to say
// what is missing instead of failing over syntax.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [major, minor] = process.versions.node.split('.').map(Number);

if (major > 22 || (major === 22 && minor >= 18)) {
  await keepCompiled();
  const source = join(root, 'gateway', 'main.ts');
  await import(pathToFileURL(existsSync(source) ? source : join(root, 'gateway', 'main.js')).href);
} else {
  const own = join(root, 'node_modules', 'node', 'bin', 'node');
  if (existsSync(own) && process.env.MESHGATE_OWN_NODE !== '1') runOn(own);
  else {
    console.error(`meshgate: needs Node 22.18 or newer; this is ${process.versions.node} [NODE_TOO_OLD]`);
    process.exit(3);
  }
}

/** Keeps compiled code between starts, that of worker threads too: half of a start is compiling, and types are stripped only once. */
async function keepCompiled() {
  const { enableCompileCache } = await import('node:module');
  const folder = process.env.NODE_COMPILE_CACHE ?? join(root, 'node_modules', '.cache', 'meshgate');
  // Where the folder can not be written, all goes on without it.
  const { directory } = enableCompileCache(folder);
  if (directory !== undefined) process.env.NODE_COMPILE_CACHE = folder;
}

/** Runs this command on another Node, as if it had been called in the first place. */
function runOn(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, MESHGATE_OWN_NODE: '1' },
  });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(
      `meshgate: needs Node 22.18 or newer; this is ${process.versions.node}, and ${node} can not run: ${error.message}`,
    );
    process.exit(3);
  });
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}
