/**
 * Line plots as inline SVG, with what they show also in words and in a table: nothing has to be fetched or run to read them.
 */
import { escapeHtml, formatIn, table } from './html.ts';
import { drawChart, heightOf, STYLES, WIDTH } from './plot.ts';
import type { Line } from './record.ts';
import { linearScale, type Scale } from './scale.ts';

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
${drawChart(chart)}
</svg>
<ul class="legend">${legend.join('')}</ul>
<details><summary>Values</summary>${valueTable(chart)}</details>
</figure>`;
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
