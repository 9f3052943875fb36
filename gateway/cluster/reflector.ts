/**
 * Keeps somebody informed of all objects of a kind: a list, page by page, then a watch from where the list was, resumed where it broke,
 * and a new list where that is not possible. It keeps no objects itself. What goes wrong is told once and tried again after a pause, for
 * as long as it runs; whoever is informed goes on with what is known.
 */
import { Backoff } from './backoff.ts';
import type { ClusterClient, Query } from './cluster-client.ts';
import { ClusterError, isStatus, messageOf } from './cluster-error.ts';
import { at, numberAt, textAt } from './kube-objects.ts';
import { listPages } from './list-pages.ts';

/** The apiserver ends a watch after so long, which moves connections to other apiservers now and then. */
const WATCH_SECONDS = 300;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 30_000;
/** A watch that lived for so long was a good one: the next failure is a first one again. */
const GOOD_WATCH_MS = 5_000;

export interface Sink {
  /** A list begins; what is put from now on, and nothing else, is there when it ends. */
  begin(): void;
  put(object: unknown): void;
  remove(object: unknown): void;
  /** The list has ended: all objects have been put. */
  complete(): void;
}

export interface ReflectorOptions {
  readonly client: ClusterClient;
  /** `/api/v1/pods` */
  readonly path: string;
  readonly query?: Query;
  readonly metadataOnly?: boolean;
  /** For people: `pods`. */
  readonly what: string;
  readonly sink: Sink;
  /** Called when the state of the watch changes, not with each try. */
  readonly onState?: (state: ReflectorState) => void;
  readonly longestPauseMs?: number;
}

/** In the words of a Kubernetes condition: whether the watch is up to date, and why not. */
export interface ReflectorState {
  readonly what: string;
  /** Whether a whole list was ever read. */
  readonly synced: boolean;
  /** Null: all is well. */
  readonly error: ClusterError | null;
  /** When `error` became what it is. */
  readonly since: Date;
}

export class Reflector {
  readonly #options: ReflectorOptions;
  readonly #stop = new AbortController();
  readonly #backoff: Backoff;
  #state: ReflectorState;
  #resourceVersion: string | null = null;
  #running: Promise<void> | null = null;
  readonly #synced = Promise.withResolvers<void>();

  constructor(options: ReflectorOptions) {
    this.#options = options;
    this.#backoff = new Backoff(FIRST_PAUSE_MS, options.longestPauseMs ?? LONGEST_PAUSE_MS);
    this.#state = { what: options.what, synced: false, error: null, since: new Date() };
  }

  get state(): ReflectorState {
    return this.#state;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Resolves with whether a whole list has been read, at the latest after `limitMs`. */
  async whenSynced(limitMs: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, limitMs);
    await Promise.race([this.#synced.promise, promise]);
    clearTimeout(timer);
    return this.#state.synced;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const sinceMs = performance.now();
      try {
        if (this.#resourceVersion === null) await this.#list();
        await this.#watch();
        if (performance.now() - sinceMs > GOOD_WATCH_MS) this.#backoff.reset();
        else await pause(this.#backoff.next(), this.#stop.signal);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        if (performance.now() - sinceMs > GOOD_WATCH_MS) this.#backoff.reset();
        this.#fail(error);
        await pause(Math.max(this.#backoff.next(), retryAfterOf(error)), this.#stop.signal);
      }
    }
  }

  async #list(): Promise<void> {
    const { client, path, query, metadataOnly, sink } = this.#options;
    const options = { query, metadataOnly: metadataOnly === true, signal: this.#stop.signal };
    let version = '';
    sink.begin();
    for await (const { items, resourceVersion } of listPages(client, path, options)) {
      for (const item of items) sink.put(item);
      version = resourceVersion;
    }
    sink.complete();
    this.#resourceVersion = version;
    this.#recover();
    this.#synced.resolve();
  }

  /** Ends without error when the apiserver has ended it. */
  async #watch(): Promise<void> {
    const { client, path, query, metadataOnly, sink } = this.#options;
    const resourceVersion = this.#resourceVersion ?? '';
    const timeoutSeconds = Math.round(WATCH_SECONDS * (1 + Math.random()));
    const { signal } = this.#stop;
    const options = { metadataOnly: metadataOnly === true, signal, onOpen: () => this.#recover() };
    try {
      const events = client.watch(path, { ...options, query: { ...query, resourceVersion, timeoutSeconds } });
      for await (const event of events) {
        const object = at(event, 'object');
        const type = textAt(event, 'type');
        if (type === 'ERROR') throw statusError(path, object);
        if (type === 'ADDED' || type === 'MODIFIED') sink.put(object);
        else if (type === 'DELETED') sink.remove(object);
        this.#resourceVersion = textAt(object, 'metadata', 'resourceVersion') || this.#resourceVersion;
      }
    } catch (error) {
      // What has been since is forgotten there.
      if (isStatus(error, 410) || isStatus(error, 400)) this.#resourceVersion = null;
      throw error;
    }
  }

  #recover(): void {
    if (this.#state.synced && this.#state.error === null) return;
    this.#tell({ ...this.#state, synced: true, error: null, since: new Date() });
  }

  #fail(error: unknown): void {
    // A watch that has to begin anew is nothing that anybody has to know.
    if (isStatus(error, 410)) return;
    const failure =
      error instanceof ClusterError
        ? error
        : new ClusterError('CLUSTER_FAILED', `${this.#options.what}: ${messageOf(error)}`, { cause: error });
    if (this.#state.error?.message === failure.message) return;
    this.#tell({ ...this.#state, error: failure, since: new Date() });
  }

  #tell(state: ReflectorState): void {
    this.#state = state;
    this.#options.onState?.(state);
  }
}

function statusError(path: string, status: unknown): ClusterError {
  const code = numberAt(status, 'code');
  const message = `the watch of ${path} ends with ${code}: ${textAt(status, 'message')}`;
  return new ClusterError('CLUSTER_FAILED', message, { status: code });
}

function retryAfterOf(error: unknown): number {
  return error instanceof ClusterError ? Math.min(error.retryAfterMs, LONGEST_PAUSE_MS) : 0;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
  });
}
