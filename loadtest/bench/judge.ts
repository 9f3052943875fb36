/** Whether a measurement is good enough. */
import type { Section } from './figures.ts';

/**
 * Says what is wrong with a comparison whose ratios to the yardstick have to be at least `floor`; null when nothing is. One of them
 * suffices: each has its own noise, and a real loss shows in both.
 */
export function judge({ figures, errors }: Section, floor: number): string | null {
  if (errors > 0) return `${errors} answers were not 200`;
  const ratios = figures.filter(({ name }) => name.includes(' to yardstick')).map(({ summary }) => summary.median);
  if (ratios.length === 0) return 'nothing was compared with the yardstick';
  if (ratios.some((ratio) => ratio >= floor)) return null;
  const all = ratios.map((ratio) => ratio.toFixed(3)).join(' and ');
  return `the gateway has become slow: ${all} of the yardstick, and at least ${floor.toFixed(3)} is expected (docs/benchmarks.md)`;
}
