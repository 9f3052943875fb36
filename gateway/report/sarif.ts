/**
 * SARIF 2.1.0 (OASIS), as GitHub's code scanning reads it: one run, its rules, and a result for each finding. Locations are URIs
 * relative to the working directory.
 */
import { isAbsolute, relative, sep } from 'node:path';
import type { Problem } from '../snapshot.ts';
import type { Findings, RuleText } from './report.ts';

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';

export function sarifReport({ command, version, problems, rules }: Findings): string {
  const used = [...new Set(problems.map(({ code }) => code))];
  const run = {
    tool: {
      driver: {
        name: command,
        semanticVersion: version,
        rules: used.map((code) => ruleOf(code, rules.get(code))),
      },
    },
    columnKind: 'utf16CodeUnits',
    results: problems.map((problem) => resultOf(problem, used.indexOf(problem.code))),
  };
  return `${JSON.stringify({ $schema: SCHEMA, version: '2.1.0', runs: [run] }, null, 2)}\n`;
}

function ruleOf(code: string, rule: RuleText | undefined): object {
  if (rule === undefined) return { id: code };
  const help = `See docs/reference/${rule.page} (${code}).`;
  return {
    id: code,
    shortDescription: { text: rule.sentence },
    help: { text: help },
    defaultConfiguration: { level: rule.severity },
  };
}

function resultOf({ code, severity, message, file, line, column }: Problem, ruleIndex: number): object {
  const region = line === undefined ? {} : { region: { startLine: line, startColumn: column ?? 1 } };
  const locations = file === '' ? [] : [{ physicalLocation: { artifactLocation: { uri: uriOf(file) }, ...region } }];
  return { ruleId: code, ruleIndex, level: severity, message: { text: message }, locations };
}

/** Below the working directory: relative to it; elsewhere: absolute. */
function uriOf(file: string): string {
  const inside = isAbsolute(file) ? relative(process.cwd(), file) : file;
  const encoded = inside.split(sep).map(encodeURIComponent).join('/');
  return inside.startsWith('..') && isAbsolute(file)
    ? `file://${file.split(sep).map(encodeURIComponent).join('/')}`
    : encoded;
}
