/**
 * Finds where in a YAML text a problem lies. Only called when there is a problem, so it reads the text a second time, with a
 * parser that keeps positions.
 */
import type { LineCounter } from 'yaml';
import { yamlWithPositions } from '../../../lazy-packages.ts';
import type { MeshProblem } from './mesh-error.ts';

/** Longer texts get no positions. */
const MAX_PLACED_LENGTH = 1024 * 1024;

/** The problems with line and column of their path, or of the nearest part above it that the text has. */
export function placeProblems(text: string, problems: readonly MeshProblem[]): readonly MeshProblem[] {
  if (text.length > MAX_PLACED_LENGTH) return problems;
  const { LineCounter } = yamlWithPositions();
  const lineCounter = new LineCounter();
  const root = contentsOf(text, lineCounter);
  if (root === null) return problems;
  return problems.map((problem) => {
    const offset = problem.path === '' ? undefined : offsetOf(root, problem.path);
    if (offset === undefined) return problem;
    const { line, col } = lineCounter.linePos(offset);
    return { ...problem, line, column: col };
  });
}

function contentsOf(text: string, lineCounter: LineCounter): unknown {
  try {
    return yamlWithPositions().parseDocument(text, { version: '1.1', lineCounter, logLevel: 'silent' }).contents;
  } catch {
    // Positions are a help, not a duty: this parser may refuse what Istio's accepts.
    return null;
  }
}

function offsetOf(root: unknown, path: string): number | undefined {
  let node: unknown = root;
  let offset: number | undefined;
  for (const part of path.split(/[.[\]]+/)) {
    if (part === '') continue;
    const { isMap, isSeq } = yamlWithPositions();
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => scalarText(key) === part);
      offset = startOf(pair?.key) ?? offset;
      node = pair?.value;
    } else if (isSeq(node)) {
      node = node.items[Number(part)];
      offset = startOf(node) ?? offset;
    } else {
      break;
    }
  }
  return offset;
}

function scalarText(key: unknown): string {
  return typeof key === 'object' && key !== null && 'value' in key ? String(key.value) : '';
}

function startOf(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) return undefined;
  const [start]: unknown[] = node.range;
  return typeof start === 'number' ? start : undefined;
}
