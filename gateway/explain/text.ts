/** An explanation for people. */
import type { ExplainedRelease, Explanation } from './explanation.ts';

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

const TOLD: Readonly<Record<ExplainedRelease['told'], string>> = {
  release: 'its own release',
  values: 'its values',
  unknown: 'nothing: it is the newest known',
};

/** What the revisions of explanations do differently from other releases, each revision once. */
export function releasesText(explanations: readonly Explanation[]): string {
  const texts = explanations.flatMap(({ mesh, revision, release }) => {
    if (release === null) return [];
    const name = mesh === '' ? revision : `${revision} of mesh ${mesh}`;
    const names = (on: boolean) => release.switches.filter((each) => each.on === on).map((each) => each.name);
    return [
      `revision ${name} behaves as release ${release.name}, told by ${TOLD[release.told]}`,
      `  does:     ${names(true).join(', ') || 'nothing that not all releases do'}`,
      `  does not: ${names(false).join(', ') || 'nothing is left out'}`,
    ].join('\n');
  });
  return [...new Set(texts)].map((text) => `${text}\n`).join('');
}
