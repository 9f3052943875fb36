/**
 * JUnit's XML as GitLab and Jenkins read it: a test for each file without problems, and a failed one for each problem. Warnings are
 * no failures: they stand in the test's system-out.
 */
import type { Problem } from '../snapshot.ts';
import type { Findings } from './report.ts';

export function junitReport({ command, problems, files }: Findings): string {
  const byFile = Map.groupBy(problems, ({ file }) => file);
  const names = [...new Set([...files, ...byFile.keys()])];
  const suites = names.map((file) => suiteOf(file, byFile.get(file) ?? []));
  const tests = suites.reduce((sum, suite) => sum + suite.tests, 0);
  const failures = suites.reduce((sum, suite) => sum + suite.failures, 0);
  const head = `<testsuites name="${escapeXml(command)}" tests="${tests}" failures="${failures}" errors="0">`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${head}\n${suites.map(({ xml }) => xml).join('')}</testsuites>\n`;
}

interface Suite {
  readonly xml: string;
  readonly tests: number;
  readonly failures: number;
}

function suiteOf(file: string, problems: readonly Problem[]): Suite {
  const name = escapeXml(file === '' ? 'source' : file);
  const failures = problems.filter(({ severity }) => severity === 'error').length;
  const tests = Math.max(1, problems.length);
  const cases =
    problems.length === 0
      ? [`    <testcase classname="${name}" name="no problems"/>\n`]
      : problems.map((problem) => caseOf(name, problem));
  const head = `  <testsuite name="${name}" tests="${tests}" failures="${failures}" errors="0" skipped="0">`;
  return { xml: `${head}\n${cases.join('')}  </testsuite>\n`, tests, failures };
}

function caseOf(classname: string, { code, severity, message, file, line, column }: Problem): string {
  const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`;
  const at = line === undefined ? '' : ` line="${line}"`;
  const name = escapeXml(`${code}${line === undefined ? '' : ` at ${line}:${column ?? 1}`}`);
  const text = escapeXml(`${place}: ${message}`);
  const inner =
    severity === 'error'
      ? `<failure type="${escapeXml(code)}" message="${escapeXml(message)}">${text}</failure>`
      : `<system-out>${text}</system-out>`;
  return `    <testcase classname="${classname}" name="${name}"${at}>${inner}</testcase>\n`;
}

/** For text and attributes; what XML 1.0 can not hold at all becomes U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replace(/[\t\n\r]/g, (space) => `&#${space.charCodeAt(0)};`);
}
