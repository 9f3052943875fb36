/**
 * The difference of two texts by lines, for people to read.
 */

export interface DiffLine {
  readonly kind: 'same' | 'added' | 'removed';
  readonly text: string;
}

/** More lines than this are not compared: all of the first text is removed and all of the second added. */
const LINE_LIMIT = 5_000;

/** A shortest edit script (longest common subsequence) from `before` to `after`. */
export function diffLines(before: readonly string[], after: readonly string[]): readonly DiffLine[] {
  const lines: DiffLine[] = [];
  const add = (kind: DiffLine['kind'], text: string | undefined): void => {
    if (text !== undefined) lines.push({ kind, text });
  };
  if (before.length > LINE_LIMIT || after.length > LINE_LIMIT) {
    for (const text of before) add('removed', text);
    for (const text of after) add('added', text);
    return lines;
  }
  // common[i * width + j]: length of the longest common subsequence of before[i…] and after[j…].
  const width = after.length + 1;
  const common = new Uint16Array((before.length + 1) * width);
  const at = (i: number, j: number): number => common[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      common[i * width + j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      add('same', before[i]);
      i++;
      j++;
    } else if (j < after.length && (i >= before.length || at(i, j + 1) >= at(i + 1, j))) add('added', after[j++]);
    else add('removed', before[i++]);
  }
  return lines;
}

/** The changed lines with `context` same lines around them; null stands for lines that are left out. */
export function withContext(lines: readonly DiffLine[], context: number): readonly (DiffLine | null)[] {
  const wanted = new Set<number>();
  lines.forEach(({ kind }, i) => {
    if (kind === 'same') return;
    for (let near = i - context; near <= i + context; near++) wanted.add(near);
  });
  const shown: (DiffLine | null)[] = [];
  lines.forEach((line, i) => {
    if (wanted.has(i)) shown.push(line);
    else if (shown.at(-1) !== null) shown.push(null);
  });
  return shown;
}
