/**
 * Half of a rate, a flood, and half of the rate again, in one open loop: what comes is due whether or not earlier reviews have been answered.
 * Every review is followed from when it was due, and from when it was sent, since a generator of one core may be late itself.
 */
import { type Answered, classify } from '../../k6/classify.ts';
import { quantile } from '../statistics.ts';
import { Connection, type ConnectionListener } from './connection.ts';
import type { FloodCommand, FloodPart, FloodWindow, OpenCommand } from './protocol.ts';
import { makeRequests, type PreparedRequest } from './requests.ts';

const TICK_MS = 1;
/** Handshakes at once. */
const OPENING = 32;
/** How long the last answers may take. */
const LAST_ANSWERS_MS = 35_000;
/** A review that takes longer once the flood is over has not been done as before it. */
const CALM_ANSWER_MS = 250;

type Phase = 'before' | 'flood' | 'after';

interface Sent {
  readonly phase: Phase;
  readonly dueMs: number;
  sentMs: number;
  /** A connection ended before it answered. */
  failed: boolean;
}

interface Counts {
  readonly due: number[];
  readonly sent: number[];
  /** The first answer, as far as it is kept. */
  example?: string;
}

export class Flood implements ConnectionListener {
  readonly #command: FloodCommand;
  readonly #requests: readonly PreparedRequest[];
  readonly #url: URL;
  readonly #all = new Set<Connection>();
  #opening = 0;
  #free: Connection[] = [];
  readonly #underWay = new Map<Connection, Sent>();
  #waiting: Sent[] = [];
  #next = 0;
  #offered = 0;
  readonly #lateness: number[] = [];
  readonly #answers = new Map<string, Counts>();
  /** Patched answers that came while the flood lasted, to whatever had been sent. */
  #doneInFlood = 0;
  #floodEndMs = 0;
  #floodStartMs = 0;
  #lastBadDueMs = 0;
  #problem: Error | null = null;

  constructor({ urls, reviews }: OpenCommand, command: FloodCommand) {
    this.#command = command;
    this.#requests = makeRequests(
      urls.map((url) => url.replace(/timeout=\w+/, `timeout=${command.timeoutSeconds}s`)),
      reviews,
    );
    this.#url = new URL(urls[0] ?? '');
  }

  /** Opens its connections. */
  async connect(): Promise<void> {
    let begun = 0;
    const open = async (): Promise<void> => {
      while (begun++ < this.#command.connections) {
        const connection = await Connection.open(this.#url, this);
        this.#all.add(connection);
        this.#free.push(connection);
      }
    };
    await Promise.all(Array.from({ length: OPENING }, open));
  }

  async run(): Promise<FloodWindow> {
    const { calmPerSecond, calmMs, floodPerSecond, floodMs } = this.#command;
    this.#floodStartMs = performance.now() + calmMs;
    this.#floodEndMs = this.#floodStartMs + floodMs;
    await this.#phase('before', calmPerSecond, calmMs);
    const floodCpu = process.cpuUsage();
    await this.#phase('flood', floodPerSecond, floodMs);
    const { user, system } = process.cpuUsage(floodCpu);
    await this.#phase('after', calmPerSecond, calmMs);
    const limit = performance.now() + LAST_ANSWERS_MS;
    while (this.#underWay.size + this.#waiting.length > 0 && performance.now() < limit) await tick();
    if (this.#problem !== null) throw this.#problem;
    return {
      offered: this.#offered,
      acceptedPerSecond: this.#doneInFlood / (floodMs / 1_000),
      parts: [...this.#answers].map(([name, counts]) => this.#part(name, counts)),
      unanswered: this.#underWay.size + this.#waiting.length,
      sentLateMs: quantile(this.#lateness, 0.99),
      recoverySeconds: Math.max(0, this.#lastBadDueMs - this.#floodEndMs) / 1_000,
      ownBusy: (user + system) / 1_000 / floodMs,
    };
  }

  answered(connection: Connection, ok: boolean): void {
    const sent = this.#underWay.get(connection);
    if (sent === undefined) return;
    this.#underWay.delete(connection);
    this.#free.push(connection);
    const now = performance.now();
    const start = connection.answerStart();
    const kind = classify(ok ? 200 : connection.status, start);
    const expired = kind === 'refused' && start.includes('DEADLINE_EXCEEDED');
    const counts = this.#count(sent, expired ? 'expired' : kind, now);
    counts.example ??= `${connection.status} ${start}`;
    this.#sendWaiting(now);
  }

  /** A server may close what is idle just when a review is sent: that one is sent again, once, as Go's client does. */
  closed(connection: Connection, reason: string): void {
    this.#all.delete(connection);
    this.#free = this.#free.filter((each) => each !== connection);
    const sent = this.#underWay.get(connection);
    if (sent === undefined) return;
    this.#underWay.delete(connection);
    if (sent.failed) this.#problem ??= new Error(reason);
    sent.failed = true;
    this.#waiting.unshift(sent);
    this.#sendWaiting(performance.now());
  }

  close(): void {
    for (const connection of this.#all) connection.destroy();
  }

  async #reopen(): Promise<void> {
    this.#opening++;
    try {
      const connection = await Connection.open(this.#url, this);
      this.#all.add(connection);
      this.#free.push(connection);
    } catch (error) {
      this.#problem ??= error as Error;
    } finally {
      this.#opening--;
    }
    this.#sendWaiting(performance.now());
  }

  #count(sent: Sent, kind: Answered | 'expired', now: number): Counts {
    const { phase, dueMs, sentMs } = sent;
    const name = `${phase} ${kind}`;
    const counts: Counts = this.#answers.get(name) ?? { due: [], sent: [] };
    this.#answers.set(name, counts);
    counts.due.push(now - dueMs);
    counts.sent.push(now - sentMs);
    const patched = kind === 'patched';
    if (patched && now >= this.#floodStartMs && now < this.#floodEndMs) this.#doneInFlood++;
    if (phase === 'after' && (!patched || now - dueMs > CALM_ANSWER_MS)) {
      this.#lastBadDueMs = Math.max(this.#lastBadDueMs, dueMs);
    }
    return counts;
  }

  #part(name: string, { due, sent, example = '' }: Counts): FloodPart {
    const within = (values: readonly number[], limitMs: number): number =>
      values.filter((value) => value <= limitMs).length / values.length;
    const { refusedWithinMs, timeoutSeconds } = this.#command;
    return {
      name,
      count: due.length,
      example,
      promptSinceDue: within(due, refusedWithinMs),
      promptSinceSent: within(sent, refusedWithinMs),
      inTime: within(due, timeoutSeconds * 1_000),
      p50Ms: quantile(sent, 0.5),
      p99Ms: quantile(sent, 0.99),
      maxMs: quantile(due, 1),
    };
  }

  async #phase(phase: Phase, perSecond: number, ms: number): Promise<void> {
    const start = performance.now();
    for (let due = 0; this.#problem === null; ) {
      const now = performance.now();
      const dueByNow = Math.ceil((Math.min(now - start, ms) * perSecond) / 1_000);
      for (; due < dueByNow; due++) {
        // When it was due by the rate, not when the generator looked.
        const sent = { phase, dueMs: start + (due * 1_000) / perSecond, sentMs: 0, failed: false };
        if (phase === 'flood') this.#offered++;
        this.#waiting.push(sent);
      }
      this.#sendWaiting(now);
      if (now - start >= ms) return;
      await tick();
    }
  }

  #sendWaiting(now: number): void {
    let taken = 0;
    while (taken < this.#waiting.length) {
      const connection = this.#free.pop();
      if (connection === undefined) break;
      const sent = this.#waiting[taken++] as Sent;
      const count = this.#next++;
      sent.sentMs = now;
      this.#lateness.push(now - sent.dueMs);
      this.#underWay.set(connection, sent);
      connection.send((this.#requests[count % this.#requests.length] as PreparedRequest).renew(count));
    }
    if (taken > 0) this.#waiting = this.#waiting.slice(taken);
    const wanted = Math.min(this.#waiting.length, this.#command.connections - this.#all.size);
    while (this.#opening < wanted) void this.#reopen();
  }
}

function tick(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, TICK_MS));
}
