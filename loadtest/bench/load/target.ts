/**
 * A server under load: its connections, kept open from window to window, and the requests that go to it in turn.
 */
import { Connection, type ConnectionListener } from './connection.ts';
import { Flood } from './flood.ts';
import type { FloodCommand, FloodWindow, LoadWindow, OpenCommand } from './protocol.ts';
import { makeRequests, type PreparedRequest } from './requests.ts';
import { Window } from './window.ts';

/** Requests of an open loop that wait for a connection; more are a server that does not keep up. */
const WAITING_LIMIT = 100_000;
const TICK_MS = 1;

export class Target implements ConnectionListener {
  readonly url: URL;
  readonly #opened: OpenCommand;
  readonly #requests: readonly PreparedRequest[];
  readonly #size: number;
  #connections = new Set<Connection>();
  #next = 0;
  #window: Window | null = null;

  constructor(opened: OpenCommand) {
    const { urls, connections, reviews } = opened;
    this.#opened = opened;
    this.url = new URL(urls[0] ?? '');
    this.#requests = makeRequests(urls, reviews);
    this.#size = connections;
  }

  /** Opens the connections that are not there; an idle one may have been closed by the server since. */
  async connect(): Promise<void> {
    while (this.#connections.size < this.#size) this.#connections.add(await Connection.open(this.url, this));
  }

  /** Loads the server for `ms` as its answers come. */
  async capacity(ms: number): Promise<LoadWindow> {
    await this.connect();
    return this.#run(ms, (window) => {
      for (const connection of this.#connections) this.#send(connection, window, performance.now());
    });
  }

  /**
   * Sends `perSecond` for `ms`, evenly, as far as timers of a millisecond allow: what has become due since the last look is due now. To
   * look all the time would take a core, which is rarely there to take.
   */
  async rate(ms: number, perSecond: number): Promise<LoadWindow> {
    await this.connect();
    return this.#run(ms, (window) => {
      window.free = [...this.#connections];
      let due = 0;
      const tick = (): void => {
        if (window.over) return;
        const now = performance.now();
        // The whole window is `ms` to the last digit, which the difference of its ends need not be.
        const dueByNow = Math.ceil((Math.min(now - window.startMs, ms) * perSecond) / 1_000);
        for (; due < dueByNow; due++) window.waiting.push(now);
        this.#sendWaiting(window);
        if (window.waiting.length > WAITING_LIMIT) window.fail(new Error('the server does not keep up with the rate'));
        else if (now < window.endMs) setTimeout(tick, TICK_MS);
        else window.checkDone();
      };
      tick();
    });
  }

  /** Sends what its own connections could not: more at once, and more than the server does. */
  async flood(command: FloodCommand): Promise<FloodWindow> {
    const flood = new Flood(this.#opened, command);
    try {
      await flood.connect();
      return await flood.run();
    } finally {
      flood.close();
    }
  }

  answered(connection: Connection, ok: boolean, bytes: number): void {
    const window = this.#window;
    if (window === null) return;
    const now = performance.now();
    window.count(now, now - connection.sinceMs, ok, bytes);
    if (window.free !== null) {
      window.free.push(connection);
      this.#sendWaiting(window);
      window.checkDone();
    } else if (now < window.endMs) this.#send(connection, window, now);
    else window.checkDone();
  }

  closed(connection: Connection, reason: string): void {
    this.#connections.delete(connection);
    this.#window?.fail(new Error(reason));
  }

  close(): void {
    for (const connection of this.#connections) connection.destroy();
    this.#connections.clear();
  }

  async #run(ms: number, start: (window: Window) => void): Promise<LoadWindow> {
    const cpu = process.cpuUsage();
    try {
      const result = await new Promise<LoadWindow>((resolve, reject) => {
        const window = new Window(ms, resolve, reject);
        this.#window = window;
        start(window);
      });
      const { user, system } = process.cpuUsage(cpu);
      return { ...result, ownCpuSeconds: (user + system) / 1e6 };
    } finally {
      this.#window = null;
    }
  }

  #send(connection: Connection, window: Window, sinceMs: number): void {
    const count = this.#next++;
    const request = this.#requests[count % this.#requests.length];
    if (request === undefined) return;
    connection.sinceMs = sinceMs;
    window.underWay++;
    connection.send(request.renew(count));
  }

  #sendWaiting(window: Window): void {
    while (window.free !== null && window.free.length > 0) {
      const sinceMs = window.waiting.shift();
      if (sinceMs === undefined) return;
      const connection = window.free.pop();
      if (connection !== undefined) this.#send(connection, window, sinceMs);
    }
  }
}
