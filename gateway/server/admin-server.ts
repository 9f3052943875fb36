/**
 * The admin port: plain HTTP for probes, Prometheus and people on the inside.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Address } from '../config/address.ts';
import { errorEntry, GatewayError } from '../errors.ts';
import { SourceError } from '../gitsync/problem.ts';
import type { Readiness } from './readiness.ts';

export interface AdminPages {
  readonly readiness: () => Readiness;
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly status: () => Promise<object>;
  /** Further pages, and what can be asked for with POST. */
  readonly routes?: readonly AdminRoute[];
}

export interface AdminRoute {
  readonly method: 'GET' | 'POST';
  /** One that ends in `/` is for everything below it. */
  readonly path: string;
  /** What to answer with; an error with a code is answered with its status. */
  readonly answer: (request: IncomingMessage) => Promise<{ readonly status: number; readonly value: object }>;
}

const HEADERS_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 256;

export class AdminServer {
  readonly #server: Server;
  readonly #pages: AdminPages;

  constructor(pages: AdminPages) {
    this.#pages = pages;
    this.#server = createServer({ headersTimeout: HEADERS_TIMEOUT_MS }, (request, response) => {
      this.#answer(request, response).catch(() => {
        if (!response.headersSent)
          sendJson(response, 500, { code: 'INTERNAL', message: 'The page could not be made.' });
        response.end();
      });
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /** Listens; resolves with the port. Rejects with LISTEN_FAILED. */
  async listen(address: Address): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      const failed = (error: Error): void => {
        reject(
          new GatewayError('LISTEN_FAILED', `Can not listen on ${address.host}:${address.port}: ${error.message}.`),
        );
      };
      this.#server.once('error', failed);
      this.#server.listen(address.port, address.host, () => {
        this.#server.off('error', failed);
        resolve();
      });
    });
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '/'] = (request.url ?? '/').split('?', 1);
    const routes = (this.#pages.routes ?? []).filter((each) => isFor(each, path));
    const route = routes.find(({ method }) => method === (request.method === 'HEAD' ? 'GET' : request.method));
    if (route !== undefined) {
      await answerRoute(route, request, response);
      return;
    }
    if (routes.length > 0) {
      response.setHeader('allow', routes.map(({ method }) => method).join(', '));
      sendJson(response, 405, { code: 'METHOD_NOT_ALLOWED', message: 'The page is asked for in another way.' });
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      sendJson(response, 405, { code: 'METHOD_NOT_ALLOWED', message: 'The admin port only answers GET.' });
      return;
    }
    switch (path) {
      case '/healthz':
        sendJson(response, 200, { ok: true });
        return;
      case '/readyz': {
        const readiness = this.#pages.readiness();
        sendJson(response, readiness.ready ? 200 : 503, readiness);
        return;
      }
      case '/metrics': {
        const { contentType, text } = await this.#pages.metrics();
        send(response, 200, contentType, text);
        return;
      }
      case '/api/v1/status':
        sendJson(response, 200, await this.#pages.status());
        return;
      default:
        sendJson(response, 404, { code: 'PATH_UNKNOWN', message: 'The admin port has no such page.' });
    }
  }
}

function isFor(route: AdminRoute, path: string): boolean {
  return route.path === path || (route.path.endsWith('/') && path.startsWith(route.path));
}

/** Whatever is left of a body is not read: the connection ends with the answer. */
async function answerRoute(route: AdminRoute, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const { status, value } = await route.answer(request);
    sendJson(response, status, value);
  } catch (error) {
    const code = codeOf(error);
    const { status, message } = errorEntry(code);
    response.setHeader('connection', 'close');
    const known = error instanceof GatewayError || error instanceof SourceError;
    sendJson(response, error instanceof SourceError ? 409 : status, { code, message: known ? error.message : message });
  }
}

function codeOf(error: unknown): string {
  return error instanceof GatewayError || error instanceof SourceError ? error.code : 'INTERNAL';
}

function sendJson(response: ServerResponse, status: number, value: object): void {
  send(response, status, 'application/json', `${JSON.stringify(value, null, 2)}\n`);
}

function send(response: ServerResponse, status: number, contentType: string, text: string): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
