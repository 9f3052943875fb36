/**
 * What reading and writing YAML costs: `node loadtest/bench/yaml.ts [OTHER_MODULE…]` parses and marshals a rendered sidecar
 * overlay in a loop and prints microseconds a call, the median of several rounds. Other readers to compare with are named by the
 * path of a module that exports `load` (js-yaml does) or `parse` (yaml does); they take turns with ours in each round.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { marshalYaml } from '../../workers/yaml/marshal.ts';
import { parseYaml } from '../../workers/yaml/parse.ts';

const ROUNDS = 9;
const ROUND_MS = 300;
const CALLS_A_CHECK = 16;

const text = readFileSync(join(import.meta.dirname, 'sidecar-overlay.yaml'), 'utf8');
const value = parseYaml(text);

const candidates = new Map<string, () => unknown>([
  ['meshgate parseYaml', () => parseYaml(text)],
  ['meshgate marshalYaml', () => marshalYaml(value)],
]);
for (const path of process.argv.slice(2)) {
  const module = (await import(pathToFileURL(resolve(path)).href)) as Record<string, (text: string) => unknown>;
  const read = module['load'] ?? module['parse'];
  if (read === undefined) throw new Error(`${path} exports neither load nor parse`);
  candidates.set(path, () => read(text));
}

/** Microseconds a call takes, over one round. */
function measure(call: () => unknown): number {
  const start = performance.now();
  let calls = 0;
  let elapsed = 0;
  while (elapsed < ROUND_MS) {
    for (let i = 0; i < CALLS_A_CHECK; i++) call();
    calls += CALLS_A_CHECK;
    elapsed = performance.now() - start;
  }
  return (elapsed / calls) * 1000;
}

const results = new Map<string, number[]>();
for (let round = 0; round <= ROUNDS; round++) {
  for (const [name, call] of candidates) {
    const microseconds = measure(call);
    // The first round warms up.
    if (round > 0) results.set(name, [...(results.get(name) ?? []), microseconds]);
  }
}
console.log(`Node ${process.version}, ${text.split('\n').length - 1} lines, ${text.length} characters`);
for (const [name, rounds] of results) {
  const sorted = rounds.toSorted((a, b) => a - b);
  console.log(`${name.padEnd(60)}${(sorted[Math.floor(sorted.length / 2)] ?? 0).toFixed(1).padStart(9)} µs`);
}
