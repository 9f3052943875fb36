/** A JSON value with places for values: what is the same for all is one shared object, the rest is made for each filling. */

import { markListRun, markMemberRun, markShared } from '../../jsonpatch/json-text.ts';
import { canonicalQuantity } from '../../kube/quantity.ts';
import type { JsonObject, JsonValue } from '../../template/value.ts';

/** Pieces of a string: text as it is, or the number of a hole. */
export type Pieces = readonly (string | number)[];

export type Skeleton =
  | { readonly kind: 'constant'; readonly value: JsonValue }
  | { readonly kind: 'text'; readonly pieces: Pieces }
  /** A text that is taken in its canonical form. */
  | { readonly kind: 'quantity'; readonly pieces: Pieces }
  | { readonly kind: 'object'; readonly base: JsonObject; readonly members: readonly (readonly [string, Skeleton])[] }
  | { readonly kind: 'list'; readonly items: readonly Skeleton[] };

/** Splits a string into pieces; null for one without holes. */
export type Split = (text: string) => Pieces | null;

/** Thrown for a key that would not become an ordinary member; no template has one in good faith. */
export class SkeletonError extends Error {
  override readonly name = 'SkeletonError';
}

/** Makes a skeleton of a value whose strings may hold holes. Keys hold none. */
export function skeletonOf(value: JsonValue, split: Split): Skeleton {
  if (typeof value === 'string') {
    const pieces = split(value);
    return pieces === null ? { kind: 'constant', value } : { kind: 'text', pieces };
  }
  if (typeof value !== 'object' || value === null) return { kind: 'constant', value };
  if (Array.isArray(value)) {
    const items = value.map((item) => skeletonOf(item, split));
    return items.every(({ kind }) => kind === 'constant') ? { kind: 'constant', value } : { kind: 'list', items };
  }
  const members: [string, Skeleton][] = [];
  for (const [key, item] of Object.entries(value)) {
    if (key === '__proto__' || split(key) !== null) throw new SkeletonError(`key ${JSON.stringify(key)}`);
    const member = skeletonOf(item, split);
    if (member.kind !== 'constant') members.push([key, member]);
  }
  return members.length === 0 ? { kind: 'constant', value } : { kind: 'object', base: value, members: members.slice() };
}

/** Says what of a skeleton's values is shared between fillings (json-text.ts). `taken`: constants are taken apart by whoever is given them. */
export function markSkeleton(skeleton: Skeleton, taken = false): void {
  switch (skeleton.kind) {
    case 'constant':
      markShared(skeleton.value);
      if (taken) for (const part of partsOf(skeleton.value)) markSkeleton({ kind: 'constant', value: part }, true);
      return;
    case 'list':
      for (const item of skeleton.items) markSkeleton(item, taken);
      for (const run of runsOf(skeleton.items, ({ kind }) => kind === 'constant')) {
        markListRun(run.map((item) => (item as Constant).value));
      }
      return;
    case 'object': {
      const own = new Map(skeleton.members);
      for (const member of own.values()) markSkeleton(member, taken);
      const all = Object.entries(skeleton.base);
      for (const [key, value] of all) if (!own.has(key)) markSkeleton({ kind: 'constant', value }, taken);
      for (const run of runsOf(all, ([key]) => !own.has(key))) {
        // What begins with a text can not be found again.
        const begin = run.findIndex(([, value]) => typeof value === 'object');
        if (begin >= 0) markMemberRun(run.slice(begin));
      }
      return;
    }
    default:
      return;
  }
}

function partsOf(value: JsonValue): readonly JsonValue[] {
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}

type Constant = Extract<Skeleton, { readonly kind: 'constant' }>;

/** The longest pieces of a list whose items all are of a kind. */
function runsOf<T>(items: readonly T[], isOfKind: (item: T) => boolean): T[][] {
  const runs: T[][] = [[]];
  for (const item of items) {
    if (isOfKind(item)) runs.at(-1)?.push(item);
    else runs.push([]);
  }
  return runs.filter((run) => run.length > 0);
}

/** The value with `holes` in their places. Constant parts are shared between calls. Throws QuantityError. */
export function fill(skeleton: Skeleton, holes: readonly string[]): JsonValue {
  switch (skeleton.kind) {
    case 'constant':
      return skeleton.value;
    case 'text':
      return fillText(skeleton.pieces, holes);
    case 'quantity':
      return canonicalQuantity(fillText(skeleton.pieces, holes));
    case 'list':
      return skeleton.items.map((item) => fill(item, holes));
    case 'object': {
      const object = { ...skeleton.base };
      for (const [key, member] of skeleton.members) object[key] = fill(member, holes);
      return object;
    }
  }
}

export function fillText(pieces: Pieces, holes: readonly string[]): string {
  let text = '';
  for (const piece of pieces) text += typeof piece === 'string' ? piece : holes[piece];
  return text;
}

/** All strings of a skeleton that hold holes. */
export function* textsOf(skeleton: Skeleton): Generator<Pieces> {
  if (skeleton.kind === 'text' || skeleton.kind === 'quantity') yield skeleton.pieces;
  else if (skeleton.kind === 'list') for (const item of skeleton.items) yield* textsOf(item);
  else if (skeleton.kind === 'object') for (const [, member] of skeleton.members) yield* textsOf(member);
}

/** The strings with holes that are members of an object, not elements of a list. */
export function* membersOf(skeleton: Skeleton): Generator<Pieces> {
  if (skeleton.kind === 'list') for (const item of skeleton.items) yield* membersOf(item);
  if (skeleton.kind !== 'object') return;
  for (const [, member] of skeleton.members) {
    if (member.kind === 'text') yield member.pieces;
    else yield* membersOf(member);
  }
}

/** The same skeleton with another part at a path such as `resources.limits.cpu` or `ports[0].name`, which has to be there. */
export function replaceAt(skeleton: Skeleton, path: readonly string[], part: Skeleton): Skeleton {
  const [segment, ...rest] = path;
  if (segment === undefined) return part;
  if (skeleton.kind === 'list') {
    return {
      ...skeleton,
      items: skeleton.items.map((item, at) => (String(at) === segment ? replaceAt(item, rest, part) : item)),
    };
  }
  if (skeleton.kind === 'constant' && Array.isArray(skeleton.value)) {
    const items = skeleton.value.map((value): Skeleton => ({ kind: 'constant', value }));
    return replaceAt({ kind: 'list', items }, path, part);
  }
  const base = skeleton.kind === 'object' ? skeleton.base : skeleton.kind === 'constant' ? skeleton.value : null;
  if (typeof base !== 'object' || base === null || Array.isArray(base) || !Object.hasOwn(base, segment)) {
    throw new SkeletonError(`no member ${JSON.stringify(segment)}`);
  }
  const members = skeleton.kind === 'object' ? skeleton.members : [];
  const before = members.find(([key]) => key === segment)?.[1] ?? { kind: 'constant', value: base[segment] ?? null };
  const replaced = replaceAt(before, rest, part);
  return { kind: 'object', base, members: [...members.filter(([key]) => key !== segment), [segment, replaced]] };
}
