/** Names of branches, tags and commits, as users give them. */
import semver from 'semver';
import { sourceError } from './problem.ts';
import type { SourceSpec } from './source-spec.ts';

export type RefQuery =
  | { readonly kind: 'head' }
  /** `name` is the branch that is said to hold it, where one is named. */
  | { readonly kind: 'commit'; readonly commit: string; readonly name?: string }
  /** The tag of the highest version within `range`. */
  | { readonly kind: 'semver'; readonly range: semver.Range }
  /** The first of `candidates` that exists. */
  | { readonly kind: 'name'; readonly name: string; readonly candidates: readonly string[] };

const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/**
 * Reads `--ref`: nothing means what HEAD points to; a full object name is a commit; anything else a branch or, where there is none, a
 * tag; `refs/…` exactly that.
 * @throws SourceError REF_INVALID by the rules of git-check-ref-format.
 */
export function parseRef(ref: string | undefined): RefQuery {
  if (ref === undefined || ref === '' || ref === 'HEAD') return { kind: 'head' };
  if (COMMIT.test(ref)) return { kind: 'commit', commit: ref };
  if (!isRefName(ref))
    throw sourceError('REF_INVALID', '', `${JSON.stringify(ref)} is not a valid name of a branch, tag or commit`);
  if (ref.startsWith('refs/')) return { kind: 'name', name: shortName(ref), candidates: [ref] };
  return { kind: 'name', name: ref, candidates: [`refs/heads/${ref}`, `refs/tags/${ref}`] };
}

/**
 * Reads a source's `ref`: the text of `--ref`, or a GatewaySource's fields in Flux's order of precedence.
 * @throws SourceError REF_INVALID
 */
export function refQueryOf(ref: SourceSpec['ref']): RefQuery {
  if (ref === undefined || typeof ref === 'string') return parseRef(ref);
  const { branch, tag, semver: range, name, commit } = ref;
  if (commit !== undefined) return { kind: 'commit', commit, ...(branch === undefined ? {} : { name: branch }) };
  if (name !== undefined) return parseRef(name);
  if (range !== undefined) return { kind: 'semver', range: parseRange(range) };
  if (tag !== undefined) return parseRef(`refs/tags/${tag}`);
  return branch === undefined ? { kind: 'head' } : parseRef(`refs/heads/${branch}`);
}

/** Ranges as npm writes them, and as Flux does: a comma between two of them means both. */
function parseRange(text: string): semver.Range {
  try {
    return new semver.Range(text.replaceAll(/\s*,\s*/g, ' '));
  } catch {
    throw sourceError('REF_INVALID', '', `${JSON.stringify(text)} is not a range of semantic versions`);
  }
}

/** Of tags' names, the one of the highest version within the range; versions may begin with `v` and leave zeros out. */
export function highestTag(range: semver.Range, tags: Iterable<string>): string | null {
  let best: { readonly tag: string; readonly version: semver.SemVer } | null = null;
  for (const tag of tags) {
    const version = semver.parse(completeVersion(tag));
    if (version === null || !range.test(version)) continue;
    const order = best === null ? 1 : version.compare(best.version) || version.compareBuild(best.version);
    if (order > 0) best = { tag, version };
  }
  return best?.tag ?? null;
}

/** `v1.2` → `1.2.0` */
function completeVersion(tag: string): string {
  const parts = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?([-+].*)?$/.exec(tag);
  if (parts === null) return '';
  return `${parts[1]}.${parts[2] ?? 0}.${parts[3] ?? 0}${parts[4] ?? ''}`;
}

/** `refs/heads/main` → `main`; other namespaces keep theirs. */
export function shortName(ref: string): string {
  return ref.replace(/^refs\/(?:heads|tags)\//, '');
}

/** `main@sha1:…`; the digest's kind follows from its length. */
export function revisionOf(name: string, commit: string): string {
  return `${name}@${commit.length === 64 ? 'sha256' : 'sha1'}:${commit}`;
}

function isRefName(ref: string): boolean {
  if (
    ref.length > 255 ||
    ref.startsWith('-') ||
    ref.endsWith('.') ||
    ref === '@' ||
    ref.includes('@{') ||
    ref.includes('..')
  ) {
    return false;
  }
  // Control characters, blank, and what git's own syntax uses.
  if (/[\x00-\x20\x7f~^:?*[\\]/.test(ref)) return false;
  return ref.split('/').every((part) => part !== '' && !part.startsWith('.') && !part.endsWith('.lock'));
}
