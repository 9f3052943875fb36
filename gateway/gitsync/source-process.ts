/**
 * The sources as the gateway sees them: kept by a process of their own (source-host.ts), which is asked things, says what is new, and is
 * replaced when it ends. What serves goes on serving meanwhile.
 *
 * A process, not a thread: git is started by forking, and what a fork costs, all threads pay for that share the memory; and what collects
 * garbage for a thread runs in threads that all of a process share, whose priority is that of requests.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type ErrorCode, GatewayError } from '../errors.ts';
import { PendingCalls } from '../service/calls.ts';
import type { Snapshot, SnapshotEntry, SnapshotSource, SourceControl, SourceStatus } from '../snapshot.ts';
import { SourceError } from './problem.ts';
import { SnapshotJoiner } from './snapshot-pieces.ts';
import type { SourceCall, SourceMethod, SourceMethods, SourceNews, SourceSetup } from './source-messages.ts';
import type { SyncEvent } from './sync-event.ts';
import { textOf } from './thrown.ts';

/**
 * V8's bound on what is new in a heap, in MB. What bin/meshgate.mjs says of it is for requests, of which little lives: while a file is read,
 * half of its tree is alive at each collection, and has to be copied.
 */
const YOUNG_GENERATION = '--max-semi-space-size';
const YOUNG_GENERATION_MB = 32;
const FOR_REQUESTS = [YOUNG_GENERATION, '--no-parallel-scavenge'];
/** A process that does not say a word in this time is not going to. */
const HELLO_LIMIT_MS = 30_000;
/** How long it may take to end by itself when it is told to. */
const STOP_LIMIT_MS = 5_000;
const RESTART_BASE_MS = 100;
const RESTART_MAX_MS = 60_000;

const UNKNOWN_STATUS: SourceStatus = {
  serving: null,
  fromState: false,
  observed: null,
  lastAttemptAt: null,
  lastSuccessAt: null,
  problems: [],
};

export interface SourceProcessOptions {
  readonly setup: SourceSetup;
  /** What the process runs, with this argument. */
  readonly program: URL;
  readonly argument: string;
  readonly report: (event: SyncEvent) => void;
  /** Told why a process ended that is going to be replaced. */
  readonly onLost: (reason: string) => void;
}

export class SourceProcess implements SnapshotSource, SourceControl {
  readonly #options: SourceProcessOptions;
  readonly #publishListeners = new Set<(snapshot: Snapshot) => void>();
  readonly #statusListeners = new Set<(status: SourceStatus) => void>();
  #host: Host | null = null;
  #current: Snapshot | null = null;
  #status = UNKNOWN_STATUS;
  #failures = 0;
  #restart: NodeJS.Timeout | null = null;
  #stopped = false;

  /** Starts the process, so that it is there when the sources are asked for. */
  constructor(options: SourceProcessOptions) {
    this.#options = options;
    this.#host = this.#fork();
  }

  current(): Snapshot | null {
    return this.#current;
  }

  status(): SourceStatus {
    return this.#status;
  }

  onPublish(listener: (snapshot: Snapshot) => void): () => void {
    this.#publishListeners.add(listener);
    return () => this.#publishListeners.delete(listener);
  }

  onStatus(listener: (status: SourceStatus) => void): () => void {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }

  async start(): Promise<void> {
    await this.#call('start', this.#options.setup);
  }

  sync(): Promise<SourceStatus> {
    return this.#call('sync', null);
  }

  trigger(): void {
    // A process that is being replaced looks at the sources anyway.
    this.#call('trigger', null).catch(() => undefined);
  }

  snapshots(): Promise<readonly SnapshotEntry[]> {
    return this.#call('snapshots', null);
  }

  rollback(to: string | null): Promise<SnapshotEntry> {
    return this.#call('rollback', to);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#restart !== null) clearTimeout(this.#restart);
    this.#publishListeners.clear();
    this.#statusListeners.clear();
    await this.#host?.stop();
  }

  #call<M extends SourceMethod>(
    method: M,
    argument: SourceMethods[M]['argument'],
  ): Promise<SourceMethods[M]['answer']> {
    return this.#host === null ? Promise.reject(endedError('it is being replaced')) : this.#host.call(method, argument);
  }

  #fork(): Host {
    const joiner = new SnapshotJoiner();
    const host: Host = new Host(this.#options, {
      news: (news) => this.#hear(news, joiner),
      ended: (reason) => this.#lost(host, reason),
    });
    return host;
  }

  #hear(news: Exclude<SourceNews, AnswerNews>, joiner: SnapshotJoiner): void {
    if (this.#stopped) return;
    switch (news.kind) {
      case 'hello':
        return;
      case 'event':
        this.#options.report(news.event);
        return;
      case 'status':
        this.#status = news.status;
        for (const listener of this.#statusListeners) this.#notify(() => listener(news.status));
        return;
      case 'revision':
        joiner.add(news.revision);
        return;
      case 'snapshot':
        this.#publish(joiner.join(news.outline, news.revisions));
    }
  }

  #publish(snapshot: Snapshot): void {
    this.#current = snapshot;
    for (const listener of this.#publishListeners) this.#notify(() => listener(snapshot));
  }

  #notify(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#options.report({ type: 'listener-failed', message: textOf(error) });
    }
  }

  #lost(host: Host, reason: string): void {
    if (this.#host !== host) return;
    this.#host = null;
    // Before anything has served it is for `start` to fail.
    if (this.#stopped || this.#current === null) return;
    this.#options.onLost(reason);
    const delay = Math.min(RESTART_BASE_MS * 2 ** Math.min(this.#failures, 16), RESTART_MAX_MS);
    this.#failures += 1;
    this.#restart = setTimeout(() => {
      const next = this.#fork();
      this.#host = next;
      next.call('start', this.#options.setup).then(
        () => {
          this.#failures = 0;
        },
        // It is replaced as one that ended; the sources may be there then.
        () => next.kill(),
      );
    }, delay);
  }
}

type AnswerNews = Extract<SourceNews, { readonly kind: 'answer' | 'failure' }>;

interface HostListener {
  readonly news: (news: Exclude<SourceNews, AnswerNews>) => void;
  /** Once, and not when it was told to stop. */
  readonly ended: (reason: string) => void;
}

/** One process. */
class Host {
  readonly #child: ChildProcess;
  readonly #calls = new PendingCalls();
  readonly #hello: Promise<void>;
  readonly #exited: Promise<void>;

  constructor({ program, argument }: Pick<SourceProcessOptions, 'program' | 'argument'>, listener: HostListener) {
    const child = fork(fileURLToPath(program), [argument], {
      execArgv: [
        ...process.execArgv.filter((each) => !FOR_REQUESTS.some((flag) => each.startsWith(flag))),
        `${YOUNG_GENERATION}=${YOUNG_GENERATION_MB}`,
      ],
      serialization: 'advanced',
      // The ready line has stdout to itself.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child = child;
    this.#exited = new Promise((resolve) => child.on('close', () => resolve()));
    this.#hello = new Promise((resolve, reject) => {
      const limit = setTimeout(() => child.kill('SIGKILL'), HELLO_LIMIT_MS);
      child.on('message', (message: unknown) => {
        const news = message as SourceNews;
        if (news.kind === 'answer') this.#calls.resolve(news.id, news.answer);
        else if (news.kind === 'failure') this.#calls.reject(news.id, errorOf(news));
        else if (news.kind === 'hello') {
          clearTimeout(limit);
          resolve();
        } else listener.news(news);
      });
      const onEnd = (reason: string): void => {
        clearTimeout(limit);
        const error = endedError(reason);
        reject(error);
        this.#calls.rejectAll(error);
        listener.ended(reason);
      };
      child.on('exit', (code, signal) => {
        onEnd(signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`);
      });
      child.on('error', (error) => onEnd(error.message));
    });
    this.#hello.catch(() => undefined);
  }

  /** Rejects with the process's coded error, or when it ends first. */
  async call<M extends SourceMethod>(
    method: M,
    argument: SourceMethods[M]['argument'],
  ): Promise<SourceMethods[M]['answer']> {
    await this.#hello;
    if (!this.#child.connected) throw endedError('it is gone');
    const answer = await this.#calls.ask((id, sent) => {
      const call: SourceCall<M> = { id, method, argument };
      this.#child.send(call, sent);
    });
    return answer as SourceMethods[M]['answer'];
  }

  async stop(): Promise<void> {
    const limit = setTimeout(() => this.kill(), STOP_LIMIT_MS);
    this.call('stop', null).catch(() => undefined);
    await this.#exited;
    clearTimeout(limit);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

function errorOf({ code, message, problems }: Extract<SourceNews, { kind: 'failure' }>): Error {
  const [first, ...others] = problems;
  return first === undefined ? new GatewayError(code as ErrorCode, message) : new SourceError([first, ...others]);
}

function endedError(reason: string): GatewayError {
  return new GatewayError('PROCESS_ENDED', `The process that keeps the sources ended: ${reason}.`);
}
