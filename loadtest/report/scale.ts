/** From values to places in a plot, and the values to write beside its axis. */

export interface Scale {
  /** Place of a value within the plot's extent; values beyond the ends are put at the ends. */
  place(value: number): number;
  readonly ticks: readonly number[];
}

const TICKS = 5;
const NICE = [1, 2, 2.5, 5, 10];

/** From `low` at place 0 to `high` at `extent`, or to the next tick above it. */
export function linearScale(low: number, high: number, extent: number, end: 'exact' | 'tick' = 'tick'): Scale {
  const span = high > low ? high - low : 1;
  const step = niceStep(span / TICKS);
  const steps = end === 'tick' ? Math.ceil(span / step - 1e-9) : Math.floor(span / step + 1e-9);
  const top = end === 'tick' ? low + steps * step : low + span;
  const ticks = Array.from({ length: steps + 1 }, (_, index) => round(low + index * step));
  return { ticks, place: (value) => clamp((value - low) / (top - low)) * extent };
}

/** From a power of ten at or below `low`, which is above zero, to `high`. */
export function logScale(low: number, high: number, extent: number): Scale {
  const from = Math.floor(Math.log10(low) + 1e-9);
  const to = Math.max(from + 1, Math.log10(high));
  const ticks = Array.from({ length: Math.floor(to + 1e-9) - from + 1 }, (_, index) => 10 ** (from + index));
  return {
    ticks,
    place: (value) => (value <= 0 ? 0 : clamp((Math.log10(value) - from) / (to - from)) * extent),
  };
}

/** Percentiles by how rare the rest is: 90, 99 and 99.9 are equally far apart. */
export function percentileScale(highest: number, extent: number): Scale {
  const rarity = (percent: number): number => -Math.log10(1 - Math.min(percent, highest) / 100);
  return {
    ticks: [0, 50, 75, 90, 95, 99, 99.9, 99.99].filter((tick) => tick <= highest),
    place: (percent) => clamp(rarity(percent) / rarity(highest)) * extent,
  };
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  return (NICE.find((nice) => nice * power >= rough * (1 - 1e-9)) ?? 10) * power;
}

function clamp(part: number): number {
  return Math.min(1, Math.max(0, part));
}

/** Sums of steps such as 0.1 are not exact. */
function round(value: number): number {
  return Number(value.toPrecision(12));
}
