/**
 * The regression guard of the test command: a short form of `npm run bench -- distinct`. It fails when the gateway does less than half
 * of what docs/benchmarks.md says in comparison with the yardstick, by throughput and by CPU time both; so far below that no noise of
 * a busy machine explains it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judge } from './judge.ts';
import { measureCapacity } from './modes/servers.ts';
import { parseBenchOptions } from './options.ts';
import { reportText } from './report.ts';
import { createRun } from './run.ts';

/** What `distinct` gives on one core, as in docs/benchmarks.md; to be raised with it. */
const DOCUMENTED_RATIO = 0.42;
const TOLERATED_SHARE = 0.5;
/** With starts, the whole takes less than 40 s. */
const WARM = { requests: 5_000, seconds: 4, limitSeconds: 10 };
const PLAN = ['distinct', '--rounds', '5', '--window', '700'];

const folder = mkdtempSync(join(tmpdir(), 'meshgate-guard-'));
try {
  const section = await measureCapacity(createRun(parseBenchOptions(PLAN), folder, WARM), 'distinct');
  console.log(reportText([section]));
  const problem = judge(section, DOCUMENTED_RATIO * TOLERATED_SHARE);
  if (problem !== null) {
    console.error(problem);
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
