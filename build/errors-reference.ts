/**
 * Writes docs/reference/errors.md from the tables of codes. `node build/errors-reference.ts` writes it; test/errors-reference.test.ts
 * fails when it differs from them.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMAND_CODES } from '../gateway/cli/command-error.ts';
import { COMMAND_ERRORS, REQUEST_ERRORS } from '../gateway/errors.ts';
import { PROBLEM_CODES } from '../gateway/gitsync/problem.ts';
import { REASONS, type Reason } from '../workers/inject/reason.ts';

export const ERRORS_FILE = join(import.meta.dirname, '..', 'docs', 'reference', 'errors.md');

const INTRODUCTION = `<!-- Made from gateway/errors.ts, gateway/cli/command-error.ts, workers/inject/reason.ts and gateway/gitsync/problem.ts by build/errors-reference.ts; do not edit. -->

# Codes

Everything that Meshgate refuses, leaves alone or reports has a code. It stands in \`code\` of an error's body, in
\`response.status.reason\` of an AdmissionReview, in the label \`reason\` of \`meshgate_requests_total\`, and in the log. Match codes, never
sentences: a code keeps its meaning, a sentence may become a better one.

"At fault" says who has to act: \`user\` is the author of the pod, or who started the command; \`policy\` the author of the mesh's
configuration; \`upstream\` who sent the request; \`internal\` Meshgate itself. "Again" says whether the same request may succeed later.
`;

interface Row {
  readonly fault: string;
  readonly retry: boolean;
  readonly status: number;
}

/** The whole reference as Markdown. */
export function errorsReference(): string {
  const reasons = Object.entries<Reason>(REASONS);
  const ofKind = (kind: Reason['kind']): (readonly [string, Row, string])[] => {
    return reasons
      .filter(([, reason]) => reason.kind === kind)
      .map(([code, reason]) => [code, reason, reason.sentence]);
  };
  return [
    INTRODUCTION,
    `## A request that can not be answered by injection

What is wrong with the request itself (at fault: \`upstream\`) is answered with this HTTP status. For the others the mesh's \`onError\`
decides: \`Fail\` denies with HTTP 200 and the status in the review, \`Ignore\` admits with a warning and an audit annotation, \`Defer\` answers
503 so that the webhook's own \`failurePolicy\` decides.

${table([...Object.entries(REQUEST_ERRORS).map(([code, row]) => [code, row, row.message] as const), ...ofKind('failed')])}`,
    `## A pod that is denied

HTTP 200 with \`allowed: false\`; the status is the review's \`status.code\`.

${table(ofKind('denied'))}`,
    `## A pod that is left as it is

| Code | At fault | Meaning |
| --- | --- | --- |
${ofKind('skipped')
  .map(([code, { fault }, text]) => `| \`${code}\` | ${fault} | ${cell(text)} |`)
  .join('\n')}
`,
    `## A command that can not run

The command ends with exit code 2 where it was called wrongly, and 3 where it could not run.

| Code | At fault | Meaning |
| --- | --- | --- |
${Object.entries(COMMAND_ERRORS)
  .map(([code, { fault, message }]) => `| \`${code}\` | ${fault} | ${cell(message)} |`)
  .join('\n')}
`,
    `## A command about files that ends early

\`inject\`, \`uninject\`, \`explain\` and \`import\` say these on stderr.

| Code | Exit code | Meaning |
| --- | --- | --- |
${Object.entries(COMMAND_CODES)
  .map(([code, { exitCode, text }]) => `| \`${code}\` | ${exitCode} | ${cell(text)} |`)
  .join('\n')}
`,
    `## A policy source that does not serve

Reported by \`validate\`, \`/readyz\`, \`/api/v1/status\` and the log; what served before goes on serving.

| Code | Who has to act | Meaning |
| --- | --- | --- |
${Object.entries(PROBLEM_CODES)
  .map(([code, { remedy, text }]) => `| \`${code}\` | ${REMEDIES[remedy]} | ${cell(text)} |`)
  .join('\n')}
`,
  ].join('\n');
}

const REMEDIES = {
  author: 'author of the files',
  operator: 'who runs the gateway',
  retry: 'nobody: it is tried again',
} as const;

function table(rows: readonly (readonly [string, Row, string])[]): string {
  const lines = rows.map(([code, { fault, status, retry }, text]) => {
    return `| \`${code}\` | ${status} | ${fault} | ${retry ? 'yes' : 'no'} | ${cell(text)} |`;
  });
  return `| Code | Status | At fault | Again | Meaning |\n| --- | --- | --- | --- | --- |\n${lines.join('\n')}\n`;
}

function cell(text: string): string {
  const sentence = `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;
  return sentence.replaceAll('|', '\\|');
}

if (import.meta.main) writeFileSync(ERRORS_FILE, errorsReference());
