/**
 * One listening process as its gateway sees it: asks it things and hears when it ends.
 */
import cluster, { type Worker } from 'node:cluster';
import { type ErrorCode, GatewayError } from '../errors.ts';
import type { TapEvent } from '../tap/tapped-review.ts';
import { PendingCalls } from './calls.ts';
import { type Call, type CallResult, HELLO, type Method, type Methods, type TapMessage } from './messages.ts';

/** A process that does not say a word in this time is not going to. */
const HELLO_LIMIT_MS = 30_000;

export class ListenerProcess {
  readonly #worker: Worker;
  readonly #calls = new PendingCalls();
  readonly #hello: Promise<void>;
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
  /** It listens and can take requests. */
  listening = false;
  /** Told what the process has tapped. */
  onTap: ((event: TapEvent) => void) | null = null;

  /** Forks a process as node:cluster is set up. */
  constructor(onEnd: (process: ListenerProcess, reason: string) => void) {
    const worker = cluster.fork();
    this.#worker = worker;
    this.ended = new Promise((resolve) => worker.on('exit', () => resolve()));
    this.#hello = new Promise((resolve, reject) => {
      const limit = setTimeout(() => reject(endedError('it did not start in time')), HELLO_LIMIT_MS);
      worker.on('message', (message: unknown) => {
        if (message === HELLO) {
          clearTimeout(limit);
          resolve();
        } else if (isTap(message)) this.onTap?.(message.tap);
        else this.#answered(message as CallResult);
      });
      worker.on('exit', (code, signal) => {
        clearTimeout(limit);
        this.listening = false;
        const reason = signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`;
        const error = endedError(reason);
        reject(error);
        this.#calls.rejectAll(error);
        onEnd(this, reason);
      });
      worker.on('error', () => undefined);
    });
    this.#hello.catch(() => undefined);
  }

  /** Asks for something. Rejects with the process's coded error, or when it ends first. */
  async call<M extends Method>(method: M, argument: Methods[M]['argument']): Promise<Methods[M]['answer']> {
    await this.#hello;
    if (!this.#worker.isConnected()) throw endedError('it is gone');
    const answer = this.#calls.ask((id, sent) => {
      const call: Call<M> = { id, method, argument };
      this.#worker.send(call, sent);
    });
    return (await answer) as Methods[M]['answer'];
  }

  kill(): void {
    this.#worker.process.kill('SIGKILL');
  }

  #answered(result: CallResult): void {
    if (result.ok) this.#calls.resolve(result.id, result.answer);
    else this.#calls.reject(result.id, new GatewayError(result.code as ErrorCode, result.message));
  }
}

function isTap(message: unknown): message is TapMessage {
  return typeof message === 'object' && message !== null && 'tap' in message;
}

function endedError(reason: string): GatewayError {
  return new GatewayError('PROCESS_ENDED', `A listening process ended: ${reason}.`);
}
