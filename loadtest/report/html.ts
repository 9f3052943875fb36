/** Text and numbers for the report. */

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Safe in text and in a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** A time as a person reads it: `3.7 ms`, `143 ms`, `1.26 s`. */
export function formatMs(ms: number): string {
  if (ms >= 1_000) return `${trim((ms / 1_000).toFixed(2))} s`;
  if (ms >= 100) return `${Math.round(ms)} ms`;
  return `${trim(ms.toFixed(ms >= 10 ? 1 : 2))} ms`;
}

/** Three significant digits, with separators for thousands. */
export function formatNumber(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return trim(value.toFixed(Math.abs(value) >= 10 ? 1 : 2));
}

export function formatIn(value: number, unit: string): string {
  if (unit === 'ms') return formatMs(value);
  if (unit === 'count') return formatNumber(value);
  return unit === '%' || unit === '/s'
    ? `${formatNumber(value)}${unit === '%' ? ' %' : unit}`
    : `${formatNumber(value)} ${unit}`;
}

function trim(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** A table with a header for each column and each row; cells are text. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[], caption = ''): string {
  const head = columns.map((column) => `<th scope="col">${escapeHtml(column)}</th>`).join('');
  const body = rows
    .map(([first = '', ...others]) => {
      const cells = others.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('');
      return `<tr><th scope="row">${escapeHtml(first)}</th>${cells}</tr>`;
    })
    .join('\n');
  const title = caption === '' ? '' : `<caption>${escapeHtml(caption)}</caption>`;
  return `<div class="scroll"><table>${title}<thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}
