#!/usr/bin/env node
// Starts the command line on a Node that can run it. Plain JavaScript that old versions of Node understand, so that they get to say
// what is missing instead of failing over syntax.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism, constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [major, minor] = process.versions.node.split('.').map(Number);

/**
 * How a gateway keeps its memory small, which can only be said before Node starts. V8 lets the young generation of a busy main thread grow
 * to 128 MB, and 4 do as well (two halves; as much again waits with it of what requests brought); it is asked for a collection when the
 * start is over (workers/garbage.ts); and so little of a request lives that helpers cost a collection of the young generation more than
 * they take off it. glibc gives threads heaps of their own, up to eight for each core, and keeps most of what they once held.
 */
const YOUNG_GENERATION = '--max-semi-space-size';
const EXPOSE_GC = '--expose-gc';
/**
 * What Maglev took to compile a function is given back at once: left to a helper that is busy, it added up to 20 MB. A flag of Node 24's V8;
 * Node refuses to start with one that its V8 does not know.
 */
const KEEP_NO_COMPILATIONS = process.versions.v8.startsWith('13.6.') ? ['--no-maglev-destroy-on-background'] : [];
/**
 * V8 collects no young generation while it marks the old one: it lets it grow until the marking is over, and then moves in one pause what
 * is alive of it, 10 to 20 ms of a worker that compiles (docs/adr/0018). Newer V8s do not have the flag that says otherwise.
 */
const SCAVENGE_WHILE_MARKING = Number(process.versions.v8.split('.')[0]) < 14 ? ['--no-separate-gc-phases'] : [];
/**
 * Code of V8's first compiler: three times as large as the bytecode that it is made of, for all that is run a few hundred times, and what
 * matters is compiled anew by the next one soon after.
 */
const NO_FIRST_COMPILER = '--no-sparkplug';
const MEMORY_FLAGS = [
  `${YOUNG_GENERATION}=2`,
  EXPOSE_GC,
  '--no-parallel-scavenge',
  NO_FIRST_COMPILER,
  ...SCAVENGE_WHILE_MARKING,
  ...KEEP_NO_COMPILATIONS,
];
/**
 * V8's helper threads mark and compile for all threads of a process, at the priority of those. Node has four of them on any machine: on two
 * cores they kept requests waiting for three of their turns, 12 ms, whenever a heap was collected. Here they are no more than cores, and one
 * of them at a time marks: two of them kept a worker from both cores.
 */
const HELPERS = '--v8-pool-size';
const ONE_MARKS = '--concurrent-marking-max-worker-num=1';
const MAX_HELPERS = 4;
const MEMORY_ENVIRONMENT = { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '131072' };
/** Commands that stay. */
const GATEWAYS = ['serve', 'start'];

/** What a gateway from source loads its TypeScript with (bin/load-stripped.mjs). */
const LOAD_STRIPPED = pathToFileURL(join(root, 'bin', 'load-stripped.mjs')).href;

if (major > 22 || (major === 22 && minor >= 18)) {
  const source = join(root, 'gateway', 'main.ts');
  const isSource = existsSync(source);
  await becomeFrugal(isSource);
  if (isSource) {
    if (!process.execArgv.includes(LOAD_STRIPPED)) await keepCompiled();
    await import(pathToFileURL(source).href);
  } else await import(pathToFileURL(join(root, 'gateway', 'main.js')).href);
} else {
  const own = join(root, 'node_modules', 'node', 'bin', 'node');
  if (existsSync(own) && process.env.MESHGATE_OWN_NODE !== '1') runOn(own);
  else {
    console.error(`meshgate: needs Node 22.18 or newer; this is ${process.versions.node} [NODE_TOO_OLD]`);
    process.exit(3);
  }
}

/** Starts this process over with what keeps its memory small, where that can be done and nobody has said anything else. */
async function becomeFrugal(isSource) {
  const told = [...process.execArgv, process.env.NODE_OPTIONS ?? ''];
  const isTold = (flag) => told.some((each) => each.includes(flag));
  if (isTold('semi-space-size')) {
    // Where it was us, it was for the main thread. The others have limits of their own, which the flag would override.
    const { setFlagsFromString } = await import('node:v8');
    if (process.execArgv.includes(EXPOSE_GC)) setFlagsFromString(`${YOUNG_GENERATION}=0`);
  } else if (process.execve !== undefined && GATEWAYS.includes(process.argv[2])) {
    const load = isSource && (await keepStripped()) ? ['--import', LOAD_STRIPPED] : [];
    const helpers = Math.min(availableParallelism(), MAX_HELPERS);
    const flags = isTold(HELPERS) ? MEMORY_FLAGS : [...MEMORY_FLAGS, ONE_MARKS, `${HELPERS}=${helpers}`];
    const args = [process.execPath, ...process.execArgv, ...flags, ...load, ...process.argv.slice(1)];
    process.execve(process.execPath, args, { ...MEMORY_ENVIRONMENT, ...process.env });
  }
}

/** Strips types here, in the process that is replaced: what it takes of memory ends with it. False where that can not be done. */
async function keepStripped() {
  try {
    const { stripAll } = await import('./stripped.mjs');
    await stripAll(root);
    return true;
  } catch {
    return false;
  }
}

/** Keeps what becomes of TypeScript files between starts, for worker threads too: half of a start is stripping types and compiling. */
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
