/** A difference of two texts in the form that `git apply` and `patch` take: one hunk, from the first line that differs to the last. */

/** Lines around the change. */
const CONTEXT = 3;

/** Empty where both are the same. */
export function unifiedDiff(file: string, before: string, after: string): string {
  if (before === after) return '';
  const [old, next] = [linesOf(before), linesOf(after)];
  const most = Math.min(old.length, next.length);
  let head = 0;
  while (head < most && old[head] === next[head]) head += 1;
  let tail = 0;
  while (tail < most - head && old.at(-1 - tail) === next.at(-1 - tail)) tail += 1;
  const start = Math.max(0, head - CONTEXT);
  const endOf = (lines: readonly string[]) => Math.min(lines.length, lines.length - tail + CONTEXT);
  const hunk = [
    ...old.slice(start, head).map((line) => ` ${line}`),
    ...old.slice(head, old.length - tail).map((line) => `-${line}`),
    ...next.slice(head, next.length - tail).map((line) => `+${line}`),
    ...old.slice(old.length - tail, endOf(old)).map((line) => ` ${line}`),
  ];
  const at = (lines: readonly string[]) => `${start + 1},${endOf(lines) - start}`;
  const body = hunk.map((line) => (line.endsWith('\n') ? line : `${line}\n\\ No newline at end of file\n`)).join('');
  return `--- a/${file}\n+++ b/${file}\n@@ -${at(old)} +${at(next)} @@\n${body}`;
}

/** With their line feeds. */
function linesOf(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}
