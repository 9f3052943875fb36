/** Reviews at a constant rate, whether earlier ones were answered or not: a late answer keeps no later request from being sent. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { distinctReviews } from '../../fleet/fleet.ts';
import type { RunningGateway } from '../../gateway.ts';
import { nameOf } from './policies.ts';

const CONNECTIONS = 32;

/** One that was answered. */
export interface Answered {
  /** By the clock of the machine, in ms since 1970. */
  readonly sentAtMs: number;
  readonly durationMs: number;
}

export class Requests {
  readonly #reviews = distinctReviews({ seed: 1 });
  readonly #agent: Agent;
  readonly #urls: readonly string[];
  #next = 0;
  failed = 0;

  /** They ask for the first `inUse` revisions in turn. */
  constructor(gateway: Pick<RunningGateway, 'ca' | 'admission'>, inUse: number) {
    this.#agent = new Agent({ connect: { ca: readFileSync(gateway.ca) }, connections: CONNECTIONS, pipelining: 1 });
    this.#urls = Array.from(
      { length: inUse },
      (_, index) => `${gateway.admission}/inject/mesh/istio/rev/${nameOf(index)}?timeout=10s`,
    );
  }

  /** One after the other, for a gateway that has not been used. */
  async warmUp(count: number): Promise<void> {
    for (let sent = 0; sent < count; sent += 1) await this.#send();
  }

  /** Sends until `ended` resolves, and resolves with all requests when they are answered. */
  async run(ratePerSecond: number, ended: Promise<unknown>): Promise<readonly Answered[]> {
    const answered: Answered[] = [];
    const pending = new Set<Promise<void>>();
    let over = false;
    const end = ended.finally(() => {
      over = true;
    });
    const start = performance.now();
    for (let count = 0; !over; count += 1) {
      const waitMs = start + (count * 1_000) / ratePerSecond - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      const sent = this.#send().then((durationMs) => {
        answered.push({ sentAtMs: performance.timeOrigin + performance.now() - durationMs, durationMs });
        pending.delete(sent);
      });
      pending.add(sent);
    }
    await Promise.all([...pending, end]);
    return answered;
  }

  async #send(): Promise<number> {
    const body = JSON.stringify(this.#reviews.next().value);
    const url = this.#urls[this.#next++ % this.#urls.length] ?? '';
    const sentAtMs = performance.now();
    const headers = { 'content-type': 'application/json' };
    const answer = await request(url, { method: 'POST', headers, body, dispatcher: this.#agent });
    await answer.body.dump();
    if (answer.statusCode !== 200) this.failed += 1;
    return performance.now() - sentAtMs;
  }

  close(): Promise<void> {
    return this.#agent.close();
  }
}
