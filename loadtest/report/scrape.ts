/** Reads a gateway's /metrics once a second while a run lasts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { parseExposition, type Sample } from './exposition.ts';

const PERIOD_MS = 1_000;
const ANSWER_LIMIT_MS = 5_000;
/** An hour; what comes later is not kept. */
const SCRAPE_LIMIT = 3_600;
/** Of one answer. */
const BYTES_LIMIT = 32 * 1024 * 1024;

export interface Scrape {
  readonly atMs: number;
  readonly samples: readonly Sample[];
}

/** Throws an Error when the address does not answer with metrics. */
export async function scrapeOnce(admin: string): Promise<Scrape> {
  const answer = await request(`${admin}/metrics`, {
    headersTimeout: ANSWER_LIMIT_MS,
    bodyTimeout: ANSWER_LIMIT_MS,
    signal: AbortSignal.timeout(2 * ANSWER_LIMIT_MS),
  });
  if (answer.statusCode !== 200) {
    await answer.body.dump();
    throw new Error(`${admin}/metrics answered ${answer.statusCode}`);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer.body) {
    const part = chunk as Buffer;
    bytes += part.length;
    if (bytes > BYTES_LIMIT) throw new Error(`${admin}/metrics is longer than ${BYTES_LIMIT} bytes`);
    chunks.push(part);
  }
  return { atMs: Date.now(), samples: parseExposition(Buffer.concat(chunks).toString()) };
}

export class Scraper {
  readonly #admin: string;
  readonly #scrapes: Scrape[] = [];
  readonly #stopped = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  /** Readings that the gateway was too busy for. */
  failures = 0;

  constructor(admin: string) {
    this.#admin = admin;
  }

  /** Takes the first reading, whose failure rejects, and goes on. */
  async start(): Promise<void> {
    this.#scrapes.push(await scrapeOnce(this.#admin));
    this.#loop = this.#run();
  }

  /** Ends with a last reading, and returns all of them. */
  async stop(): Promise<readonly Scrape[]> {
    this.#stopped.abort();
    await this.#loop;
    await this.#take();
    return this.#scrapes;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted && this.#scrapes.length < SCRAPE_LIMIT) {
      await sleep(PERIOD_MS, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await this.#take();
    }
  }

  async #take(): Promise<void> {
    try {
      this.#scrapes.push(await scrapeOnce(this.#admin));
    } catch {
      this.failures += 1;
    }
  }
}
