/**
 * What the process does that keeps a gateway's sources: it runs a source as its gateway tells it to, says what comes of it, and ends with
 * it. Fetching, parsing, trying and saving are done here, where neither their garbage nor git's start keeps requests waiting.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { collectAllGarbage } from '../../workers/garbage.ts';
import { packRevision } from '../../workers/packed-revision.ts';
import type { Snapshot, SnapshotSource, SourceControl } from '../snapshot.ts';
import { SourceError } from './problem.ts';
import { SnapshotSplitter } from './snapshot-pieces.ts';
import type { SourceCall, SourceMethod, SourceMethods, SourceNews, SourceSetup } from './source-messages.ts';
import type { SyncEvent } from './sync-event.ts';

/** A source with all it needs, and what has to be ended after it. */
export interface HostedSource {
  readonly source: SnapshotSource & SourceControl;
  close(): Promise<void>;
}

export interface SourceHostParts {
  /** Makes the source from what the gateway says at the start; `report` hands on what it tells for the log. */
  readonly open: (setup: SourceSetup, report: (event: SyncEvent) => void) => HostedSource;
  /** Called when the first snapshot serves: from now on requests come first. */
  readonly onServing: () => void;
}

/** How long after a snapshot its garbage is collected, in ms. */
const REST_MS = 2_000;
/** Between two revisions for a gateway that serves, in ms. */
const PAUSE_MS = 1;

/** Resolves when the gateway says `stop`, or is gone. Only for a process that was forked with IPC. */
export function hostSource({ open, onServing }: SourceHostParts): Promise<void> {
  return new Promise((resolve) => {
    const outbox = new Outbox();
    const splitter = new SnapshotSplitter();
    const rest = setTimeout(collectAllGarbage, REST_MS).unref();
    let hosted: HostedSource | null = null;
    let serving = false;
    const end = async (): Promise<void> => {
      await hosted?.source.stop();
      await hosted?.close();
    };
    const publish = (source: SnapshotSource, snapshot: Snapshot): void => {
      const { revisions, outline, digests } = splitter.split(snapshot);
      // Packed one at a time, when it is its turn.
      for (const revision of revisions) {
        outbox.post(() => ({ kind: 'revision', revision: packRevision(revision) }));
        if (serving) outbox.pause();
      }
      const status = source.status();
      outbox.post(() => ({ kind: 'status', status }));
      outbox.post(() => ({ kind: 'snapshot', outline, revisions: digests }));
      rest.refresh();
    };
    const handlers: { [M in SourceMethod]: (argument: SourceMethods[M]['argument']) => Promise<unknown> } = {
      start: async (setup) => {
        hosted = open(setup, (event) => outbox.post(() => ({ kind: 'event', event })));
        const { source } = hosted;
        source.onPublish((snapshot) => publish(source, snapshot));
        source.onStatus((status) => outbox.post(() => ({ kind: 'status', status })));
        try {
          await source.start();
        } finally {
          const status = source.status();
          outbox.post(() => ({ kind: 'status', status }));
        }
        onServing();
        serving = true;
        return null;
      },
      sync: () => needed(hosted).sync(),
      trigger: async () => {
        needed(hosted).trigger();
        return null;
      },
      snapshots: () => needed(hosted).snapshots(),
      rollback: (to) => needed(hosted).rollback(to),
      stop: async () => {
        await end();
        return null;
      },
    };
    process.on('message', ({ id, method, argument }: SourceCall) => {
      const handle = handlers[method] as (argument: unknown) => Promise<unknown>;
      handle(argument)
        .then(
          (answer) => outbox.post(() => ({ kind: 'answer', id, answer })),
          (error: unknown) => outbox.post(() => ({ kind: 'failure', id, ...describe(error) })),
        )
        .then(() => (method === 'stop' ? outbox.flushed() : undefined))
        .then(() => (method === 'stop' ? resolve() : undefined));
    });
    // Whoever kept the gateway's process from saying `stop` has ended it.
    process.on('disconnect', () => void end().finally(resolve));
    outbox.post(() => ({ kind: 'hello' }));
  });
}

/** Sends news one after the other, each when the one before is on its way: so much as a pipe holds is all that the gateway finds at once. */
class Outbox {
  #last: Promise<void> = Promise.resolve();

  /** `make`: makes the news when its turn has come. */
  post(make: () => SourceNews): void {
    this.#last = this.#last.then(() => send(make()));
  }

  /** Leaves the gateway a moment for its requests: what comes at once is read at once, up to 2 MB in a turn of its event loop. */
  pause(): void {
    this.#last = this.#last.then(() => sleep(PAUSE_MS));
  }

  flushed(): Promise<void> {
    return this.#last;
  }
}

/** Never rejects: a gateway that is gone needs no news. */
function send(news: SourceNews): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected) resolve();
    else process.send?.(news, undefined, {}, () => resolve());
  });
}

function needed(hosted: HostedSource | null): HostedSource['source'] {
  if (hosted === null) throw new Error('the process was not started');
  return hosted.source;
}

function describe(error: unknown): Pick<Extract<SourceNews, { kind: 'failure' }>, 'code' | 'message' | 'problems'> {
  const message = error instanceof Error ? error.message : String(error);
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'INTERNAL';
  return { code, message, problems: error instanceof SourceError ? error.problems : [] };
}
