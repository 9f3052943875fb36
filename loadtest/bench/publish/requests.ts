/**
 * Reviews at a constant rate, whether earlier ones were answered or not: a late answer keeps no later request from being sent. They are made
 * before, and sent by what leaves little garbage: a collection here would count as the gateway's.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningGateway } from '../../gateway.ts';
import { Connection, type ConnectionListener } from '../load/connection.ts';
import { makeRequests, type PreparedRequest } from '../load/requests.ts';
import { nameOf } from './policies.ts';

const CONNECTIONS = 32;
/** Reviews that are made; they come again as those of other workloads. */
const REVIEWS = 2_000;

/** One that was answered. */
export interface Answered {
  /** When it was due, by the clock of the machine, in ms since 1970. */
  readonly sentAtMs: number;
  readonly durationMs: number;
}

export class Requests implements ConnectionListener {
  readonly #url: URL;
  readonly #requests: readonly PreparedRequest[];
  #free: Connection[] = [];
  /** When those that wait for a connection were due. */
  #waiting: number[] = [];
  #underWay = 0;
  #next = 0;
  #answered: Answered[] = [];
  /** Called when nothing is under way any more. */
  #idle: (() => void) | null = null;
  #broken: Error | null = null;
  failed = 0;

  /** They ask for the first `inUse` revisions in turn. */
  constructor(gateway: Pick<RunningGateway, 'admission'>, inUse: number) {
    const urls = Array.from(
      { length: inUse },
      (_, index) => `${gateway.admission}/inject/mesh/istio/rev/${nameOf(index)}?timeout=10s`,
    );
    this.#url = new URL(gateway.admission);
    this.#requests = makeRequests(urls, { kind: 'distinct', count: REVIEWS, seed: 1, annotations: {} });
  }

  async open(): Promise<void> {
    this.#free = await Promise.all(Array.from({ length: CONNECTIONS }, () => Connection.open(this.#url, this)));
  }

  /** One after the other, for a gateway that has not been used. */
  async warmUp(count: number): Promise<void> {
    for (let sent = 0; sent < count; sent += 1) {
      this.#due(performance.now());
      await this.#settled();
    }
    this.#answered = [];
  }

  /** Sends until `ended` resolves, and resolves with all requests when they are answered. */
  async run(ratePerSecond: number, ended: Promise<unknown>): Promise<readonly Answered[]> {
    let over = false;
    const end = ended.finally(() => {
      over = true;
    });
    const start = performance.now();
    for (let count = 0; !over; count += 1) {
      const waitMs = start + (count * 1_000) / ratePerSecond - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      this.#due(performance.now());
    }
    await Promise.all([this.#settled(), end]);
    const answered = this.#answered;
    this.#answered = [];
    return answered;
  }

  answered(connection: Connection, ok: boolean): void {
    if (!ok) this.failed += 1;
    const { sinceMs } = connection;
    this.#answered.push({
      sentAtMs: performance.timeOrigin + sinceMs,
      durationMs: performance.now() - sinceMs,
    });
    this.#underWay -= 1;
    this.#free.push(connection);
    this.#send();
    if (this.#underWay === 0) this.#idle?.();
  }

  closed(_: Connection, reason: string): void {
    this.#broken = new Error(reason);
    this.#idle?.();
  }

  close(): void {
    for (const connection of this.#free) connection.destroy();
  }

  #due(atMs: number): void {
    this.#waiting.push(atMs);
    this.#send();
  }

  #send(): void {
    while (this.#waiting.length > 0 && this.#free.length > 0) {
      // The one that was idle longest: none is idle for so long that it is closed.
      const connection = this.#free.shift() as Connection;
      connection.sinceMs = this.#waiting.shift() as number;
      const count = this.#next++;
      const request = this.#requests[count % this.#requests.length] as PreparedRequest;
      this.#underWay += 1;
      connection.send(request.renew(count));
    }
  }

  async #settled(): Promise<void> {
    if (this.#broken === null && this.#underWay > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
      this.#idle = null;
    }
    if (this.#broken !== null) throw this.#broken;
  }
}
