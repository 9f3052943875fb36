/** Which of the saved snapshots somebody means. */
import type { SnapshotEntry } from '../snapshot.ts';
import { sourceError } from './problem.ts';

const SHORTEST_COMMIT = 7;

/**
 * @param entries the newest first.
 * @param to an id, a revision, or the beginning (seven digits at least) of an id or of a commit's; null: the one before what serves.
 * @throws SourceError SNAPSHOT_UNKNOWN
 */
export function findSnapshot(entries: readonly SnapshotEntry[], to: string | null): SnapshotEntry {
  if (to === null) {
    const at = entries.findIndex(({ serving }) => serving);
    const before = entries[at + 1];
    if (before !== undefined) return before;
    throw sourceError('SNAPSHOT_UNKNOWN', '', 'there is no snapshot before the one that serves');
  }
  const exact = entries.find(({ id, revision }) => id === to || revision === to);
  if (exact !== undefined) return exact;
  const beginning = /^[0-9a-f]+$/.test(to) && to.length >= SHORTEST_COMMIT;
  const found = beginning
    ? entries.filter((entry) => entry.id.startsWith(to) || entry.revision.includes(`:${to}`))
    : [];
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const known = entries.map(({ id, revision }) => `${id} (${revision})`).join(', ');
  const what = found.length > 1 ? `several saved snapshots begin with ${to}` : `no saved snapshot is called ${to}`;
  throw sourceError('SNAPSHOT_UNKNOWN', '', `${what}; there are ${known === '' ? 'none' : known}`);
}
