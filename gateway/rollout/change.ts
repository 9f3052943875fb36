/** What is to be committed after a promotion, so that the files say what serves. */

export interface ChangeToCommit {
  /** Name of the source that holds the file; null where there is only one. */
  readonly source: string | null;
  /** The file that defines the mesh, from the root of its repository. */
  readonly file: string;
  /** As `git apply` takes it; null where the file names the default in a way that is not edited by itself. */
  readonly diff: string | null;
  /** The file as it is to be; null as well where it is longer than CHANGE_TEXT_LIMIT. */
  readonly text: string | null;
}

/** In characters. */
export const CHANGE_TEXT_LIMIT = 256 * 1024;

/** The revision (`main@sha1:…`) of the source with the file, out of that of a snapshot, which several sources may compose. */
export function revisionOfSource(snapshotRevision: string, source: string | null): string {
  if (source === null) return snapshotRevision;
  const parts = snapshotRevision.split(/(?<=@sha(?:1|256):[0-9a-f]+),/);
  return parts.find((part) => part.startsWith(`${source}/`))?.slice(source.length + 1) ?? snapshotRevision;
}

/** The commit of a revision; null for a plain folder. */
export function commitOf(revision: string): string | null {
  return revision.startsWith('dir@sha256:') ? null : (/@sha(?:1|256):([0-9a-f]+)$/.exec(revision)?.[1] ?? null);
}
