/** Durations as policy files write them: `50ms`, `1.5s`, `1m30s`. */

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
]);

/** Milliseconds of a duration whose form the schema has checked. */
export function parseDurationMs(text: string): number {
  let total = 0;
  for (const [, amount = '0', unit = 'ms'] of text.matchAll(/([0-9.]+)(ms|s|m)/g)) {
    total += Number(amount) * (UNIT_MS.get(unit) ?? 1);
  }
  return total;
}
