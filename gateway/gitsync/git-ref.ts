/** Names of branches, tags and commits, as users give them. */
import { sourceError } from './problem.ts';

export type RefQuery =
  | { readonly kind: 'head' }
  | { readonly kind: 'commit'; readonly commit: string }
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
