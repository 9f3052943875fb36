/**
 * The run at a glance: the whole range of its latencies on one logarithmic ruler beside the timeouts that an apiserver may have.
 */
import { TIMEOUTS_SECONDS } from '../k6/plan.ts';
import { escapeHtml, formatMs } from './html.ts';
import { quantile, type RunRecord } from './record.ts';
import { logScale } from './scale.ts';

const WIDTH = 960;
const LEFT = 96;
const RIGHT = 20;
const ROW = 46;
const TOP = 34;
const FROM_MS = 0.1;
const TO_MS = 30_000;

export function renderRuler(
  runs: readonly { readonly name: string; readonly run: RunRecord }[],
  timeoutSeconds: number,
): string {
  const scale = logScale(FROM_MS, TO_MS, WIDTH - LEFT - RIGHT);
  const place = (ms: number): string => (LEFT + scale.place(ms)).toFixed(1);
  const bottom = TOP + runs.length * ROW;
  const parts: string[] = [];
  for (const tick of scale.ticks.filter((each) => each < 1_000)) {
    parts.push(
      `<path class="grid" d="M${place(tick)} ${TOP}V${bottom}"/><text x="${place(tick)}" y="${bottom + 16}" text-anchor="middle">${formatMs(tick)}</text>`,
    );
  }
  for (const [index, seconds] of TIMEOUTS_SECONDS.entries()) {
    const strong = seconds === timeoutSeconds ? ' strong' : '';
    // Neighbours are too close for their words to stand in one line.
    const y = index % 2 === 0 ? bottom + 16 : TOP - 8;
    parts.push(
      `<path class="mark${strong}" d="M${place(seconds * 1_000)} ${TOP}V${bottom}"/><text class="${strong}" x="${place(seconds * 1_000)}" y="${y}" text-anchor="middle">${seconds} s</text>`,
    );
  }
  if (!(TIMEOUTS_SECONDS as readonly number[]).includes(timeoutSeconds)) {
    parts.push(`<path class="mark strong" d="M${place(timeoutSeconds * 1_000)} ${TOP}V${bottom}"/>`);
  }
  for (const [index, { name, run }] of runs.entries()) {
    const y = TOP + index * ROW + ROW / 2;
    const { latency } = run;
    const [p1, p50, p99] = [quantile(latency, 1), quantile(latency, 50), quantile(latency, 99)];
    parts.push(`<text x="${LEFT - 10}" y="${y}" dy="0.32em" text-anchor="end">${escapeHtml(name)}</text>
<path class="whisker" d="M${place(latency.min)} ${y}H${place(latency.max)}"/>
<path class="range" d="M${place(p1)} ${y}H${place(p99)}"/>
<path class="middle" d="M${place(p50)} ${y - 9}V${y + 9}"/>
<circle class="worst" cx="${place(latency.max)}" cy="${y}" r="5"/>`);
  }
  const words = runs.map(
    ({ name, run: { latency } }) =>
      `${name}: half of the answers within ${formatMs(quantile(latency, 50))}, 99 % within ${formatMs(quantile(latency, 99))}, the slowest ${formatMs(latency.max)}`,
  );
  return `<svg viewBox="0 0 ${WIDTH} ${bottom + 24}" role="img" aria-labelledby="ruler-title ruler-desc">
<title id="ruler-title">Latency beside the timeouts</title>
<desc id="ruler-desc">${escapeHtml(words.join('. '))}.</desc>
${parts.join('\n')}
</svg>
<ul class="legend"><li><svg class="key" viewBox="0 0 24 8" aria-hidden="true"><path class="range" d="M0 4H24"/></svg>98 % of the answers (p1 to p99)</li><li><svg class="key" viewBox="0 0 24 8" aria-hidden="true"><path class="middle" d="M12 0V8"/></svg>half</li><li><svg class="key" viewBox="0 0 24 8" aria-hidden="true"><circle class="worst" cx="12" cy="4" r="4"/></svg>slowest</li><li><svg class="key" viewBox="0 0 24 8" aria-hidden="true"><path class="mark strong" d="M12 0V8"/></svg>this run's timeout</li></ul>`;
}
