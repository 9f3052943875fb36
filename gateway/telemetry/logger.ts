/**
 * The log: JSON lines on stderr, written synchronously so that none is lost when the process ends. A request that went well costs
 * nothing unless the level is `debug`; lines about failed ones are limited, for a storm of them must not slow the rest down.
 */
import type { Writable } from 'node:stream';
import { destination, type Level, type Logger, pino } from 'pino';
import type { Exchange } from '../admission/exchange.ts';
import type { Conclusion } from '../admission/outcome.ts';
import type { OutcomeKind, RequestSample } from './request-metrics.ts';

/** Request lines above debug in one second; the next second says how many were left out. */
const LINES_PER_SECOND = 100;

/** What became of a pod, in words like those of Linkerd's events. */
const EVENTS: Readonly<Record<OutcomeKind, string>> = {
  patched: 'Injected',
  skipped: 'InjectionSkipped',
  denied: 'InjectionDenied',
  failed: 'InjectionFailed',
};

export type { Logger };
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Makes the process's logger. */
export function createLogger(level: LogLevel, stream: Writable | null = null): Logger {
  const options = { level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` };
  const formatters = { level: (label: string) => ({ level: label }) };
  return pino({ ...options, formatters }, stream ?? destination({ fd: 2, sync: true }));
}

/** The log of requests. */
export class RequestLog {
  readonly #logger: Logger;
  readonly #now: () => number;
  #second = 0;
  #lines = 0;

  constructor(logger: Logger, now: () => number = Date.now) {
    this.#logger = logger;
    this.#now = now;
  }

  request(conclusion: Conclusion, sample: RequestSample, exchange: Exchange): void {
    const { warning } = exchange;
    // A warning is told however well the request went.
    const level: Level = warning !== null && conclusion.level === 'debug' ? 'info' : conclusion.level;
    if (!this.#logger.isLevelEnabled(level)) return;
    if (level !== 'debug' && !this.#allowed()) return;
    const fields = {
      event: EVENTS[sample.outcome],
      mesh: sample.mesh,
      revision: sample.revision,
      outcome: sample.outcome,
      reason: sample.reason,
      ...(sample.reasons.length > 0 ? { reasons: sample.reasons } : {}),
      ...(warning === null ? {} : { warning }),
      status: conclusion.status,
      uid: exchange.header?.uid,
      namespace: exchange.header?.namespace,
      url: exchange.head.url,
      durationMs: Math.round(sample.durationMs * 1_000) / 1_000,
    };
    this.#logger[level](fields, conclusion.message === '' ? 'request' : conclusion.message);
  }

  /** Something in the gateway itself threw. */
  fault(error: unknown): void {
    if (this.#allowed()) this.#logger.error({ err: error, code: 'INTERNAL' }, 'a request met a fault of the gateway');
  }

  #allowed(): boolean {
    const second = Math.floor(this.#now() / 1_000);
    if (second !== this.#second) {
      const omitted = this.#lines - LINES_PER_SECOND;
      if (omitted > 0) this.#logger.warn({ omitted }, 'request lines were left out of the log');
      this.#second = second;
      this.#lines = 0;
    }
    this.#lines += 1;
    return this.#lines <= LINES_PER_SECOND;
  }
}
