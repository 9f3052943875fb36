/**
 * Line plots as inline SVG, with what they show also in words and in a table: nothing has to be fetched or run to read them.
 */
import { escapeHtml, formatIn, table } from './html.ts';
import type { Line } from './record.ts';
import { linearScale, logScale, type Scale } from './scale.ts';

export const WIDTH = 640;
const HEIGHT = 260;
const TALL_HEIGHT = 360;
const MARGIN = { left: 58, right: 46, top: 22, bottom: 34 } as const;
const PLOT_WIDTH = WIDTH - MARGIN.left - MARGIN.right;
/** Curves have this many colours and dashes; see style.ts. */
const STYLES = 8;
/** Marks closer than this overwrite each other: the later ones lose their words. */
const MARK_ROOM = 9;
/** Width of one letter of a phase's name. */
const LETTER = 6;

export interface Mark {
  readonly value: number;
  readonly label: string;
  /** It is the one that counts for this run. */
  readonly strong: boolean;
}

export interface Band {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

export interface Chart {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly Line[];
  readonly x: Axis;
  /** Logarithmic from this value on; undefined is linear from zero. */
  readonly logFrom?: number;
  /** The least that the vertical axis reaches to. */
  readonly yTo: number;
  readonly tall?: boolean;
  /** Horizontal lines. */
  readonly marks?: readonly Mark[];
  /** Stretches of the horizontal axis. */
  readonly bands?: readonly Band[];
}

export interface Axis {
  readonly label: string;
  readonly format: (value: number) => string;
  readonly scale: (extent: number) => Scale;
}

export function secondsAxis(to: number): Axis {
  return { label: 'seconds', format: (value) => String(value), scale: (extent) => linearScale(0, to, extent, 'exact') };
}

/** The highest value of some lines. */
export function peakOf(lines: readonly Line[]): number {
  return lines.reduce((peak, { points }) => points.reduce((top, [, value]) => Math.max(top, value), peak), 0);
}

/** A figure: the plot, its legend, and its values as a table that opens. */
export function renderChart(chart: Chart): string {
  const { id, title, lines } = chart;
  const legend = lines.map(
    ({ name }, index) =>
      `<li><svg class="key" viewBox="0 0 24 8" aria-hidden="true"><path class="line s${index % STYLES}" d="M0 4H24"/></svg>${escapeHtml(name)}</li>`,
  );
  return `<figure class="chart">
<figcaption>${escapeHtml(title)}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${heightOf(chart)}" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">${escapeHtml(title)}</title>
<desc id="${id}-desc">${escapeHtml(describe(chart))}</desc>
${drawing(chart)}
</svg>
<ul class="legend">${legend.join('')}</ul>
<details><summary>Values</summary>${valueTable(chart)}</details>
</figure>`;
}

function heightOf({ tall = false }: Chart): number {
  return tall ? TALL_HEIGHT : HEIGHT;
}

function drawing(chart: Chart): string {
  const { lines, x, logFrom, yTo, unit, marks = [], bands = [] } = chart;
  const plotHeight = heightOf(chart) - MARGIN.top - MARGIN.bottom;
  const across = x.scale(PLOT_WIDTH);
  const top = Math.max(yTo, peakOf(lines));
  const up = logFrom === undefined ? linearScale(0, top, plotHeight) : logScale(logFrom, top, plotHeight);
  const left = (value: number): string => (MARGIN.left + across.place(value)).toFixed(1);
  const height = (value: number): number => MARGIN.top + plotHeight - up.place(value);
  const bottom = MARGIN.top + plotHeight;
  const right = MARGIN.left + PLOT_WIDTH;
  const parts: string[] = [];
  for (const [index, { name, from, to }] of bands.entries()) {
    const [start, end] = [Number(left(from)), Number(left(to))];
    if (index % 2 === 1)
      parts.push(
        `<rect class="band" x="${start}" y="${MARGIN.top}" width="${(end - start).toFixed(1)}" height="${plotHeight}"/>`,
      );
    if (end - start > name.length * LETTER)
      parts.push(
        `<text class="small" x="${((start + end) / 2).toFixed(1)}" y="${MARGIN.top - 8}" text-anchor="middle">${escapeHtml(name)}</text>`,
      );
  }
  for (const tick of up.ticks) {
    const y = height(tick).toFixed(1);
    parts.push(
      `<path class="grid" d="M${MARGIN.left} ${y}H${right}"/><text x="${MARGIN.left - 6}" y="${y}" dy="0.32em" text-anchor="end">${escapeHtml(formatIn(tick, unit))}</text>`,
    );
  }
  for (const tick of across.ticks) {
    parts.push(`<text x="${left(tick)}" y="${bottom + 15}" text-anchor="middle">${escapeHtml(x.format(tick))}</text>`);
  }
  parts.push(
    `<text class="small" x="${right}" y="${heightOf(chart) - 4}" text-anchor="end">${escapeHtml(x.label)}</text>`,
  );
  const taken: number[] = [];
  for (const { value, label, strong } of marks.toSorted(
    (a, b) => Number(b.strong) - Number(a.strong) || a.value - b.value,
  )) {
    const y = height(value);
    parts.push(`<path class="mark${strong ? ' strong' : ''}" d="M${MARGIN.left} ${y.toFixed(1)}H${right}"/>`);
    if (taken.some((other) => Math.abs(other - y) < MARK_ROOM)) continue;
    taken.push(y);
    parts.push(
      `<text class="small${strong ? ' strong' : ''}" x="${right + 5}" y="${y.toFixed(1)}" dy="0.32em">${escapeHtml(label)}</text>`,
    );
  }
  parts.push(`<path class="axis" d="M${MARGIN.left} ${MARGIN.top}V${bottom}H${right}"/>`);
  for (const [index, { points }] of lines.entries()) {
    const path = points.map(
      ([at, value], place) => `${place === 0 ? 'M' : 'L'}${left(at)} ${height(value).toFixed(1)}`,
    );
    // A single point would not be seen as a line.
    const dot = points.length === 1 ? 'h2' : '';
    parts.push(`<path class="line s${index % STYLES}" d="${path.join('')}${dot}"/>`);
  }
  return parts.join('\n');
}

function describe({ lines, unit, x }: Chart): string {
  if (lines.length === 0) return 'Nothing to show.';
  const each = lines.map(({ name, points }) => {
    const values = points.map(([, value]) => value);
    const [low, high] = [
      values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
      values.reduce((a, b) => Math.max(a, b), 0),
    ];
    return `${name}: from ${formatIn(Number.isFinite(low) ? low : 0, unit)} to ${formatIn(high, unit)}`;
  });
  return `Over ${x.label}. ${each.join('; ')}.`;
}

function valueTable({ lines, unit, x }: Chart): string {
  const places = [...new Set(lines.flatMap(({ points }) => points.map(([at]) => at)))].sort((a, b) => a - b);
  const values = lines.map(({ points }) => new Map(points));
  const rows = places.map((at) => [
    x.format(Math.round(at * 100) / 100),
    ...values.map((map) => {
      const value = map.get(at);
      return value === undefined ? '' : formatIn(value, unit);
    }),
  ]);
  return table([x.label, ...lines.map(({ name }) => name)], rows);
}
