/** Draws a chart: bands behind, then grid, marks, axes and curves. */
import type { Band, Chart, Mark } from './chart.ts';
import { escapeHtml, formatIn } from './html.ts';
import type { Line } from './record.ts';
import { linearScale, logScale, type Scale } from './scale.ts';

export const WIDTH = 640;
const HEIGHT = 260;
const TALL_HEIGHT = 360;
const MARGIN = { left: 58, right: 46, top: 22, bottom: 34 } as const;
const RIGHT = WIDTH - MARGIN.right;
/** Curves have this many colours and dashes; see style.ts. */
export const STYLES = 8;
/** Marks closer than this would overwrite each other: the later ones lose their words. */
const MARK_ROOM = 9;
/** Width of one letter of a phase's name. */
const LETTER = 6;

/** Where values lie in the drawing. */
interface Frame {
  readonly across: Scale;
  readonly up: Scale;
  readonly bottom: number;
  left(value: number): number;
  height(value: number): number;
}

export function heightOf({ tall = false }: Pick<Chart, 'tall'>): number {
  return tall ? TALL_HEIGHT : HEIGHT;
}

/** The highest value of some lines. */
export function peakOf(lines: readonly Line[]): number {
  return lines.reduce((peak, { points }) => points.reduce((top, [, value]) => Math.max(top, value), peak), 0);
}

export function drawChart(chart: Chart): string {
  const frame = frameOf(chart);
  const parts = [
    ...(chart.bands ?? []).map((band, index) => drawBand(frame, band, index % 2 === 1)),
    ...drawTicks(frame, chart),
    ...drawMarks(frame, chart.marks ?? []),
    `<path class="axis" d="M${MARGIN.left} ${MARGIN.top}V${frame.bottom}H${RIGHT}"/>`,
    ...chart.lines.map((line, index) => drawLine(frame, line, index % STYLES)),
  ];
  return parts.join('\n');
}

function frameOf(chart: Chart): Frame {
  const { lines, x, logFrom, yTo } = chart;
  const plotHeight = heightOf(chart) - MARGIN.top - MARGIN.bottom;
  const bottom = MARGIN.top + plotHeight;
  const across = x.scale(RIGHT - MARGIN.left);
  const top = Math.max(yTo, peakOf(lines));
  const up = logFrom === undefined ? linearScale(0, top, plotHeight) : logScale(logFrom, top, plotHeight);
  const rounded = (value: number): number => Math.round(value * 10) / 10;
  return {
    across,
    up,
    bottom,
    left: (value) => rounded(MARGIN.left + across.place(value)),
    height: (value) => rounded(bottom - up.place(value)),
  };
}

function drawBand({ left, bottom }: Frame, { name, from, to }: Band, shaded: boolean): string {
  const [start, end] = [left(from), left(to)];
  const width = (end - start).toFixed(1);
  const rect = `<rect class="band" x="${start}" y="${MARGIN.top}" width="${width}" height="${bottom - MARGIN.top}"/>`;
  const middle = ((start + end) / 2).toFixed(1);
  const words = `<text class="small" x="${middle}" y="${MARGIN.top - 8}" text-anchor="middle">${escapeHtml(name)}</text>`;
  return `${shaded ? rect : ''}${end - start > name.length * LETTER ? words : ''}`;
}

function drawTicks({ across, up, left, height, bottom }: Frame, chart: Chart): readonly string[] {
  const { unit, x } = chart;
  return [
    ...up.ticks.map((tick) => {
      const words = escapeHtml(formatIn(tick, unit));
      const text = `<text x="${MARGIN.left - 6}" y="${height(tick)}" dy="0.32em" text-anchor="end">${words}</text>`;
      return `<path class="grid" d="M${MARGIN.left} ${height(tick)}H${RIGHT}"/>${text}`;
    }),
    ...across.ticks.map((tick) => {
      return `<text x="${left(tick)}" y="${bottom + 15}" text-anchor="middle">${escapeHtml(x.format(tick))}</text>`;
    }),
    `<text class="small" x="${RIGHT}" y="${heightOf(chart) - 4}" text-anchor="end">${escapeHtml(x.label)}</text>`,
  ];
}

/** The strong ones first, so that they keep their words. */
function drawMarks({ height }: Frame, marks: readonly Mark[]): readonly string[] {
  const taken: number[] = [];
  const sorted = marks.toSorted((a, b) => Number(b.strong) - Number(a.strong) || a.value - b.value);
  return sorted.map(({ value, label, strong }) => {
    const y = height(value);
    const emphasis = strong ? ' strong' : '';
    const line = `<path class="mark${emphasis}" d="M${MARGIN.left} ${y}H${RIGHT}"/>`;
    if (taken.some((other) => Math.abs(other - y) < MARK_ROOM)) return line;
    taken.push(y);
    return `${line}<text class="small${emphasis}" x="${RIGHT + 5}" y="${y}" dy="0.32em">${escapeHtml(label)}</text>`;
  });
}

function drawLine({ left, height }: Frame, { points }: Line, style: number): string {
  const path = points.map(([at, value], place) => `${place === 0 ? 'M' : 'L'}${left(at)} ${height(value)}`);
  // A single point would not be seen as a line.
  const dot = points.length === 1 ? 'h2' : '';
  return `<path class="line s${style}" d="${path.join('')}${dot}"/>`;
}
