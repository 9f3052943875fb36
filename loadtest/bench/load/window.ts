/** What happens between a target and the generator in one window of time. */
import { quantile } from '../statistics.ts';
import type { Connection } from './connection.ts';
import type { LoadWindow } from './protocol.ts';

export class Window {
  readonly startMs = performance.now();
  readonly endMs: number;
  readonly #resolve: (result: LoadWindow) => void;
  readonly #reject: (error: Error) => void;
  readonly #latencies: number[] = [];
  #errors = 0;
  #bytes = 0;
  #lastMs = 0;
  /** Requests without an answer. */
  underWay = 0;
  /** Connections without a request, in an open loop; null in a closed one. */
  free: Connection[] | null = null;
  /** When the requests were due that no connection was free for. */
  readonly waiting: number[] = [];
  over = false;

  constructor(ms: number, resolve: (result: LoadWindow) => void, reject: (error: Error) => void) {
    this.endMs = this.startMs + ms;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  count(nowMs: number, latencyMs: number, ok: boolean, bytes: number): void {
    this.underWay--;
    this.#latencies.push(latencyMs);
    this.#bytes += bytes;
    this.#lastMs = nowMs;
    if (!ok) this.#errors++;
  }

  /** Ends the window when its time is over and every answer has come. */
  checkDone(): void {
    if (this.over || this.underWay > 0 || this.waiting.length > 0 || performance.now() < this.endMs) return;
    this.over = true;
    const requests = this.#latencies.length;
    this.#resolve({
      requests,
      errors: this.#errors,
      seconds: (this.#lastMs - this.startMs) / 1_000,
      p50Ms: quantile(this.#latencies, 0.5),
      p99Ms: quantile(this.#latencies, 0.99),
      maxMs: quantile(this.#latencies, 1),
      answerBytes: Math.round(this.#bytes / requests),
      ownCpuSeconds: 0,
    });
  }

  fail(error: Error): void {
    this.over = true;
    this.#reject(error);
  }
}
