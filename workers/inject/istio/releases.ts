/** Istio's releases: which there are, and which one a revision's injector is. */
import { sprint } from '../../template/printf.ts';
import type { JsonObject, JsonValue } from '../../template/value.ts';
import { type KnownName, type RevisionRelease, type ToldRelease, toldBy, unknownRelease } from '../release/told.ts';

/** The last patch known of each minor release, oldest first. 1.31 is the development branch as of 1.31.0-rc.0. */
const LAST_PATCHES: ReadonlyMap<number, number> = new Map([
  [20, 8],
  [21, 6],
  [22, 8],
  [23, 6],
  [24, 6],
  [25, 5],
  [26, 8],
  [27, 9],
  [28, 10],
  [29, 6],
  [30, 3],
  [31, 0],
]);
const OLDEST_MINOR = 20;
export const NEWEST_MINOR = 31;

/** The release that nothing tells otherwise. */
export const NEWEST_RELEASE: RevisionRelease = { name: '1.31.0', line: NEWEST_MINOR, patch: 0, told: 'unknown' };

/** All releases that are known, oldest first, e.g. for documentation and tests. */
export function istioReleases(): readonly string[] {
  return [...LAST_PATCHES].flatMap(([minor, last]) =>
    Array.from({ length: last + 1 }, (_, patch) => `1.${minor}.${patch}`),
  );
}

/** A release or an image's tag: `1.24.6`, `1.24`, `v1.24.6-distroless`, `1.30-alpha.8bb2`. */
const NAME = /^v?1\.(\d{1,3})(?:\.(\d{1,4})(?:\.[^.].{0,120})?)?(?:[-+].{1,120})?$/;

/**
 * What a release's name stands for: the patch, or a minor's last patch. Undefined for what names no release. What is newer than
 * any known release is the newest; of a known minor, the last patch known; what is older, the oldest.
 */
export function readIstioRelease(text: string): KnownName | undefined {
  const match = NAME.exec(text.trim());
  if (match === null) return undefined;
  const minor = Number(match[1]);
  const newest = nameOf(NEWEST_MINOR, 0);
  if (minor > NEWEST_MINOR) return standIn(NEWEST_MINOR, 0, `Istio ${text} is newer than ${newest}, the newest known`);
  const last = LAST_PATCHES.get(minor);
  if (last === undefined) {
    return standIn(OLDEST_MINOR, 0, `Istio ${text} is older than ${nameOf(OLDEST_MINOR, 0)}, the oldest known`);
  }
  const patch = match[2] === undefined ? last : Number(match[2]);
  if (patch > last) return standIn(minor, last, `Istio ${text} is not known`);
  return { name: nameOf(minor, patch), place: { line: minor, patch }, remark: null };
}

function standIn(minor: number, patch: number, why: string): KnownName {
  const name = nameOf(minor, patch);
  return { name, place: { line: minor, patch }, remark: `${why}: its pods are made as ${name} makes them` };
}

function nameOf(minor: number, patch: number): string {
  return `1.${minor}.${patch}`;
}

/** Where values tell of a release, most telling first: istiod's own tag, the tag of all images, the proxy's image. */
const TAGS: readonly (readonly string[])[] = [
  ['pilot', 'tag'],
  ['global', 'tag'],
];
const PROXY_IMAGE = ['global', 'proxy', 'image'];

/**
 * The release of a revision: `release` where it is given (undefined when it names none), else what the tags of the values name,
 * else the newest, with a warning. `values` is null where they could not be read.
 */
export function tellIstioRelease(release: string | undefined, values: JsonObject | null): ToldRelease | undefined {
  if (release !== undefined) {
    const known = readIstioRelease(release);
    return known && toldBy('release', 'release', known);
  }
  for (const tag of [...TAGS.map((path) => textAt(values, path)), tagOf(textAt(values, PROXY_IMAGE))]) {
    const known = readIstioRelease(tag);
    if (known !== undefined) return toldBy('values', 'values', known);
  }
  const message = `no image tag of the values names a release of Istio: pods are made as ${NEWEST_RELEASE.name} makes them, unless the revision says its release`;
  return { release: NEWEST_RELEASE, warnings: [unknownRelease('values', message)] };
}

function textAt(values: JsonObject | null, path: readonly string[]): string {
  let value: JsonValue = values;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, key)) return '';
    value = value[key] ?? null;
  }
  return typeof value === 'string' || typeof value === 'number' ? sprint(value) : '';
}

/** The tag of a whole image reference; '' for a name alone. */
function tagOf(image: string): string {
  const name = image.slice(image.lastIndexOf('/') + 1).split('@', 1)[0] ?? '';
  const colon = name.indexOf(':');
  return colon < 0 ? '' : name.slice(colon + 1);
}
