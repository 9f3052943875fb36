/** Findings in the forms that people and CI systems read. */
import { Option } from 'commander';
import { formatProblem } from '../gitsync/problem.ts';
import type { Problem } from '../snapshot.ts';
import { junitReport } from './junit.ts';
import { sarifReport } from './sarif.ts';

export const REPORT_FORMATS = ['text', 'json', 'sarif', 'junit'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/** What a code means, for reports that carry the rules with them. */
export interface RuleText {
  readonly severity: 'error' | 'warning';
  readonly sentence: string;
  /** File below docs/reference/ that tells of it. */
  readonly page: string;
}

export interface Findings {
  /** `meshgate lint`. */
  readonly command: string;
  readonly version: string;
  readonly problems: readonly Problem[];
  /** What was looked at: a file without problems is a test that passed. */
  readonly files: readonly string[];
  /** By code; codes that are not in it are reported without a rule. */
  readonly rules: ReadonlyMap<string, RuleText>;
}

export function outputOption(): Option {
  return new Option('-o, --output <format>', 'how to print').choices(REPORT_FORMATS).default('text');
}

/** A report for machines. */
export function machineReport(format: 'sarif' | 'junit', findings: Findings): string {
  return format === 'sarif' ? sarifReport(findings) : junitReport(findings);
}

export function problemLines(problems: readonly Problem[]): string {
  return problems.map((each) => `${formatProblem(each)}\n`).join('');
}
