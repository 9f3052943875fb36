import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument, type Range } from 'yaml';

export interface Position {
  /** 1-based. */
  readonly line: number;
  readonly column: number;
}

/**
 * Where a member or item stands in a document's text, for messages: a member's key, an item's own first character; the nearest that
 * there is where the path leads nowhere. `firstLine` is the document's line within its file.
 *
 * This is slow, and its reader is not the one that decides what a text says (parseYaml is): it only finds places. Never throws.
 */
export function positionOf(text: string, path: readonly (string | number)[], firstLine = 1): Position {
  const lines = new LineCounter();
  let offset = 0;
  try {
    const document = parseDocument(text, {
      version: '1.1',
      uniqueKeys: false,
      strict: false,
      logLevel: 'silent',
      lineCounter: lines,
    });
    let node: unknown = document.contents;
    offset = startOf(node) ?? 0;
    for (const step of path) {
      if (isAlias(node)) node = node.resolve(document);
      const found = memberOf(node, step);
      if (found === undefined) break;
      offset = startOf(found.at) ?? offset;
      node = found.value;
    }
  } catch {
    // A text that even this lenient reader gives up on: its start has to do.
  }
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1) + firstLine - 1, column: Math.max(col, 1) };
}

/** The value a step leads to, and the node whose place is shown for it. */
function memberOf(node: unknown, step: string | number): { at: unknown; value: unknown } | undefined {
  if (isSeq(node)) {
    const item = typeof step === 'number' ? node.items[step] : undefined;
    return item === undefined ? undefined : { at: item, value: item };
  }
  if (!isMap(node)) return undefined;
  // The last of equal keys is the one that counts.
  const pair = node.items.findLast((candidate: Pair) => isNamed(candidate.key, String(step)));
  return pair === undefined ? undefined : { at: pair.key, value: pair.value };
}

/** By what is written or by what YAML 1.1 makes of it: `on` is a member `true` of the value. */
function isNamed(key: unknown, name: string): boolean {
  return isScalar(key) && (key.source === name || String(key.value) === name);
}

function startOf(node: unknown): number | undefined {
  return (node as (Node & { range?: Range | null }) | null | undefined)?.range?.[0];
}
