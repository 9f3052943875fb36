/**
 * Sorts as Go's sort.SliceStable does, comparison by comparison. Any stable sort gives the same for an order that is
 * consistent; upstream's order is not where an element has no rank, and there the algorithm shows: insertion sort on runs of
 * 20, then in-place merging by rotations (Kim and Kutzner's SymMerge).
 */
const RUN_LENGTH = 20;

export type Less<T> = (left: T, right: T) => boolean;

/** Sorts the list in place and returns it. */
export function goStableSort<T>(list: T[], less: Less<T>): T[] {
  const size = list.length;
  for (let start = 0; start < size; start += RUN_LENGTH) {
    sortRun(list, start, Math.min(start + RUN_LENGTH, size), less);
  }
  for (let width = RUN_LENGTH; width < size; width *= 2) {
    for (let start = 0; start + width < size; start += 2 * width) {
      mergeRuns(list, start, start + width, Math.min(start + 2 * width, size), less);
    }
  }
  return list;
}

function at<T>(list: readonly T[], i: number): T {
  return list[i] as T;
}

function sortRun<T>(list: T[], start: number, end: number, less: Less<T>): void {
  for (let i = start + 1; i < end; i++) {
    const moving = at(list, i);
    let slot = i;
    for (; slot > start && less(moving, at(list, slot - 1)); slot--) list[slot] = at(list, slot - 1);
    list[slot] = moving;
  }
}

/** Merges the sorted runs [start, middle) and [middle, end). Recursion is as deep as the logarithm of the list's length. */
function mergeRuns<T>(list: T[], start: number, middle: number, end: number, less: Less<T>): void {
  if (middle - start === 1) {
    insertFirst(list, start, middle, end, less);
    return;
  }
  if (end - middle === 1) {
    insertLast(list, start, middle, less);
    return;
  }
  const centre = Math.floor((start + end) / 2);
  const mirror = centre + middle;
  // The two runs are cut symmetrically around the centre so that one rotation brings each part to its half.
  let low = middle > centre ? mirror - end : start;
  let high = Math.min(middle, centre);
  while (low < high) {
    const probe = Math.floor((low + high) / 2);
    if (less(at(list, mirror - 1 - probe), at(list, probe))) high = probe;
    else low = probe + 1;
  }
  const cut = mirror - low;
  if (low < middle && middle < cut) rotate(list, low, middle, cut);
  if (start < low && low < centre) mergeRuns(list, start, low, centre, less);
  if (centre < cut && cut < end) mergeRuns(list, centre, cut, end, less);
}

function insertFirst<T>(list: T[], start: number, middle: number, end: number, less: Less<T>): void {
  let low = middle;
  let high = end;
  while (low < high) {
    const probe = Math.floor((low + high) / 2);
    if (less(at(list, probe), at(list, start))) low = probe + 1;
    else high = probe;
  }
  rotate(list, start, start + 1, low);
}

function insertLast<T>(list: T[], start: number, middle: number, less: Less<T>): void {
  let low = start;
  let high = middle;
  while (low < high) {
    const probe = Math.floor((low + high) / 2);
    if (less(at(list, middle), at(list, probe))) high = probe;
    else low = probe + 1;
  }
  rotate(list, low, middle, middle + 1);
}

/** Exchanges the neighbouring blocks [start, middle) and [middle, end). */
function rotate<T>(list: T[], start: number, middle: number, end: number): void {
  const left = list.slice(start, middle);
  list.copyWithin(start, middle, end);
  const offset = start + end - middle;
  for (let i = 0; i < left.length; i++) list[offset + i] = at(left, i);
}
