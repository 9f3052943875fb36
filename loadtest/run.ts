/**
 * `npm run loadtest -- SCENARIO [flags]`: runs a k6 scenario against this checkout's gateway or any injector over HTTPS, and writes a
 * report. Exits 1 when a threshold is crossed, 2 for wrong use, 3 when it could not run. See docs/loadtest.md.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Progress } from './k6/progress.ts';
import { measure } from './measure.ts';
import { parseOptions, UsageError, usage } from './options.ts';
import { renderReport } from './report/page.ts';
import { parseRecord, quantile, type RunRecord } from './report/record.ts';

const out = join(import.meta.dirname, 'out');
/** Lines of progress where they can not overwrite each other. */
const LINE_EVERY_SECONDS = 5;

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  if (args.includes('--help')) {
    console.log(usage());
    return 0;
  }
  const options = parseOptions(args);
  const earlier = options.compare === null ? null : readEarlier(options.compare);
  const stopped = new AbortController();
  const stop = (): void => stopped.abort(new Error('stopped'));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  console.log(`${options.name}: ${options.scenario.about}`);
  const record = await measure(options, {
    onStep: (text) => console.log(`  ${text}`),
    onProgress: showProgress,
    signal: stopped.signal,
  });
  const json = options.json ?? join(out, `${options.name}.json`);
  const report = options.report ?? join(out, `${options.name}.html`);
  write(json, `${JSON.stringify(record)}\n`);
  write(report, renderReport(record, earlier));
  conclude(record);
  console.log(`  report: ${pathToFileURL(report).href}\n  figures: ${json}`);
  return record.passed ? 0 : 1;
}

function readEarlier(file: string): RunRecord {
  try {
    return parseRecord(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`--compare ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function showProgress({ atSeconds, totalSeconds, phase, offered, answered, p95Ms, lost }: Progress): void {
  const rate = offered > 0 ? `${phase}: ${offered}/s offered, ` : '';
  const line = `  ${atSeconds}/${totalSeconds} s  ${rate}${answered.toLocaleString('en')} answered, p95 ${p95Ms.toFixed(1)} ms, ${lost} lost`;
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${line}${atSeconds >= totalSeconds ? '\n' : ''}`);
  else if (atSeconds % LINE_EVERY_SECONDS === 0) console.log(line);
}

function conclude({ latency, sample, checks, findings, passed }: RunRecord): void {
  const at = (percent: number): string => `p${percent} ${quantile(latency, percent).toFixed(1)} ms`;
  console.log(
    `  ${latency.count.toLocaleString('en')} answers: ${at(50)}, ${at(99)}, ${at(99.9)}, max ${latency.max.toFixed(1)} ms`,
  );
  for (const finding of findings) console.log(`  ${finding}`);
  for (const problem of sample.problems) console.log(`  wrong: ${problem}`);
  for (const { name, limit, measured, ok } of checks)
    console.log(`  ${ok ? '✓' : '✗'} ${name}: ${measured} (${limit})`);
  console.log(passed ? '  passed' : '  FAILED');
}

try {
  process.exitCode = await main();
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  const isUsage = error instanceof UsageError;
  console.error(isUsage ? `${message}\n\n${usage()}` : message);
  process.exitCode = isUsage ? 2 : 3;
}
