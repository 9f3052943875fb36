/**
 * Durations as Go writes them (`time.ParseDuration`): a sign, then numbers with a fraction and a unit each: `1m30s`, `500ms`, `0`.
 */

const UNIT_NS: ReadonlyMap<string, number> = new Map([
  ['ns', 1],
  ['us', 1_000],
  ['µs', 1_000],
  ['μs', 1_000],
  ['ms', 1_000_000],
  ['s', 1_000_000_000],
  ['m', 60_000_000_000],
  ['h', 3_600_000_000_000],
]);
const PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;
/** No duration that anyone means is longer. */
const TEXT_LIMIT = 64;

/** The duration in milliseconds; null when the text is not one. */
export function parseDuration(text: string): number | null {
  if (text.length > TEXT_LIMIT) return null;
  const signed = text.startsWith('-') || text.startsWith('+');
  const sign = text.startsWith('-') ? -1 : 1;
  let position = signed ? 1 : 0;
  if (text.slice(position) === '0') return 0;
  if (position === text.length) return null;
  let total = 0;
  while (position < text.length) {
    PART.lastIndex = position;
    const part = PART.exec(text);
    if (part === null) return null;
    total += Number(part[1]) * (UNIT_NS.get(part[2] ?? '') ?? 0);
    position = PART.lastIndex;
  }
  return (sign * total) / 1_000_000;
}
