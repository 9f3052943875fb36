/**
 * `npm run bench -- [WHAT…]`: what the gateway does, beside a bare node:https server (yardstick.ts) in the same run on the same Node and
 * core. docs/benchmarks.md says what is measured and how to read it. Exits 1 when an answer was not what it has to be
 * or a limit was crossed, 2 for wrong use.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Section } from './figures.ts';
import { measureBigPods } from './modes/big-pods.ts';
import { measureColdStart } from './modes/cold-start.ts';
import { measureCores } from './modes/cores.ts';
import { measureHandshakes } from './modes/handshakes.ts';
import { measureInProcess } from './modes/in-process.ts';
import { measureLatency } from './modes/latency.ts';
import { measureOverload } from './modes/overload.ts';
import { measureReleases } from './modes/releases.ts';
import { measureRevisions } from './modes/revisions.ts';
import { measureCapacity } from './modes/servers.ts';
import { type BenchOptions, type Mode, parseBenchOptions, USAGE, UsageError } from './options.ts';
import { reportText } from './report.ts';
import { type BenchRun, createRun } from './run.ts';

const MEASURES: Readonly<Record<Mode, (run: BenchRun) => Promise<Section>>> = {
  'in-process': measureInProcess,
  distinct: (run) => measureCapacity(run, 'distinct'),
  storm: (run) => measureCapacity(run, 'storm'),
  cores: measureCores,
  latency: measureLatency,
  overload: measureOverload,
  handshakes: measureHandshakes,
  'big-pods': measureBigPods,
  revisions: measureRevisions,
  releases: measureReleases,
  'cold-start': measureColdStart,
};

async function main(options: BenchOptions): Promise<number> {
  const header = {
    date: new Date().toISOString(),
    node: process.version,
    cpu: cpus()[0]?.model ?? '',
    cores: cpus().length,
  };
  const text = options.json !== '-';
  if (text) console.log(`${header.date}, Node ${header.node}, ${header.cores} × ${header.cpu}`);
  const sections: Section[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'meshgate-bench-'));
  try {
    for (const mode of options.modes) {
      const section = await MEASURES[mode](createRun(options, join(folder, mode)));
      sections.push(section);
      if (text) console.log(`\n${reportText([section])}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const result = `${JSON.stringify({ ...header, options, sections }, null, 2)}\n`;
  if (options.json === '-') process.stdout.write(result);
  else if (options.json !== null) writeFileSync(options.json, result);
  const failed = sections.filter(({ errors }) => errors > 0);
  for (const { mode, errors } of failed) console.error(`${mode}: ${errors} answers were not what they have to be`);
  const failures = sections.flatMap(({ mode, failures = [] }) => failures.map((failure) => `${mode}: ${failure}`));
  for (const failure of failures) console.error(failure);
  return failed.length + failures.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main(parseBenchOptions(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
