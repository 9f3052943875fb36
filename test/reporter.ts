/**
 * Reporter for node:test: prints each failed or skipped test with its error and one line a file, and writes the counts as JSON to
 * the file named by MESHGATE_TEST_SUMMARY. Suites are not counted, only tests; a test that passes after a failed subtest is not
 * possible with node:test.
 */
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';

export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  const failures: string[] = [];
  for await (const event of source) {
    if (event.type === 'test:stderr' || event.type === 'test:stdout') {
      yield event.data.message;
      continue;
    }
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    const { data } = event;
    if (event.type === 'test:fail') {
      // A suite fails because a test in it failed, or by itself (a hook): the latter has no failed test to stand for it.
      const cause = event.data.details.error;
      const onlySubtests = 'failureType' in cause && cause.failureType === 'subtestsFailed';
      if (onlySubtests) continue;
      failed++;
      const where = data.file === undefined ? '' : relative(process.cwd(), data.file);
      const text = `✗ ${data.name} (${where}${data.line === undefined ? '' : `:${data.line}`})\n${describe(cause)}\n`;
      failures.push(text);
      yield text;
    } else if (data.details.type === 'suite') {
      // Only tests count.
    } else if (data.skip !== undefined) {
      skipped++;
      yield `- skipped: ${data.name}${typeof data.skip === 'string' ? ` (${data.skip})` : ''}\n`;
    } else {
      passed++;
    }
  }
  if (failures.length > 0) yield `\nAll failures again:\n${failures.join('')}`;
  const file = process.env.MESHGATE_TEST_SUMMARY;
  if (file !== undefined) writeFileSync(file, JSON.stringify({ passed, failed, skipped }));
}

function describe(error: Error): string {
  const cause = error.cause instanceof Error ? error.cause : error;
  const text = cause.stack ?? String(cause);
  return text
    .split('\n')
    .slice(0, 30)
    .map((line) => `    ${line}`)
    .join('\n');
}
