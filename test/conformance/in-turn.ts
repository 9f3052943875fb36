/** One list of several, in turn: of longer lists several for each of the shorter, so that all last to the end. */
export function inTurn<T>(lists: Iterable<readonly T[]>): T[] {
  const places = (list: readonly T[]) => list.map((item, index) => ({ item, at: (index + 0.5) / list.length }));
  return [...lists]
    .flatMap(places)
    .sort((x, y) => x.at - y.at)
    .map(({ item }) => item);
}
