/** An explanation for people. */
import type { Explanation } from './explanation.ts';

/** Several lines: what is explained, each step with what it saw and what follows, the sentence. Ends in a line feed. */
export function explanationText({ subject, mesh, revision, steps, verdict }: Explanation): string {
  const where = mesh === '' ? `revision ${revision}` : `mesh ${mesh}, revision ${revision}`;
  const width = Math.max(0, ...steps.map(({ rule }) => rule.length));
  const lines = steps.map(({ rule, saw, says, effect, code }, index) => {
    const number = `${index + 1}.`.padStart(4);
    const indent = ' '.repeat(number.length + width + 2);
    const end = effect === 'next' ? '' : ` → ${effect}${code === undefined ? '' : ` [${code}]`}`;
    return `${number} ${rule.padEnd(width)} ${saw}\n${indent}${says}${end}`;
  });
  return `${subject} (${where})\n${lines.join('\n')}\n${verdict.sentence}\n`;
}
