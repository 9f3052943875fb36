/**
 * Writes docs/reference/lint.md from the registry of lint rules. `node build/lint-reference.ts` writes it;
 * test/lint-reference.test.ts fails when it differs.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LINT_RULES, type LintRule } from '../gateway/lint/rules.ts';

export const LINT_FILE = join(import.meta.dirname, '..', 'docs', 'reference', 'lint.md');

const FIXES = { always: 'yes', sometimes: 'where it is certain', never: 'no' } as const;

/** The whole page as Markdown. */
export function lintReference(): string {
  const rows = Object.entries<LintRule>(LINT_RULES).map(
    ([code, { severity, fix, sentence }]) =>
      `| \`${code}\` | ${severity} | ${FIXES[fix]} | ${sentence.replaceAll('|', '\\|')} |`,
  );
  return `<!-- Made from gateway/lint/rules.ts by build/lint-reference.ts; do not edit. -->

# Rules of \`meshgate lint\`

Match codes, never sentences. How to run it in CI: [../ci.md](../ci.md).

| Code | Severity | \`--fix\` | Meaning |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}

if (import.meta.main) writeFileSync(LINT_FILE, lintReference());
