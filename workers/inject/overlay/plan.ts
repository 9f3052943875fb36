/**
 * What all renders of one path have in common, worked out once: the parsed overlay with holes, and typed forms of its elements. A
 * render whose values are safe in their holes fills the plan; any other is parsed as text. Both give the same.
 */
import { isDeepStrictEqual } from 'node:util';
import { QuantityError } from '../../kube/quantity.ts';
import { normalizeTyped, TypedPodError } from '../../kube/typed-pod.ts';
import { shareText } from '../../template/narrow.ts';
import type { JsonObject, JsonValue } from '../../template/value.ts';
import { parseYaml } from '../../yaml/parse.ts';
import { beginsString, findHoles, type Hole, type HoleStyle, isSafe, isString } from './hole.ts';
import { joinPath, type Path } from './path.ts';
import {
  fill,
  fillText,
  markSkeleton,
  membersOf,
  type Pieces,
  replaceAt,
  type Skeleton,
  SkeletonError,
  skeletonOf,
  textsOf,
} from './skeleton.ts';
import { type OverlayElement, type RenderedOverlay, TYPED_LISTS, type TypedList } from './typed-lists.ts';

/** A hole of the path, by its number: either free, or with the only value that the plan is for. */
type PlannedHole = { readonly style: HoleStyle } | { readonly fixed: string };

/** Free ones are as many as styles. */
const freeHoles = new Map<HoleStyle, PlannedHole>();

function plannedHole(style: HoleStyle | null, value: string): PlannedHole {
  if (style === null) return { fixed: shareText(value) };
  const known = freeHoles.get(style) ?? { style };
  freeHoles.set(style, known);
  return known;
}

interface PlannedElement {
  readonly name: Skeleton;
  /** The same for all values; null where it holds holes. */
  readonly constant: OverlayElement | null;
  readonly raw: Skeleton;
  /** null where no typed form could be worked out. */
  readonly typed: TypedSkeleton | null;
}

interface TypedSkeleton {
  readonly skeleton: Skeleton;
  /** Members that Go's types would leave out if they were empty: then the typed form is another one. */
  readonly emptiable: readonly Pieces[];
}

interface PlannedList {
  readonly list: TypedList;
  readonly elements: readonly PlannedElement[];
  /** The elements, where they are the same for all values and can be told apart. */
  readonly constant: readonly OverlayElement[] | null;
}

function plannedList(list: TypedList, elements: readonly PlannedElement[]): PlannedList {
  const constant: OverlayElement[] = [];
  for (const element of elements) if (element.constant !== null) constant.push(element.constant);
  const same = constant.length === elements.length && !hasTwins(constant);
  return { list, elements, constant: same ? constant : null };
}

/** Lists up to here are compared pair by pair. */
const FEW_ELEMENTS = 12;

/** Whether two elements have one name. */
function hasTwins(elements: readonly OverlayElement[]): boolean {
  if (elements.length > FEW_ELEMENTS) return new Set(elements.map(({ name }) => name)).size < elements.length;
  for (let i = 1; i < elements.length; i++) {
    const { name } = elements[i] as OverlayElement;
    for (let j = 0; j < i; j++) if ((elements[j] as OverlayElement).name === name) return true;
  }
  return false;
}

export class OverlayPlan {
  readonly #holes: readonly PlannedHole[];
  /** Scalars without quotes that a value could turn into a number. */
  readonly #doubtful: readonly Pieces[];
  readonly #base: Skeleton;
  readonly #lists: readonly PlannedList[];

  constructor(
    holes: readonly PlannedHole[],
    doubtful: readonly Pieces[],
    base: Skeleton,
    lists: ReadonlyMap<TypedList, readonly PlannedElement[]>,
  ) {
    this.#holes = holes;
    this.#doubtful = doubtful;
    this.#base = base;
    this.#lists = [...lists].map(([list, elements]) => plannedList(list, elements));
  }

  /** The overlay with these values; null where the plan can not tell what it means. */
  fill(values: readonly string[]): RenderedOverlay | null {
    const holes = this.#safeValues(values);
    if (holes === null) return null;
    const lists = new Map<TypedList, readonly OverlayElement[]>();
    for (const { list, elements, constant } of this.#lists) {
      if (constant !== null) {
        lists.set(list, constant);
        continue;
      }
      const filled = elements.map((element) => element.constant ?? new FilledElement(element, holes));
      // Elements of one name would have to be merged with each other.
      if (hasTwins(filled)) return null;
      lists.set(list, filled);
    }
    return { base: fill(this.#base, holes) as JsonObject, lists };
  }

  #safeValues(values: readonly string[]): readonly string[] | null {
    const planned = this.#holes;
    let holes = values;
    for (let index = 0; index < planned.length; index++) {
      const hole = planned[index] as PlannedHole;
      const value = values[index] as string;
      if ('fixed' in hole) {
        if (hole.fixed !== value) return null;
      } else {
        if (!isSafe(hole.style, value)) return null;
        if (hole.style === 'quoted') {
          if (holes === values) holes = values.slice();
          (holes as string[])[index] = value.slice(1, -1);
        }
      }
    }
    for (const pieces of this.#doubtful) if (!isString(fillText(pieces, holes))) return null;
    return holes;
  }
}

function plannedElement(name: Skeleton, raw: Skeleton, typed: TypedSkeleton | null): PlannedElement {
  const element = { name, raw, typed, constant: null };
  const same = raw.kind === 'constant' && (typed === null || typed.skeleton.kind === 'constant');
  return same ? { ...element, constant: new FilledElement(element, []) } : element;
}

class FilledElement implements OverlayElement {
  readonly name: string;
  readonly #planned: PlannedElement;
  readonly #holes: readonly string[];
  #typed: JsonObject | null = null;
  constructor(planned: PlannedElement, holes: readonly string[]) {
    this.name = fill(planned.name, holes) as string;
    this.#planned = planned;
    this.#holes = holes;
  }
  raw(): JsonObject {
    return fill(this.#planned.raw, this.#holes) as JsonObject;
  }
  typed(): JsonObject | null {
    this.#typed ??= this.#fillTyped();
    return this.#typed;
  }
  #fillTyped(): JsonObject | null {
    const { typed } = this.#planned;
    if (typed === null) return null;
    for (const pieces of typed.emptiable) if (fillText(pieces, this.#holes) === '') return null;
    try {
      return fill(typed.skeleton, this.#holes) as JsonObject;
    } catch (error) {
      if (error instanceof QuantityError) return null;
      throw error;
    }
  }
}

/** Stands for a quantity while types are checked; anything but a quantity refuses it too. */
const SOME_QUANTITY = '1';

/** Rounds of fixing holes that turn out not to be free after all. */
const MAX_ROUNDS = 4;

/**
 * Makes the plan of a path from one render of it, whose text means `parsed`. Null where no plan can be made: such paths are
 * parsed each time.
 */
export function planOverlay(path: Path, values: readonly string[], parsed: JsonObject): OverlayPlan | null {
  const holes = findHoles(path, values);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const attempt = new Attempt(path, values, holes);
    const plan = attempt.plan(parsed);
    if (plan !== 'again') return plan;
    for (const index of attempt.misplaced) holes[index] = { ...(holes[index] as Hole), style: null };
  }
  return null;
}

/** One try to plan with a given choice of free holes. */
class Attempt {
  /** Holes that are not free after all. */
  readonly misplaced = new Set<number>();
  readonly #path: Path;
  readonly #values: readonly string[];
  readonly #holes: readonly Hole[];
  readonly #mark: string;

  constructor(path: Path, values: readonly string[], holes: readonly Hole[]) {
    this.#path = path;
    this.#values = values;
    this.#holes = holes;
    this.#mark = unusedWord(joinPath(path, values));
  }

  plan(parsed: JsonObject): OverlayPlan | null | 'again' {
    const marked = this.#values.map((value, index) => this.#marked(value, index));
    const document = withSharedTexts(parseYaml(joinPath(this.#path, marked)));
    try {
      const skeleton = skeletonOf(document, (text) => this.#split(text));
      const seen = new Set([...textsOf(skeleton)].flat().filter((piece) => typeof piece === 'number'));
      this.#holes.forEach(({ style }, index) => {
        if (style !== null && !seen.has(index)) this.misplaced.add(index);
      });
      if (this.misplaced.size > 0) return 'again';
      const inner = this.#values.map((value, index) =>
        this.#holes[index]?.style === 'quoted' ? value.slice(1, -1) : value,
      );
      if (!isDeepStrictEqual(fill(skeleton, inner), parsed)) return null;
      return this.#build(document as JsonObject, skeleton);
    } catch (error) {
      if (error instanceof SkeletonError) return null;
      throw error;
    }
  }

  #marked(value: string, index: number): string {
    const style = this.#holes[index]?.style ?? null;
    if (style === null) return value;
    const word = `${this.#mark}${index}${this.#mark}`;
    return style === 'quoted' ? `"${word}"` : word;
  }

  #split(text: string): Pieces | null {
    if (!text.includes(this.#mark)) return null;
    // Text and number of a hole by turns. What a filter returns has room for more, and there are thousands of these.
    const pieces = text.split(this.#mark).map((part, index) => (index % 2 === 0 ? part : Number(part)));
    return pieces.filter((piece) => piece !== '').slice();
  }

  #build(document: JsonObject, skeleton: Skeleton): OverlayPlan | 'again' {
    const lists = new Map<TypedList, readonly PlannedElement[]>();
    const spec = document['spec'];
    let base = document;
    if (typeof spec === 'object' && spec !== null && !Array.isArray(spec)) {
      const rest = { ...spec };
      for (const [list, type] of TYPED_LISTS) {
        const elements = this.#elements(spec[list], type);
        if (this.misplaced.size > 0) return 'again';
        if (elements === null) continue;
        lists.set(list, elements);
        delete rest[list];
      }
      base = { ...document, spec: rest };
    }
    const holes = this.#holes.map(({ style }, index) => plannedHole(style, this.#values[index] ?? ''));
    const baseSkeleton = skeletonOf(base, (text) => this.#split(text));
    markSkeleton(baseSkeleton, true);
    return new OverlayPlan(holes, this.#doubtful(skeleton), baseSkeleton, lists);
  }

  /** Scalars without quotes whose beginning does not tell that they are strings. */
  #doubtful(skeleton: Skeleton): Pieces[] {
    const doubtful = [...textsOf(skeleton)].filter((pieces) => {
      const plain = pieces.some((piece) => {
        const style = typeof piece === 'number' ? this.#holes[piece]?.style : null;
        return style === 'plain' || style === 'flow';
      });
      const [first] = pieces;
      return plain && !(typeof first === 'string' && beginsString(first));
    });
    return doubtful.slice();
  }

  /** The elements of a list that merges by name, where each has a name and nothing that steers the merge. */
  #elements(list: JsonValue | undefined, type: string): PlannedElement[] | null {
    if (!Array.isArray(list)) return null;
    const split = (text: string) => this.#split(text);
    const elements: PlannedElement[] = [];
    for (const element of list) {
      if (typeof element !== 'object' || element === null || Array.isArray(element)) return null;
      const { name } = element;
      if (typeof name !== 'string' || hasDirectives(element)) return null;
      const typed = this.#typed(element, type);
      if (typed === 'again') return null;
      const raw = skeletonOf(element, split);
      markSkeleton(raw);
      // Mostly they are one, and kept once.
      const same = typed !== null && isDeepStrictEqual(typed.skeleton, raw);
      if (typed !== null && !same) markSkeleton(typed.skeleton);
      elements.push(plannedElement(skeletonOf(name, split), raw, same ? { ...typed, skeleton: raw } : typed));
    }
    return elements;
  }

  /**
   * The typed form with its holes; null where the types do not take it. A hole that they refuse is one of a quantity, which has
   * a canonical form, or is not free.
   */
  #typed(element: JsonObject, type: string): TypedSkeleton | null | 'again' {
    const split = (text: string) => this.#split(text);
    const quantities: [path: string[], pieces: Pieces][] = [];
    let tried: JsonValue = element;
    for (;;) {
      try {
        const typed = normalizeTyped(type, tried) as JsonObject;
        if (typed['name'] !== element['name']) return null;
        let skeleton = skeletonOf(typed, split);
        const emptiable = [...membersOf(skeleton)].filter((pieces) => this.#mayBeEmpty(pieces)).slice();
        for (const [path, pieces] of quantities) skeleton = replaceAt(skeleton, path, { kind: 'quantity', pieces });
        return { skeleton, emptiable };
      } catch (error) {
        if (!(error instanceof TypedPodError)) throw error;
        const path = error.path.split(/[.[\]]+/).filter((segment) => segment !== '');
        const refused = valueAt(tried, path);
        const pieces = typeof refused === 'string' ? split(refused) : null;
        if (pieces !== null) {
          quantities.push([path, pieces]);
          tried = withValueAt(tried, path, SOME_QUANTITY);
        } else return this.#misplace(quantities.at(-1));
      }
    }
  }

  /** What was no quantity after all. */
  #misplace(last: readonly [path: string[], pieces: Pieces] | undefined): 'again' | null {
    const before = this.misplaced.size;
    for (const piece of last?.[1] ?? []) if (typeof piece === 'number') this.misplaced.add(piece);
    return this.misplaced.size > before ? 'again' : null;
  }

  #mayBeEmpty(pieces: Pieces): boolean {
    return pieces.every((piece) => {
      const style = typeof piece === 'number' ? this.#holes[piece]?.style : null;
      return style === 'double' || style === 'single' || style === 'quoted';
    });
  }
}

/**
 * With texts that do not keep the whole document that they are parts of, and are the same ones in all plans, and with lists that have no
 * room for more elements. Changes the value.
 */
function withSharedTexts(value: JsonValue): JsonValue {
  if (typeof value === 'string') return shareText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withSharedTexts);
  const members = value as { [key: string]: JsonValue };
  for (const key of Object.keys(members)) {
    // A key of a member that is no own one makes no plan (skeleton.ts).
    if (key !== '__proto__') members[key] = withSharedTexts(members[key] ?? null);
  }
  return value;
}

/** A word of letters that the text does not hold. */
function unusedWord(text: string): string {
  let word = 'hole';
  while (text.includes(word)) word += 'x';
  return word;
}

function hasDirectives(value: JsonValue): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(hasDirectives);
  return Object.entries(value).some(([key, item]) => key.startsWith('$') || hasDirectives(item));
}

/** The member at a path; null where there is none. */
function valueAt(value: JsonValue, path: readonly string[]): JsonValue {
  let at: JsonValue = value;
  for (const segment of path) {
    if (typeof at !== 'object' || at === null) return null;
    const container: JsonValue = at;
    at = (Array.isArray(container) ? container[Number(segment)] : container[segment]) ?? null;
  }
  return at;
}

/** A copy with another value at a path, which has to be there. */
function withValueAt(value: JsonValue, [segment, ...rest]: readonly string[], part: JsonValue): JsonValue {
  if (segment === undefined) return part;
  if (Array.isArray(value))
    return value.map((item, at) => (String(at) === segment ? withValueAt(item, rest, part) : item));
  const object = value as JsonObject;
  return { ...object, [segment]: withValueAt(object[segment] ?? null, rest, part) };
}
