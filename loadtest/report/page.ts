/** The report: one HTML file that needs nothing else, no network and no script. */
import { type Chart, renderChart } from './chart.ts';
import { adminCharts, distributionChart, overTimeCharts } from './client-charts.ts';
import { escapeHtml, formatMs, formatNumber, table } from './html.ts';
import { peakOf } from './plot.ts';
import { quantile, type RunRecord } from './record.ts';
import { renderRuler } from './ruler.ts';
import { STYLE } from './style.ts';

const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

/** `earlier` is a run to stand beside this one, or null. */
export function renderReport(run: RunRecord, earlier: RunRecord | null): string {
  const title = `Load test ${run.scenario}: ${run.passed ? 'passed' : 'failed'}`;
  const runs = [{ name: 'this run', run }, ...(earlier === null ? [] : [{ name: 'earlier', run: earlier }])];
  const { timeoutSeconds } = run.settings;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header>
<h1>Load test <em>${escapeHtml(run.scenario)}</em></h1>
<p>${escapeHtml(run.about)}</p>
<p class="soft">${escapeHtml(run.target)} · ${escapeHtml(run.startedAt.replace('T', ' ').slice(0, 19))} UTC · seed ${run.settings.seed}</p>
</header>
${verdict(run)}
${tiles(run)}
<section class="card" aria-label="Latency beside the timeouts">
${renderRuler(runs, timeoutSeconds)}
</section>
<h2>What the run had to show</h2>
${checks(run)}
${earlier === null ? '' : comparison(run, earlier)}
<h2>Latency</h2>
<div class="charts">
${renderChart(distributionChart(runs, timeoutSeconds))}
${lateTable(run)}
</div>
${run.phases.length > 1 ? phases(run) : ''}
<h2>Over time</h2>
${side(overTimeCharts(run), earlier === null ? null : overTimeCharts(earlier))}
<h2>The gateway's own figures</h2>
${run.admin === null ? '<p class="soft">There are none: only a Meshgate started here, or one with <code>--admin</code>, tells them. Everything above was measured by the client.</p>' : ''}
${side(adminCharts(run), earlier === null ? null : adminCharts(earlier))}
${budgetTable(run)}
<h2>How it was run</h2>
${setup(run)}
</main>
</body>
</html>
`;
}

function verdict({ passed, latency, settings, findings, checks: all, sample }: RunRecord): string {
  const crossed = all.filter(({ ok }) => !ok);
  const share = latency.max / (settings.timeoutSeconds * 10);
  const closest = `The slowest answer took ${formatMs(latency.max)}, ${formatNumber(share)} % of the ${settings.timeoutSeconds} s that the apiserver would have waited.`;
  const lines = [
    ...crossed.map(({ name, measured, limit }) => `${name}: ${measured}, and had to be ${limit}`),
    ...findings,
    ...sample.problems,
  ];
  return `<div class="verdict ${passed ? 'passed' : 'failed'}" role="status">
<strong>${passed ? '✓ Passed' : `✗ Failed: ${crossed.length} of ${all.length} checks`}</strong>
<p>${escapeHtml(closest)}</p>
${lines.map((line) => `<p>${escapeHtml(line)}</p>`).join('\n')}
</div>`;
}

function tiles(run: RunRecord): string {
  const { latency, answers, dropped } = run;
  const lost = answers.refused + answers.missed + answers.denied + answers.failed;
  const seconds = run.phases.reduce((sum, phase) => sum + phase.seconds, 0);
  const figures: [string, string][] = [
    [formatNumber(latency.count), 'answers'],
    [`${formatNumber(latency.count / Math.max(1, seconds))}/s`, 'on average'],
    [formatMs(quantile(latency, 50)), 'half within (p50)'],
    [formatMs(quantile(latency, 99)), '99 % within (p99)'],
    [formatMs(latency.max), 'slowest'],
    [formatNumber(lost), 'refused, missed, denied or failed'],
    ...(dropped > 0 ? [[formatNumber(dropped), 'not sent'] as [string, string]] : []),
    ...(run.capacity === null ? [] : [[`${formatNumber(run.capacity)}/s`, 'capacity found'] as [string, string]]),
  ];
  return `<div class="tiles">${figures.map(([value, name]) => `<div class="tile"><b>${escapeHtml(value)}</b><span>${escapeHtml(name)}</span></div>`).join('')}</div>`;
}

function checks(run: RunRecord): string {
  const rows = run.checks.map(({ name, limit, measured, ok }) => [
    `${ok ? '✓' : '✗'} ${name}`,
    measured,
    limit,
    ok ? 'kept' : 'crossed',
  ]);
  return table(['check', 'measured', 'limit', ''], rows);
}

/** The figures of two runs beside each other. */
function comparison(run: RunRecord, earlier: RunRecord): string {
  const row = (name: string, read: (run: RunRecord) => number, format: (value: number) => string): string[] => {
    const [now, before] = [read(run), read(earlier)];
    const change = before > 0 ? `${now >= before ? '+' : '−'}${formatNumber(Math.abs(now / before - 1) * 100)} %` : '';
    return [name, format(now), format(before), change];
  };
  const percentiles = [50, 90, 99, 99.9].map((percent) =>
    row(`p${percent}`, ({ latency }) => quantile(latency, percent), formatMs),
  );
  const rows = [
    row('answers', ({ latency }) => latency.count, formatNumber),
    ...percentiles,
    row('slowest', ({ latency }) => latency.max, formatMs),
    row('refused or missed', ({ answers }) => answers.refused + answers.missed, formatNumber),
    row('denied or failed', ({ answers }) => answers.denied + answers.failed, formatNumber),
    row('peak memory (MB)', ({ admin }) => admin?.peakMemoryMb ?? 0, formatNumber),
    ...(run.capacity === null || earlier.capacity === null
      ? []
      : [row('capacity (/s)', ({ capacity }) => capacity ?? 0, formatNumber)]),
  ];
  const { scenario, settings, startedAt } = earlier;
  const differs = scenario !== run.scenario || JSON.stringify(settings) !== JSON.stringify(run.settings);
  const warning = differs
    ? `<p class="not-ok">The earlier run had other settings (${escapeHtml(scenario)}, ${escapeHtml(JSON.stringify(settings))}).</p>`
    : '';
  return `<h2>Beside the earlier run</h2>${warning}\n${table(['', 'this run', `earlier (${startedAt.slice(0, 16).replace('T', ' ')})`, 'change'], rows)}`;
}

function lateTable({ late, latency }: RunRecord): string {
  const rows = late.map(([seconds, count]) => [
    `${seconds} s`,
    formatNumber(count),
    latency.count === 0 ? '' : `${formatNumber((count / latency.count) * 100)} %`,
  ]);
  return `<div class="card">${table(['timeout', 'answers that came later', 'of all'], rows, 'What each timeout would have cut off')}</div>`;
}

function phases(run: RunRecord): string {
  const rows = run.phases.map(({ name, offered, seconds, latency, answers }) => [
    name,
    `${formatNumber(offered)}/s × ${seconds} s`,
    `${formatNumber(latency.count / seconds)}/s`,
    formatMs(quantile(latency, 50)),
    formatMs(quantile(latency, 99)),
    formatMs(latency.max),
    formatNumber(answers.refused + answers.missed),
    formatNumber(answers.denied + answers.failed),
  ]);
  return `<h2>Phase by phase</h2>\n${table(['phase', 'offered', 'answered', 'p50', 'p99', 'slowest', 'refused or missed', 'denied or failed'], rows)}`;
}

/** Each plot, beside the earlier run's of the same kind where there is one, both with the same height. */
function side(charts: readonly Chart[], earlier: readonly Chart[] | null): string {
  if (charts.length === 0) return '';
  const figures = charts.map((chart) => {
    if (chart.lines.length === 0)
      return `<figure class="chart"><figcaption>${escapeHtml(chart.title)}</figcaption><p class="ok">✓ None.</p></figure>`;
    const other = earlier?.find(({ id }) => id === chart.id);
    if (other === undefined) return renderChart(chart);
    const yTo = Math.max(chart.yTo, peakOf(chart.lines), peakOf(other.lines));
    const before = renderChart({ ...other, id: `${other.id}-earlier`, title: `${other.title}: earlier run`, yTo });
    return `<div class="pair">${renderChart({ ...chart, yTo })}${before}</div>`;
  });
  return `<div class="charts">\n${figures.join('\n')}\n</div>`;
}

function budgetTable({ admin }: RunRecord): string {
  if (admin === null || admin.budgetShares.length === 0) return '';
  const rows = admin.budgetShares.map(([bound, part]) => [
    `${formatNumber(bound * 100)} %`,
    `${formatNumber(part * 100)} %`,
  ]);
  return `<details><summary>Distribution of the budget used</summary>${table(['used of the budget, at most', 'answers'], rows)}</details>`;
}

function setup({ settings, environment, sample }: RunRecord): string {
  const rows = [
    ...Object.entries({ ...settings }).map(([name, value]) => [name, String(value)]),
    ...Object.entries(environment),
    ['patches applied and checked', `${sample.checked}, of which ${sample.wrong} were wrong`],
  ];
  return table(['setting', 'value'], rows);
}
