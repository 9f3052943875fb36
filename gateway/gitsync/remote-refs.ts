/** Which commit a remote's ref has now, asked without fetching anything. */
import type { Git } from './git-command.ts';
import { highestTag, type RefQuery, shortName } from './git-ref.ts';
import { GIT_REMOTE_TIMEOUT_MS, MAX_TAGS_BYTES } from './limits.ts';
import { sourceError } from './problem.ts';

const MAX_REFS_BYTES = 1024 * 1024;
const TAGS = 'refs/tags/';

export interface RemoteRef {
  readonly name: string;
  /** What to ask for in a fetch: a ref, or a commit. */
  readonly wanted: string;
  readonly commit: string;
  /** The annotated tag that the ref is; null for anything else. */
  readonly tag: string | null;
}

/** Asks the remote; a commit needs no asking. @throws SourceError REF_MISSING, GitError */
export async function lookUp(
  git: Git,
  url: string,
  query: RefQuery,
  timeoutMs: number | undefined,
  signal: AbortSignal,
): Promise<RemoteRef> {
  if (query.kind === 'commit') {
    return { name: query.name ?? 'HEAD', wanted: query.commit, commit: query.commit, tag: null };
  }
  const options = { signal, timeoutMs: timeoutMs ?? GIT_REMOTE_TIMEOUT_MS };
  if (query.kind === 'semver') {
    const output = await git.run(['ls-remote', '--tags', '--', url], { ...options, maxOutputBytes: MAX_TAGS_BYTES });
    const { refs } = parseRefs(output);
    const names = [...refs.keys()].filter((name) => !name.endsWith('^{}')).map((name) => name.slice(TAGS.length));
    const tag = highestTag(query.range, names);
    if (tag !== null) return refOf(refs, `${TAGS}${tag}`, tag);
    throw sourceError('REF_MISSING', '', `no tag of the remote repository is a version within ${query.range.raw}`);
  }
  const patterns = query.kind === 'head' ? ['HEAD'] : query.candidates.flatMap((name) => [name, `${name}^{}`]);
  const output = await git.run(['ls-remote', '--symref', '--', url, ...patterns], {
    ...options,
    maxOutputBytes: MAX_REFS_BYTES,
  });
  const { refs, head } = parseRefs(output);
  if (query.kind === 'head') {
    const commit = refs.get('HEAD');
    if (commit === undefined)
      throw sourceError('REF_MISSING', '', 'the remote repository has no commit on its default branch');
    return { name: head === null ? 'HEAD' : shortName(head), wanted: 'HEAD', commit, tag: null };
  }
  const found = query.candidates.find((candidate) => refs.has(candidate));
  if (found !== undefined) return refOf(refs, found, query.name);
  throw sourceError('REF_MISSING', '', `there is no branch or tag ${query.name} in the remote repository (any more)`);
}

function refOf(refs: ReadonlyMap<string, string>, ref: string, name: string): RemoteRef {
  const object = refs.get(ref) ?? '';
  const peeled = refs.get(`${ref}^{}`);
  return { name, wanted: ref, commit: peeled ?? object, tag: peeled === undefined ? null : object };
}

/** `ref: REF TAB HEAD` tells the default branch, `OBJECT TAB REF` each ref, an annotated tag's commit as `REF^{}`. */
function parseRefs(output: string): { refs: Map<string, string>; head: string | null } {
  const refs = new Map<string, string>();
  let head: string | null = null;
  for (const line of output.split('\n')) {
    const [left = '', name = ''] = line.split('\t');
    if (left.startsWith('ref: ')) head = left.slice('ref: '.length);
    else if (name !== '') refs.set(name, left);
  }
  return { refs, head };
}
