/**
 * The admin port: plain HTTP for probes, Prometheus and people on the inside.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Address } from '../config/address.ts';
import { GatewayError } from '../errors.ts';
import type { Readiness } from './readiness.ts';

export interface AdminPages {
  readonly readiness: () => Readiness;
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly status: () => Promise<object>;
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
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      sendJson(response, 405, { code: 'METHOD_NOT_ALLOWED', message: 'The admin port only answers GET.' });
      return;
    }
    const [path] = (request.url ?? '/').split('?', 1);
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

function sendJson(response: ServerResponse, status: number, value: object): void {
  send(response, status, 'application/json', `${JSON.stringify(value, null, 2)}\n`);
}

function send(response: ServerResponse, status: number, contentType: string, text: string): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
