/** What a shadow found as lines for people. */
import { summaryText } from '../diff/text.ts';
import type { ShadowStatus } from './shadow.ts';
import type { ShadowSpec } from './shadow-spec.ts';

export function shadowText({ spec, state, gate, dropped, failed, differences }: ShadowStatus): string {
  const { compared, different, notAllowed } = gate;
  const lines = [
    `shadow ${spec.name} (${state}): mesh ${spec.mesh}, ${endsOf(spec)}`,
    `compared ${compared}, different ${different}, of these not allowed ${notAllowed}`,
    ...reasonLines('could not be compared', failed),
    ...reasonLines('of the sample left out', dropped),
  ];
  if (differences === null) lines.push('what was found is lost');
  else {
    lines.push(summaryText(differences.notAllowed).trimEnd());
    if (differences.allowed.differentPods > 0) lines.push(`allowed: ${summaryText(differences.allowed).trimEnd()}`);
  }
  return `${lines.join('\n')}\n`;
}

function endsOf({ from, to, upstream }: ShadowSpec): string {
  const ours = from ?? 'what is answered';
  if (upstream === null) return `${ours} -> ${to}`;
  return `${to ?? ours} -> ${upstream.url}`;
}

function reasonLines(what: string, counts: Readonly<Record<string, number>>): string[] {
  return Object.entries(counts).map(([reason, count]) => `${count} ${what} (${reason})`);
}
