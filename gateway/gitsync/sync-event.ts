/** What a source tells whoever keeps the log. */
import type { Problem } from '../snapshot.ts';

/** What happened, for the log. No member ever holds credentials. */
export type SyncEvent =
  | {
      readonly type: 'published';
      readonly revision: string;
      readonly meshes: number;
      readonly revisions: number;
      readonly parsedFiles: number;
      readonly compiledRevisions: number;
      /** What does not keep the commit from serving, but its author should know. */
      readonly warnings: readonly Problem[];
    }
  | { readonly type: 'unchanged'; readonly revision: string }
  /** `revision` is the commit that is not served, null when the source could not be read at all. */
  | {
      readonly type: 'rejected';
      readonly revision: string | null;
      readonly serving: string | null;
      readonly problems: readonly Problem[];
      readonly retryInMs: number | null;
    }
  /** `held` is the revision that does not serve until Git moves on from it. */
  | { readonly type: 'rolled-back'; readonly revision: string; readonly held: string | null }
  | { readonly type: 'served-from-state'; readonly revision: string }
  | { readonly type: 'state-ignored'; readonly problem: Problem }
  | { readonly type: 'state-not-saved'; readonly message: string }
  | { readonly type: 'repaired'; readonly message: string }
  | { readonly type: 'insecure-transport'; readonly source: string }
  | { readonly type: 'watch-failed'; readonly message: string }
  | { readonly type: 'listener-failed'; readonly message: string };
