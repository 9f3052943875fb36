/** A replay as lines for people. */
import { counted, endText, summaryText } from '../diff/text.ts';
import type { MeshReplayReport, ReplayedEnd } from './mesh-replay.ts';
import type { OutcomeCount } from './outcome-counts.ts';

export function replayText({ mesh, reviews, replayed, recorded, against }: MeshReplayReport): string {
  const lines = [
    `mesh ${mesh}: ${counted(reviews, 'review')} through ${endText(replayed, true)}`,
    ...endLines(replayed),
  ];
  if (recorded.reviews > 0) {
    lines.push(`  ${recorded.otherOutcome} of ${counted(recorded.reviews, 'recorded outcome')} would be another one`);
  }
  if (against !== null) {
    lines.push(
      `against ${endText(against.end, true)}`,
      ...endLines(against.end),
      summaryText(against.differences).trimEnd(),
    );
  }
  return `${lines.join('\n')}\n`;
}

const WORDS: Readonly<Record<OutcomeCount['kind'], string>> = {
  patched: 'injected',
  skipped: 'skipped',
  denied: 'denied',
  failed: 'failed',
};

function endLines({ outcomes, timing }: ReplayedEnd): string[] {
  const counts = outcomes.map(({ kind, reason, count, message, examples }) => {
    const [example] = examples;
    const why = reason === '' ? '' : ` (${reason})`;
    const details = kind === 'denied' || kind === 'failed' ? `, example ${example}: ${message}` : '';
    return `  ${count} ${WORDS[kind]}${why}${details}`;
  });
  return [...counts, `  ${timing.p50Ms} ms an injection (p50), ${timing.p99Ms} ms (p99)`];
}
