/**
 * An HTTP request and response as an admission exchange: reads the body within its limits, sends the answer in one write, and keeps
 * the connection open just long enough for the caller to see a refusal.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { performance } from 'node:perf_hooks';
import { TLSSocket } from 'node:tls';
import type { Exchange, Reply } from '../admission/exchange.ts';
import type { AdmissionHandler } from '../admission/handler.ts';
import { type AnswerText, textOf } from '../pool/placed-answer.ts';
import type { Arrival } from './arrival-list.ts';
import { BODY_LIMIT_BYTES, DISCARD_LIMIT_BYTES, DISCARD_LIMIT_MS } from './limits.ts';

export type HttpRequest = IncomingMessage | Http2ServerRequest;
export type HttpResponse = ServerResponse | Http2ServerResponse;

export interface ExchangeHost {
  readonly handler: AdmissionHandler;
  /** Whether connections are to end after their next answer. */
  readonly draining: boolean;
  /** Called when the response has ended, or its connection has. */
  exchangeClosed(exchange: HttpExchange): void;
  bodyComplete(exchange: HttpExchange): void;
}

const EMPTY = Buffer.alloc(0);

export class HttpExchange implements Reply, Arrival<HttpExchange> {
  readonly #host: ExchangeHost;
  readonly #response: HttpResponse;
  readonly #exchange: Exchange;
  #first: Buffer | null = null;
  #rest: Buffer[] | null = null;
  #bytes = 0;
  #complete = false;
  #discarding = false;
  #discardTimer: NodeJS.Timeout | null = null;
  readonly startedAtMs: number;
  older: HttpExchange | null = null;
  newer: HttpExchange | null = null;

  constructor(host: ExchangeHost, request: HttpRequest, response: HttpResponse) {
    this.#host = host;
    this.#response = response;
    this.startedAtMs = performance.now();
    const { headers } = request;
    const head = {
      method: request.method ?? '',
      url: request.url ?? '/',
      contentType: headers['content-type'],
      traceparent: headers['traceparent'] as string | undefined,
    };
    this.#exchange = host.handler.open(head, this, this.startedAtMs);
    response.on('close', () => this.#closed());
    request.on('error', () => {
      // The end of the connection is told by the response's `close`.
    });
    request.on('data', (chunk: Buffer) => this.#data(chunk));
    request.on('end', () => this.#end());
    if (Number(headers['content-length'] ?? 0) > BODY_LIMIT_BYTES) {
      this.#refuseSize();
      // A caller that asked before it sends will not send any more.
      if (headers['expect'] !== undefined) this.#endDiscard();
    }
  }

  /** The body took too long. */
  timeOut(): void {
    this.#host.handler.refuse(this.#exchange, 'REQUEST_TIMEOUT');
  }

  /** Ends the exchange with an error of the gateway itself. */
  fail(): void {
    this.#host.handler.refuse(this.#exchange, 'INTERNAL');
  }

  send(status: number, body: AnswerText, allow: string | null): void {
    const response = this.#response;
    if (response.destroyed || response.headersSent) return;
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.bytes;
    const headers: Record<string, string | number> = { 'content-type': 'application/json', 'content-length': length };
    if (allow !== null) headers['allow'] = allow;
    if ((this.#host.draining || !this.#complete) && 'shouldKeepAlive' in response) {
      headers['connection'] = 'close';
      response.shouldKeepAlive = false;
    }
    // The two kinds of response agree in this much, but their types do not.
    const writable = response as ServerResponse;
    writable.writeHead(status, headers);
    if (!this.#complete) {
      writable.write(textOf(body));
      this.#discard();
      return;
    }
    const part = typeof body === 'string' || !leavesAtOnce(response) ? textOf(body) : body.view();
    // Head and body go in one write either way, but as one text they would be copied once more to become one.
    if ('shouldKeepAlive' in response) {
      writable.cork();
      writable.flushHeaders();
    }
    // A text with as many bytes as characters is ASCII, which is written faster as Latin-1.
    if (typeof part !== 'string') writable.end(part);
    else writable.end(part, length === part.length ? 'latin1' : 'utf8');
  }

  #data(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#discarding) {
      if (this.#bytes > DISCARD_LIMIT_BYTES) this.#endDiscard();
      return;
    }
    if (this.#bytes > BODY_LIMIT_BYTES) {
      this.#refuseSize();
      return;
    }
    if (this.#first === null) this.#first = chunk;
    else if (this.#rest === null) this.#rest = [this.#first, chunk];
    else this.#rest.push(chunk);
  }

  #end(): void {
    this.#complete = true;
    if (this.#discarding) {
      this.#endDiscard();
      return;
    }
    this.#host.bodyComplete(this);
    const body = this.#rest === null ? (this.#first ?? EMPTY) : Buffer.concat(this.#rest, this.#bytes);
    this.#first = null;
    this.#rest = null;
    this.#host.handler.handle(this.#exchange, body);
  }

  #refuseSize(): void {
    this.#host.handler.refuse(this.#exchange, 'BODY_TOO_LARGE');
  }

  /** Reads on without keeping anything; the response ends when the body has, or when it goes on for too long. */
  #discard(): void {
    this.#discarding = true;
    this.#host.bodyComplete(this);
    this.#first = null;
    this.#rest = null;
    this.#discardTimer = setTimeout(() => this.#endDiscard(), DISCARD_LIMIT_MS);
  }

  #endDiscard(): void {
    if (this.#discardTimer !== null) clearTimeout(this.#discardTimer);
    this.#discardTimer = null;
    this.#response.end();
  }

  #closed(): void {
    if (this.#discardTimer !== null) clearTimeout(this.#discardTimer);
    this.#host.handler.abandon(this.#exchange);
    this.#host.exchangeClosed(this);
  }
}

/**
 * Whether what is written now is encrypted before the write returns, so that its bytes may be others' afterwards. An HTTP/1.1 response has
 * its connection (none that was asked for before it is still to be answered), and nothing waits there or is under way.
 */
function leavesAtOnce(response: HttpResponse): boolean {
  if (!('shouldKeepAlive' in response)) return false;
  const { socket } = response;
  // Only TLS copies what it is given; a bare connection might hold on to it until the kernel has taken it.
  if (!(socket instanceof TLSSocket)) return false;
  return socket.writable && socket.writableLength === 0 && socket.writableCorked === 0;
}
