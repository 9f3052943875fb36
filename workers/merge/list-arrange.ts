/**
 * The order of a merged list. Elements that the patch speaks of take the patch's order, the others keep the object's; the two
 * rows are then interleaved: one of the object's goes first only where the object had it before the next of the patch's.
 */
import type { JsonValue } from '../template/value.ts';
import { goStableSort } from './go-stable-sort.ts';
import type { KeyIndex, MergeKey } from './key-index.ts';
import { isObject, ownMember } from './member.ts';
import type { MergeRun } from './merge-run.ts';

/** The merged elements, before they are put in order, with the key of each. */
export interface Row {
  readonly values: readonly JsonValue[];
  readonly keys: readonly MergeKey[];
}

/** Returns the elements in their order. `patchOrder` and `serverOrder` say which key stands where. */
export function arrange(run: MergeRun, row: Row, patchOrder: KeyIndex, serverOrder: KeyIndex): JsonValue[] {
  const ofPatch: number[] = [];
  const ofServer: number[] = [];
  for (let i = 0; i < row.keys.length; i++) {
    (patchOrder.find(run, row.keys[i]) >= 0 ? ofPatch : ofServer).push(i);
  }
  const right = sortRow(run, row, ofPatch, patchOrder);
  const left = sortRow(run, row, ofServer, serverOrder);
  const out: JsonValue[] = [];
  let l = 0;
  let r = 0;
  while (l < left.length && r < right.length) {
    const leftAt = left[l] as number;
    const rightAt = right[r] as number;
    if (standsBefore(run, row, leftAt, rightAt, serverOrder)) {
      out.push(row.values[leftAt] as JsonValue);
      l++;
    } else {
      out.push(row.values[rightAt] as JsonValue);
      r++;
    }
  }
  for (; l < left.length; l++) out.push(row.values[left[l] as number] as JsonValue);
  for (; r < right.length; r++) out.push(row.values[right[r] as number] as JsonValue);
  return out;
}

function standsBefore(run: MergeRun, row: Row, left: number, right: number, order: KeyIndex): boolean {
  const leftRank = order.find(run, row.keys[left]);
  const rightRank = order.find(run, row.keys[right]);
  return leftRank >= 0 && rightRank >= 0 && leftRank < rightRank;
}

/** Sorts positions by the rank of their keys; elements that still carry `$patch: delete` go last. */
function sortRow(run: MergeRun, row: Row, positions: number[], order: KeyIndex): number[] {
  if (positions.length < 2) return positions;
  const last = positions.filter((at) => isDelete(row.values[at] as JsonValue));
  if (last.length > 0) {
    const kept = positions.filter((at) => !isDelete(row.values[at] as JsonValue));
    return [...sortRow(run, row, kept, order), ...last];
  }
  if (positions.some((at) => isComposite(row.keys[at]))) return sortLazily(run, row, positions, order);
  const ranks = new Map<number, number>();
  let previous = -1;
  let ascending = true;
  for (const at of positions) {
    const rank = order.find(run, row.keys[at]);
    if (rank < 0) return sortLazily(run, row, positions, order);
    if (rank < previous) ascending = false;
    previous = rank;
    ranks.set(at, rank);
  }
  if (ascending) return positions;
  return positions.sort((a, b) => (ranks.get(a) ?? 0) - (ranks.get(b) ?? 0));
}

/**
 * Upstream's comparison calls an element without a rank smaller than any other, both ways round; so the result depends on
 * which pairs are compared, and only the same algorithm gives the same. It also decides whether composite keys meet.
 */
function sortLazily(run: MergeRun, row: Row, positions: number[], order: KeyIndex): number[] {
  return goStableSort(positions, (a, b) => {
    const rankA = order.find(run, row.keys[a]);
    if (rankA < 0) return true;
    const rankB = order.find(run, row.keys[b]);
    return rankB < 0 || rankA < rankB;
  });
}

function isDelete(value: JsonValue): boolean {
  return isObject(value) && ownMember(value, '$patch') === 'delete';
}

function isComposite(key: MergeKey): boolean {
  return typeof key === 'object' && key !== null;
}
