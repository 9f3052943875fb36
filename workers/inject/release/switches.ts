/**
 * What an upstream injector does differently from release to release, as one table of switches for each provider. A profile is
 * derived from the table once, when a revision is compiled: from then on nothing asks for a release any more.
 */

/**
 * A release as a place in its provider's history: lines in order, patches in order within a line. What a line is, is the
 * provider's matter (a minor release; all edges).
 */
export interface Place {
  readonly line: number;
  readonly patch: number;
}

/** One behaviour that began, ended, or both. */
export interface SwitchRow {
  /** What the injector does while it is on. */
  readonly sentence: string;
  /**
   * First releases that have it, one for each line it was brought to, in order. Lines between two of them that are not named
   * do not have it; all lines after the last do. Absent: the oldest release has it.
   */
  readonly since?: readonly string[];
  /** First releases that do not have it any more, in the same way. Absent: the newest has it. */
  readonly until?: readonly string[];
  /** Where upstream it is to be seen. */
  readonly source: string;
}

export type SwitchTable<Name extends string> = Readonly<Record<Name, SwitchRow>>;
/** A compiled profile: every switch of the table, on or off, always in the table's order (one shape for all releases). */
export type Switches<Name extends string> = Readonly<Record<Name, boolean>>;

/** Reads a release's name as the table writes it. Throws for a name that is none: a fault of the table. */
export type ReadPlace = (name: string) => Place;

/** Whether `place` is at one of the marks, or after all of them. */
function reaches(place: Place, marks: readonly Place[]): boolean {
  let last = -1;
  for (const mark of marks) {
    if (mark.line === place.line) return place.patch >= mark.patch;
    if (mark.line > last) last = mark.line;
  }
  return place.line > last;
}

/** Whether a behaviour is on in a release. */
export function isOn(row: SwitchRow, place: Place, read: ReadPlace): boolean {
  if (row.since !== undefined && !reaches(place, row.since.map(read))) return false;
  return row.until === undefined || !reaches(place, row.until.map(read));
}

/** The profile of a release. */
export function switchesAt<Name extends string>(
  table: SwitchTable<Name>,
  place: Place,
  read: ReadPlace,
): Switches<Name> {
  const entries = Object.entries<SwitchRow>(table).map(([name, row]) => [name, isOn(row, place, read)]);
  return Object.fromEntries(entries) as Switches<Name>;
}
