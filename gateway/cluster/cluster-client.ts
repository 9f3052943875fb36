/**
 * Requests to a cluster's API: JSON in and out, lists page by page, watches line by line. Each is bounded in time and size, and fails
 * with a ClusterError that says what was refused to whom.
 */
import { StringDecoder } from 'node:string_decoder';
import type { ClusterAccess } from './access.ts';
import { ClusterError, messageOf } from './cluster-error.ts';

/** A request that is no watch, from start to end. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Of one answer, or one page of a list. */
const MAX_ANSWER_BYTES = 48 * 1024 * 1024;
/** Of one event of a watch; etcd's own limit for an object is 1.5 MiB. */
const MAX_EVENT_CHARACTERS = 8 * 1024 * 1024;
/** A watch without a word for so long is taken for dead: the apiserver sends bookmarks about each minute. */
const SILENCE_LIMIT_MS = 100_000;
/** How much of an answer's text a message repeats. */
const QUOTE_LIMIT = 300;

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface RequestOptions {
  readonly query?: Query;
  readonly body?: object;
  /** Metadata without the rest of the objects. */
  readonly metadataOnly?: boolean;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface WatchOptions extends RequestOptions {
  readonly signal: AbortSignal;
  /** Called when the apiserver has agreed; the first event may come much later. */
  readonly onOpen: () => void;
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH';

const AS_JSON = 'application/json';
const AS_METADATA = (kind: string): string => `${AS_JSON};as=${kind};g=meta.k8s.io;v=v1`;

export class ClusterClient {
  readonly #access: ClusterAccess;
  /** How far the apiserver's clock is ahead of ours. */
  #aheadMs = 0;

  constructor(access: ClusterAccess) {
    this.#access = access;
  }

  get access(): ClusterAccess {
    return this.#access;
  }

  /** The time by the apiserver's clock, as its last answer had it: what it writes into objects compares with this. */
  nowMs(): number {
    return Date.now() + this.#aheadMs;
  }

  /** Resolves with the parsed answer of a status 2xx. Rejects with CLUSTER_UNREACHABLE, CLUSTER_REFUSED, CLUSTER_FAILED. */
  async request(method: Method, path: string, options: RequestOptions = {}): Promise<unknown> {
    const { timeoutMs = REQUEST_TIMEOUT_MS, signal } = options;
    const limit = AbortSignal.timeout(timeoutMs);
    const accept = options.metadataOnly === true ? AS_METADATA('PartialObjectMetadataList') : AS_JSON;
    const ends = signal === undefined ? limit : AbortSignal.any([limit, signal]);
    const { status, headers, body } = await this.#send(method, path, options, accept, ends, timeoutMs);
    const text = await readText(body, `${method} ${path}`);
    if (status < 200 || status > 299) throw refusal(method, path, status, headers, text);
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new ClusterError('CLUSTER_FAILED', `${method} ${path} answers what is no JSON`, { status, cause: error });
    }
  }

  /**
   * The events of a watch, as they come, until the apiserver ends it or `signal` does. Rejects as `request` does, and with
   * CLUSTER_UNREACHABLE when the connection breaks or stays silent.
   */
  async *watch(path: string, options: WatchOptions): AsyncGenerator<unknown> {
    const accept = options.metadataOnly === true ? AS_METADATA('PartialObjectMetadata') : AS_JSON;
    const query = { ...options.query, watch: true, allowWatchBookmarks: true };
    const watched = { ...options, query };
    const { status, headers, body } = await this.#send('GET', path, watched, accept, options.signal, SILENCE_LIMIT_MS);
    if (status !== 200) throw refusal('GET', path, status, headers, await readText(body, `GET ${path}`));
    options.onOpen();
    try {
      for await (const line of linesOf(body, path)) yield JSON.parse(line) as unknown;
    } catch (error) {
      if (error instanceof ClusterError) throw error;
      throw unreachable(`the watch of ${path} broke: ${reasonOf(error)}`, error);
    } finally {
      body.destroy();
    }
  }

  async close(): Promise<void> {
    await this.#access.close();
  }

  async #send(
    method: Method,
    path: string,
    { query = {}, body }: RequestOptions,
    accept: string,
    signal: AbortSignal,
    silenceMs: number,
  ) {
    const url = new URL(`${this.#access.server}${path}`);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const [{ request }, { dispatcher, headers }] = await Promise.all([import('undici'), this.#access.authorize()]);
    const content = body === undefined ? {} : { 'content-type': AS_JSON };
    try {
      const answered = request(url, {
        ...{ method, dispatcher, signal, headersTimeout: REQUEST_TIMEOUT_MS, bodyTimeout: silenceMs },
        headers: { 'user-agent': 'meshgate', ...headers, accept, ...content },
        body: body === undefined ? null : JSON.stringify(body),
      });
      const answer = await unlessAborted(answered, signal);
      const date = Date.parse(String(answer.headers.date));
      if (!Number.isNaN(date)) this.#aheadMs = date - Date.now();
      // Whoever stops reading, and a connection that breaks then, must not end the process.
      answer.body.on('error', () => undefined);
      return { status: answer.statusCode, headers: answer.headers, body: answer.body };
    } catch (error) {
      throw unreachable(`${method} ${path} gets no answer from ${url.host}: ${reasonOf(error)}`, error);
    }
  }
}

/** undici heeds the signal only when it has a connection, which may never come. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
    work.catch(() => undefined);
  }
}

/** Lines without the empty ones; what follows the last line's end is cut off and dropped. */
async function* linesOf(body: AsyncIterable<unknown>, path: string): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.write(chunk as Buffer)).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_EVENT_CHARACTERS) throw tooLarge(`an event of ${path}`);
    for (const line of lines) if (line !== '') yield line;
  }
}

async function readText(body: AsyncIterable<unknown>, what: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body) {
      const buffer = chunk as Buffer;
      bytes += buffer.length;
      if (bytes > MAX_ANSWER_BYTES) throw tooLarge(`the answer to ${what}`);
      chunks.push(buffer);
    }
  } catch (error) {
    if (error instanceof ClusterError) throw error;
    throw unreachable(`the answer to ${what} broke off: ${reasonOf(error)}`, error);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** A Status object says more than the number. */
function refusal(method: Method, path: string, status: number, headers: unknown, text: string): ClusterError {
  let said = text.trim().slice(0, QUOTE_LIMIT);
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === 'string') said = message.slice(0, QUOTE_LIMIT);
  } catch {
    // The text as it is then.
  }
  const retryAfter = Number((headers as Record<string, unknown>)['retry-after'] ?? 0);
  const retryAfterMs = Number.isFinite(retryAfter) ? retryAfter * 1_000 : 0;
  if (status === 401 || status === 403) {
    const hint = status === 403 ? '; docs/cluster.md has the roles that the gateway needs' : '';
    return new ClusterError('CLUSTER_REFUSED', `the cluster refuses ${method} ${path}: ${said}${hint}`, { status });
  }
  return new ClusterError('CLUSTER_FAILED', `${method} ${path} answers ${status}: ${said}`, { status, retryAfterMs });
}

function unreachable(message: string, cause: unknown): ClusterError {
  return new ClusterError('CLUSTER_UNREACHABLE', message, { cause });
}

function tooLarge(what: string): ClusterError {
  return new ClusterError('CLUSTER_FAILED', `${what} is larger than the gateway reads`);
}

function reasonOf(error: unknown): string {
  const message = messageOf(error);
  if (message !== '') return message;
  return error instanceof Error && 'code' in error ? String(error.code) : 'no reason given';
}
