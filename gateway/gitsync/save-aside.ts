/**
 * Saves a snapshot without keeping requests waiting: a small one at once, a large one in a thread of its own, which is told one revision
 * at a time. A hundred revisions of Istio's take a third of a second to write.
 */
import { setImmediate as yieldToEvents } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { RevisionSource } from '../../workers/protocol.ts';
import type { Snapshot } from '../snapshot.ts';
import { MAX_INLINE_SAVE_LENGTH, SAVE_MEMORY_MB, SAVE_TIMEOUT_MS } from './limits.ts';
import { type SnapshotRecord, saveState } from './state.ts';

/** What the thread is told: the snapshot without revisions, then each of these, then that there are no more. */
export type SaveOrder =
  | {
      readonly kind: 'snapshot';
      readonly directory: string;
      readonly source: string;
      readonly held: string | null;
      readonly outline: Snapshot;
    }
  | { readonly kind: 'revision'; readonly revision: RevisionSource }
  | { readonly kind: 'end' };

export type SaveReply =
  | { readonly ok: true; readonly record: SnapshotRecord }
  | { readonly ok: false; readonly message: string };

/** As saveState, in a thread where that is worth it. */
export async function saveStateAside(
  directory: string,
  source: string,
  snapshot: Snapshot,
  held: string | null,
): Promise<SnapshotRecord> {
  const revisions = [...snapshot.meshes.values()].flatMap((mesh) => [...mesh.revisions.values()]);
  if (revisions.reduce((sum, { spec }) => sum + lengthOf(spec), 0) <= MAX_INLINE_SAVE_LENGTH) {
    return saveState(directory, source, snapshot, held);
  }
  // The same folder holds TypeScript in a checkout and JavaScript in a build.
  const file = new URL(import.meta.url.endsWith('.ts') ? './save-thread.ts' : './save-thread.js', import.meta.url);
  const thread = new Worker(file, { resourceLimits: { maxOldGenerationSizeMb: SAVE_MEMORY_MB } });
  const tell = (order: SaveOrder): void => thread.postMessage(order);
  const reply = replyOf(thread);
  try {
    const meshes = new Map([...snapshot.meshes].map(([name, mesh]) => [name, { ...mesh, revisions: new Map() }]));
    tell({ kind: 'snapshot', directory, source, held, outline: { ...snapshot, meshes } });
    for (const revision of revisions) {
      tell({ kind: 'revision', revision });
      await yieldToEvents();
    }
    tell({ kind: 'end' });
    const saved = await reply;
    if (!saved.ok) throw new Error(saved.message);
    return saved.record;
  } finally {
    await thread.terminate();
  }
}

function lengthOf(spec: object): number {
  return Object.values(spec).reduce<number>((sum, text) => sum + (typeof text === 'string' ? text.length : 0), 0);
}

/** Never rejects. */
function replyOf(thread: Worker): Promise<SaveReply> {
  return new Promise((resolve) => {
    const fail = (message: string) => resolve({ ok: false, message });
    const timer = setTimeout(() => fail(`it takes more than ${SAVE_TIMEOUT_MS} ms to write`), SAVE_TIMEOUT_MS);
    thread.once('message', (reply: SaveReply) => resolve(reply));
    thread.once('error', (error) => fail(error instanceof Error ? error.message : String(error)));
    thread.once('exit', () => {
      clearTimeout(timer);
      fail('the thread that writes it ended');
    });
  });
}
