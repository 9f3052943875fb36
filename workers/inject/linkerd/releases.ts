/** Linkerd's releases: which there are, and which one a revision's injector is. */
import { type KnownName, type RevisionRelease, type ToldRelease, toldBy, unknownRelease } from '../release/told.ts';
import { linkerdPlace, placeOf } from './features.ts';

/** The last release known of each line. Since 2.15 a line's release is one of the edges; its later patches are not published. */
const LINES: ReadonlyMap<string, string> = new Map([
  ['2.14', 'stable-2.14.10'],
  ['2.15', 'edge-24.2.4'],
  ['2.16', 'edge-24.8.2'],
  ['2.17', 'edge-24.11.8'],
  ['2.18', 'edge-25.4.4'],
  ['2.19', 'edge-25.10.7'],
  ['2.20', 'edge-26.6.3'],
]);
const OLDEST = 'stable-2.14.0';
/** Of the edges that came before the oldest line, the last with its behaviour. */
const OLDEST_EDGE = 'edge-23.8.3';
const NEWEST = 'edge-26.8.3';
const MAIN = 'main';

export const NEWEST_RELEASE: RevisionRelease = { name: NEWEST, ...linkerdPlace(NEWEST), told: 'unknown' };

/** Names of lines with the release that each stands for, oldest first, the newest as `main`. */
export function linkerdReleases(): readonly (readonly [line: string, release: string])[] {
  return [...LINES, [MAIN, NEWEST]];
}

/** `stable-2.14.10`, `version-2.19`, `enterprise-2.18.3`, `v2.19`, `2.19`. */
const NAMED_LINE = /^(?:stable-|version-|enterprise-|v)?2\.(\d{1,3})(?:\.(\d{1,4}))?(?:[-+].{0,60})?$/;

/**
 * What a release's name stands for: the release, or a line's last one. Undefined for what names no release. What is newer than any known
 * release is the newest; what is older, the oldest; a later patch of a line, the line's last one known.
 */
export function readLinkerdRelease(text: string): KnownName | undefined {
  const name = text.trim();
  if (name === MAIN) return known(NEWEST);
  const edge = placeOf(name);
  if (edge !== undefined && name.startsWith('edge-')) return knownEdge(name, edge.patch);
  const match = NAMED_LINE.exec(name);
  if (match === null) return undefined;
  const [, minor = '', patch] = match;
  const last = LINES.get(`2.${minor}`);
  if (last === undefined) return Number(minor) < 14 ? tooOld(name) : tooNew(name);
  if (patch === undefined) return known(last);
  const exact = `stable-2.${minor}.${Number(patch)}`;
  const place = placeOf(exact);
  if (place !== undefined && place.patch <= linkerdPlace(last).patch) return known(exact);
  return {
    name: last,
    place: linkerdPlace(last),
    remark: `Linkerd ${name} is not published: its pods are made as ${last} makes them`,
  };
}

function knownEdge(name: string, patch: number): KnownName {
  if (patch > linkerdPlace(NEWEST).patch) return tooNew(name);
  return patch < linkerdPlace(OLDEST_EDGE).patch ? tooOld(name) : known(name);
}

function known(name: string): KnownName {
  return { name, place: linkerdPlace(name), remark: null };
}

function tooNew(name: string): KnownName {
  const remark = `Linkerd ${name} is newer than ${NEWEST}, the newest known: its pods are made as that one makes them`;
  return { name: NEWEST, place: linkerdPlace(NEWEST), remark };
}

function tooOld(name: string): KnownName {
  const remark = `Linkerd ${name} is older than ${OLDEST}, the oldest known: its pods are made as that one makes them`;
  return { name: OLDEST, place: linkerdPlace(OLDEST), remark };
}

/**
 * The release of a revision: `release` where it is given (undefined when it names none), else what `linkerdVersion` of the values names,
 * else the newest, with a warning.
 */
export function tellLinkerdRelease(release: string | undefined, linkerdVersion: string): ToldRelease | undefined {
  if (release !== undefined) {
    const named = readLinkerdRelease(release);
    return named && toldBy('release', 'release', named);
  }
  const named = readLinkerdRelease(linkerdVersion);
  if (named !== undefined) return toldBy('values', 'values', named);
  const message = `linkerdVersion ${JSON.stringify(linkerdVersion)} names no release of Linkerd: pods are made as ${NEWEST} makes them, unless the revision says its release`;
  return { release: NEWEST_RELEASE, warnings: [unknownRelease('values', message)] };
}
