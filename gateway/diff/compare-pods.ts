/**
 * All differences between two pods, each at the place where it begins. Pure. By the rule of workers/kube/pod-compare.ts: there is none
 * exactly where the pods are the same.
 *
 * Elements of lists are compared by name; containers are found again in the other list of containers, where native sidecars go. An env
 * variable or annotation whose text is JSON is compared within.
 */
import { firstDifference } from '../../workers/kube/pod-compare.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../workers/template/value.ts';
import { APPLICATION, type Change, type ChangeAction, type ChangeKind, isContainerList, kindOf } from './change.ts';
import { type Entries, entriesOf, jsonWithin, withoutName } from './list-entries.ts';

/** What is nested deeper is one difference. */
const MAX_DEPTH = 60;
/** Differences between two pods; the rest is left out. */
export const MAX_CHANGES = 2_000;

/** @param application names of the containers that are the application's own: APPLICATION stands for each of them in paths. */
export function comparePods(from: JsonObject, to: JsonObject, application: ReadonlySet<string>): readonly Change[] {
  const comparison = new Comparison(application);
  comparison.members([], from, to);
  return comparison.changes;
}

type Path = readonly string[];

class Comparison {
  readonly changes: Change[] = [];
  readonly #application: ReadonlySet<string>;

  constructor(application: ReadonlySet<string>) {
    this.#application = application;
  }

  members(path: Path, from: JsonObject, to: JsonObject): void {
    const isSpec = path.length === 1 && path[0] === 'spec';
    if (isSpec) this.#containers(from, to);
    for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
      if (isSpec && isContainerList(key)) continue;
      this.#member(path, key, memberOf(from, key), memberOf(to, key));
    }
  }

  #member(path: Path, key: string, from: JsonValue | undefined, to: JsonValue | undefined): void {
    const parent = path.at(-1) ?? '';
    if (isSame(parent, key, from, to)) return;
    const place = [...path, key];
    const before = this.changes.length;
    if (place.length < MAX_DEPTH) this.#within(place, key, from, to);
    // What differs in a way that its parts do not show is told as a whole.
    if (this.changes.length === before) this.#add(place, actionOf(from, to), from, to);
  }

  #within(place: Path, key: string, from: JsonValue | undefined, to: JsonValue | undefined): void {
    const left = from ?? emptyAs(key, to);
    const right = to ?? emptyAs(key, from);
    if (this.#both(place, key, left, right)) return;
    this.#both(place, key, jsonWithin(left), jsonWithin(right));
  }

  /** Whether both are of a kind that has parts; these are compared then. */
  #both(place: Path, key: string, from: JsonValue | undefined, to: JsonValue | undefined): boolean {
    if (isJsonObject(from) && isJsonObject(to)) this.members(place, from, to);
    else if (Array.isArray(from) && Array.isArray(to)) this.#lists(place, key, from, to);
    else return false;
    return true;
  }

  #lists(path: Path, key: string, from: readonly JsonValue[], to: readonly JsonValue[]): void {
    const [left, right] = [entriesOf(key, from), entriesOf(key, to)];
    for (const name of new Set([...left.keys(), ...right.keys()])) {
      this.#element([...path, name], left.get(name), right.get(name), (element) => withoutName(key, element));
    }
    this.#order(path, left, right, (name) => name);
  }

  /** `told`: what is told of an element that only one side has. */
  #element(
    place: Path,
    from: JsonValue | undefined,
    to: JsonValue | undefined,
    told: (element: JsonValue) => JsonValue = (element) => element,
  ): void {
    if (isJsonObject(from) && isJsonObject(to)) this.members(place, from, to);
    else if (from === undefined) this.#add(place, 'added', undefined, to === undefined ? undefined : told(to));
    else if (to === undefined) this.#add(place, 'removed', told(from), undefined);
    else if (!isSame('', '', from, to)) this.#add(place, 'changed', from, to);
  }

  /** Elements that both lists have, in another order. */
  #order(path: Path, from: Entries, to: Entries, shown: (name: string) => string): void {
    const left = [...from.keys()].filter((name) => to.has(name));
    const right = [...to.keys()].filter((name) => from.has(name));
    if (left.every((name, index) => name === right[index])) return;
    this.#add(path, 'moved', left.map(shown).join(', '), right.map(shown).join(', '), 'order');
  }

  // ── containers ──

  #containers(from: JsonObject, to: JsonObject): void {
    const [left, right] = [placedContainers(from), placedContainers(to)];
    for (const [a, b] of pairsOf(left, right)) {
      const { list, name } = b ?? a ?? NOWHERE;
      const place = ['spec', list, this.#shown(name)];
      if (a !== undefined && b !== undefined && a.list !== b.list) this.#add(place, 'moved', a.list, b.list);
      this.#element(place, a?.container, b?.container);
    }
    for (const list of ['initContainers', 'containers', 'ephemeralContainers']) {
      this.#order(['spec', list], namesIn(left, list), namesIn(right, list), (name) => this.#shown(name));
    }
  }

  #shown(name: string): string {
    return this.#application.has(name) ? APPLICATION : name;
  }

  #add(
    path: Path,
    action: ChangeAction,
    from: JsonValue | undefined,
    to: JsonValue | undefined,
    kind: ChangeKind = kindOf(path),
  ): void {
    if (this.changes.length < MAX_CHANGES) this.changes.push({ kind, action, path, from, to });
  }
}

interface PlacedContainer {
  readonly list: string;
  readonly name: string;
  readonly container: JsonValue;
}

const NOWHERE: Pick<PlacedContainer, 'list' | 'name'> = { list: '', name: '' };

function placedContainers(spec: JsonObject): readonly PlacedContainer[] {
  return Object.keys(spec)
    .filter(isContainerList)
    .flatMap((list) => {
      const containers = spec[list];
      if (!Array.isArray(containers)) return [];
      return [...entriesOf(list, containers)].map(([name, container]) => ({ list, name, container }));
    });
}

/** Each container beside its other: the one of the same list and name, else the one of the same name that no other takes. */
function pairsOf(
  from: readonly PlacedContainer[],
  to: readonly PlacedContainer[],
): readonly (readonly [PlacedContainer | undefined, PlacedContainer | undefined])[] {
  const left = [...from];
  const take = (index: number): PlacedContainer | undefined => (index < 0 ? undefined : left.splice(index, 1)[0]);
  const inPlace = to.map((b) => [take(left.findIndex((a) => a.list === b.list && a.name === b.name)), b] as const);
  const found = inPlace.map(([a, b]) => [a ?? take(left.findIndex(({ name }) => name === b.name)), b] as const);
  return [...found, ...left.map((a) => [a, undefined] as const)];
}

function namesIn(placed: readonly PlacedContainer[], list: string): Entries {
  return new Map(placed.flatMap((each) => (each.list === list ? [[each.name, null] as const] : [])));
}

function memberOf(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? (object[key] ?? undefined) : undefined;
}

/** Maps that users fill, and lists, are told entry by entry also where the other pod has none of them. */
function emptyAs(key: string, other: JsonValue | undefined): JsonValue | undefined {
  if (Array.isArray(other)) return [];
  return isJsonObject(other) && ENTRY_MAPS.has(key) ? {} : undefined;
}

const ENTRY_MAPS: ReadonlySet<string> = new Set(['metadata', 'spec', 'labels', 'annotations']);

function actionOf(from: JsonValue | undefined, to: JsonValue | undefined): ChangeAction {
  if (from === undefined) return 'added';
  return to === undefined ? 'removed' : 'changed';
}

/** The names above a value say whether it is a quantity, and whether nothing is the same as `{}`. */
function isSame(parent: string, key: string, from: JsonValue | undefined, to: JsonValue | undefined): boolean {
  const within = (value: JsonValue | undefined): JsonObject => ({
    [parent]: value === undefined ? {} : { [key]: value },
  });
  return firstDifference(within(from), within(to)) === null;
}
