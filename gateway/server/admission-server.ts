/**
 * The HTTPS server of the admission port: HTTP/1.1 and HTTP/2 on one port. A TLS server hands each connection to the protocol that
 * it agreed on (docs/adr/0002-server.md says why).
 */
import { createServer as createHttpServer, type Server as HttpServer, STATUS_CODES } from 'node:http';
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import type { AdmissionHandler } from '../admission/handler.ts';
import type { Address } from '../config/address.ts';
import { type ErrorCode, errorEntry, GatewayError } from '../errors.ts';
import { ArrivalList } from './arrival-list.ts';
import type { Credentials } from './credentials.ts';
import { type ExchangeHost, HttpExchange, type HttpRequest, type HttpResponse } from './http-exchange.ts';
import {
  BODY_LIMIT_BYTES,
  BODY_TIMEOUT_MS,
  HANDSHAKE_TIMEOUT_MS,
  HEADER_BYTES,
  HEADER_COUNT,
  HEADERS_TIMEOUT_MS,
  KEEP_ALIVE_MS,
  MAX_CONNECTIONS,
  REQUEST_TIMEOUT_MS,
  STREAMS_PER_CONNECTION,
  SWEEP_MS,
} from './limits.ts';

export class AdmissionServer implements ExchangeHost {
  readonly handler: AdmissionHandler;
  readonly #tls: TlsServer;
  readonly #http1: HttpServer;
  readonly #http2: Http2Server;
  readonly #sockets = new Set<TLSSocket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  /** Exchanges that have not ended. */
  #open = 0;
  /** Those whose body is not complete. */
  readonly #reading = new ArrivalList<HttpExchange>();
  #sweep: NodeJS.Timeout | null = null;
  /** Connections from their acceptance on; `#sockets` has them after their handshake. */
  readonly #accepted = new Set<Socket>();
  #lastEventMs = 0;
  draining = false;

  /** `ticketKeys`: 48 bytes that processes share, so that a session of one can be resumed with another. */
  constructor(handler: AdmissionHandler, credentials: Credentials, ticketKeys?: Buffer) {
    this.handler = handler;
    this.#http1 = this.#createHttp1();
    this.#http2 = this.#createHttp2();
    this.#tls = createTlsServer({
      ...contextOptions(credentials),
      ALPNProtocols: ['h2', 'http/1.1'],
      requestCert: credentials.clientCa !== null,
      rejectUnauthorized: credentials.clientCa !== null,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      noDelay: true,
      ...(ticketKeys === undefined ? {} : { ticketKeys }),
    });
    this.#tls.maxConnections = MAX_CONNECTIONS;
    this.#tls.on('connection', (socket) => {
      this.#accepted.add(socket);
      socket.on('close', () => this.#accepted.delete(socket));
    });
    this.#tls.on('secureConnection', (socket) => this.#connected(socket));
    this.#tls.on('tlsClientError', (_error, socket) => socket.destroy());
  }

  /** Listens; resolves with the port. Rejects with LISTEN_FAILED. */
  async listen(address: Address): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      const failed = (error: Error): void => {
        reject(
          new GatewayError('LISTEN_FAILED', `Can not listen on ${address.host}:${address.port}: ${error.message}.`),
        );
      };
      this.#tls.once('error', failed);
      this.#tls.listen(address.port, address.host, () => {
        this.#tls.off('error', failed);
        resolve();
      });
    });
    // node:http starts to watch over slow connections with this event.
    this.#http1.emit('listening');
    this.#sweep = setInterval(() => this.#sweepSlow(), SWEEP_MS).unref();
    return (this.#tls.address() as AddressInfo).port;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Serves new connections with other credentials; sessions of before can still be resumed. */
  setCredentials(credentials: Credentials): void {
    const ticketKeys = this.#tls.getTicketKeys();
    this.#tls.setSecureContext({ ...contextOptions(credentials), ticketKeys } as Parameters<
      TlsServer['setSecureContext']
    >[0]);
  }

  /**
   * Ends gracefully: accepts nothing new, lets requests in flight finish for up to `limitMs`, then closes what is left. Resolves
   * with the number of requests that had to be cut off.
   */
  async close(limitMs: number): Promise<number> {
    this.draining = true;
    const closed = new Promise<void>((resolve) => {
      this.#tls.close(() => resolve());
    });
    for (const session of this.#sessions) session.close();
    await this.#whenQuiet(limitMs);
    const cut = this.#open;
    this.#http1.close();
    this.#http2.close();
    // Answers that were just written are flushed before their connections end.
    for (const socket of this.#sockets) socket.destroySoon();
    const last = setTimeout(() => {
      for (const socket of this.#accepted) socket.destroy();
    }, FLUSH_LIMIT_MS);
    await closed;
    clearTimeout(last);
    if (this.#sweep !== null) clearInterval(this.#sweep);
    return cut;
  }

  exchangeClosed(exchange: HttpExchange): void {
    this.#open -= 1;
    this.#reading.delete(exchange);
    this.#lastEventMs = performance.now();
  }

  bodyComplete(exchange: HttpExchange): void {
    this.#reading.delete(exchange);
  }

  #createHttp1(): HttpServer {
    const server = createHttpServer({
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: SWEEP_MS,
      maxHeaderSize: HEADER_BYTES,
    });
    server.maxHeadersCount = HEADER_COUNT;
    server.on('request', (request, response) => this.#request(request, response));
    server.on('checkContinue', (request, response) => {
      if (Number(request.headers['content-length'] ?? 0) <= BODY_LIMIT_BYTES) response.writeContinue();
      this.#request(request, response);
    });
    server.on('connect', (_request, socket) => endMalformed(socket, 'METHOD_NOT_ALLOWED'));
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => endMalformed(socket, malformedCode(error)));
    return server;
  }

  #createHttp2(): Http2Server {
    const server = createHttp2Server({
      settings: { maxConcurrentStreams: STREAMS_PER_CONNECTION, maxHeaderListSize: HEADER_BYTES },
    });
    server.on('session', (session) => {
      this.#sessions.add(session);
      session.setTimeout(KEEP_ALIVE_MS, () => session.close());
      session.on('close', () => this.#sessions.delete(session));
      session.on('error', () => session.destroy());
    });
    server.on('request', (request, response) => this.#request(request, response));
    return server;
  }

  #connected(socket: TLSSocket): void {
    this.#sockets.add(socket);
    this.#lastEventMs = performance.now();
    socket.on('close', () => this.#sockets.delete(socket));
    if (socket.alpnProtocol === 'h2') this.#http2.emit('connection', socket);
    else this.#http1.emit('connection', socket);
  }

  #request(request: HttpRequest, response: HttpResponse): void {
    const exchange = new HttpExchange(this, request, response);
    this.#open += 1;
    this.#reading.add(exchange);
  }

  #sweepSlow(): void {
    const limit = performance.now() - BODY_TIMEOUT_MS;
    for (let exchange = this.#reading.oldest; exchange !== null && exchange.startedAtMs <= limit; ) {
      // It leaves the list when it is refused.
      const { newer } = exchange;
      exchange.timeOut();
      exchange = newer;
    }
  }

  /**
   * Resolves when nothing is in flight, no handshake is under way, and nothing has happened for a moment: a connection that was just
   * accepted is about to send a request.
   */
  async #whenQuiet(limitMs: number): Promise<void> {
    const end = performance.now() + limitMs;
    this.#lastEventMs = performance.now();
    while (performance.now() < end) {
      const handshakes = this.#accepted.size - this.#sockets.size;
      const quietMs = performance.now() - this.#lastEventMs;
      if (this.#open === 0 && handshakes <= 0 && quietMs >= QUIET_MS) return;
      await new Promise((resolve) => setTimeout(resolve, QUIET_POLL_MS));
    }
  }
}

/** How long the last answers have to leave. */
const FLUSH_LIMIT_MS = 1_000;
/** How long a connection may take from its handshake to its request, at the end. */
const QUIET_MS = 100;
const QUIET_POLL_MS = 10;

function contextOptions({ cert, key, clientCa }: Credentials): object {
  return { cert, key, minVersion: 'TLSv1.2', ...(clientCa === null ? {} : { ca: clientCa }) };
}

function malformedCode(error: NodeJS.ErrnoException): ErrorCode {
  if (error.code === 'HPE_HEADER_OVERFLOW') return 'HEADERS_TOO_LARGE';
  return error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'REQUEST_TIMEOUT' : 'HTTP_MALFORMED';
}

/** Answers what never became a request, and ends its connection. */
function endMalformed(socket: Duplex, code: ErrorCode): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const { status, message } = errorEntry(code);
  const body = JSON.stringify({ code, message });
  const allow = status === 405 ? 'Allow: POST\r\n' : '';
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\n${allow}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
