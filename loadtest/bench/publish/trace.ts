/** What the slowest requests of a window waited for: the spans of the gateway's threads that fell into their time. */
import { readFileSync } from 'node:fs';
import type { Answered } from './requests.ts';
import type { Span } from './trace-probe.ts';

/** Requests of which it is told. */
const TOLD_MS = 10;

/** Lines of text; times are in ms from when the request was sent. */
export function describeSlow(requests: readonly Answered[], file: string): string[] {
  const slow = requests.filter(({ durationMs }) => durationMs >= TOLD_MS);
  if (slow.length === 0) return [];
  const spans = readSpans(file);
  return slow.flatMap(({ sentAtMs, durationMs }) => {
    const within = spans.filter(({ fromMs, toMs }) => toMs >= sentAtMs && fromMs <= sentAtMs + durationMs);
    return [
      `      a request of ${durationMs.toFixed(1)} ms`,
      ...within.toSorted((a, b) => a.fromMs - b.fromMs).map((span) => `        ${describe(span, sentAtMs)}`),
    ];
  });
}

function readSpans(file: string): Span[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Span);
}

function describe({ thread, what, fromMs, toMs, cpuMs, collections = [] }: Span, originMs: number): string {
  const time = `${(fromMs - originMs).toFixed(1)} to ${(toMs - originMs).toFixed(1)}`;
  const cpu = cpuMs === undefined ? '' : `, CPU ${cpuMs.toFixed(1)}`;
  const collected = collections.map(([kind, lengthMs]) => `, ${kind} ${lengthMs.toFixed(1)}`).join('');
  return `${thread.padEnd(9)} ${what.padEnd(9)} ${time}${cpu}${collected}`;
}
