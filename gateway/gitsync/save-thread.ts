/** The thread that saves large snapshots: it gathers one, saves it, and says how that went. Requests come first where both want a core. */
import { parentPort } from 'node:worker_threads';
import type { RevisionSource } from '../../workers/protocol.ts';
import { lowerThreadPriority } from '../tap/low-priority.ts';
import type { SaveOrder, SaveReply } from './save-aside.ts';
import { saveState } from './state.ts';

lowerThreadPriority();

type Begun = Extract<SaveOrder, { readonly kind: 'snapshot' }>;

let begun: Begun | null = null;
const revisions = new Map<string, Map<string, RevisionSource>>();

parentPort?.on('message', (order: SaveOrder) => {
  if (order.kind === 'snapshot') begun = order;
  else if (order.kind === 'revision') {
    const { mesh, name } = order.revision;
    const ofMesh = revisions.get(mesh) ?? new Map();
    revisions.set(mesh, ofMesh.set(name, order.revision));
  } else if (begun !== null) {
    save(begun).then(
      (reply) => parentPort?.postMessage(reply),
      (error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        parentPort?.postMessage({ ok: false, message } satisfies SaveReply);
      },
    );
  }
});

async function save({ directory, source, outline, held }: Begun): Promise<SaveReply> {
  const meshes = new Map(
    [...outline.meshes].map(([name, mesh]) => [name, { ...mesh, revisions: revisions.get(name) ?? new Map() }]),
  );
  return { ok: true, record: await saveState(directory, source, { ...outline, meshes }, held) };
}
