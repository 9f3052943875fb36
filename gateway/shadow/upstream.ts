/** Asks a live injector. Runs in the shadows' thread, TLS and all. */
import { Agent, request } from 'undici';
import type { ShadowFailure } from './shadow-spec.ts';

/** Connections to one upstream, and so requests at once. */
const CONNECTIONS = 4;
/** Longer answers are not read. */
const ANSWER_BYTES_LIMIT = 8 * 1024 * 1024;
/** Upstreams whose connections are kept. */
const AGENT_LIMIT = 16;

export interface UpstreamTarget {
  readonly url: string;
  /** PEM; null: the system's. */
  readonly ca: string | null;
  readonly timeoutMs: number;
}

export type UpstreamAnswer =
  | { readonly ok: true; readonly body: string }
  | { readonly ok: false; readonly failure: ShadowFailure };

export class Upstreams {
  readonly #agents = new Map<string, Agent>();

  /** Never rejects. */
  async ask(
    target: UpstreamTarget,
    review: Uint8Array,
    params: Readonly<Record<string, string>>,
  ): Promise<UpstreamAnswer> {
    const { url, timeoutMs } = target;
    try {
      const answer = await request(askedUrl(url, params, timeoutMs), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: review,
        dispatcher: this.#agent(target),
        signal: AbortSignal.timeout(timeoutMs),
      });
      const body = await answer.body.text();
      return answer.statusCode === 200 ? { ok: true, body } : { ok: false, failure: 'upstream_status' };
    } catch (error) {
      return { ok: false, failure: failureOf(error) };
    }
  }

  #agent({ url, ca, timeoutMs }: UpstreamTarget): Agent {
    const key = JSON.stringify([new URL(url).origin, ca]);
    const known = this.#agents.get(key);
    if (known !== undefined) return known;
    if (this.#agents.size >= AGENT_LIMIT) this.#closeOldest();
    const agent = new Agent({
      connections: CONNECTIONS,
      maxResponseSize: ANSWER_BYTES_LIMIT,
      connect: { timeout: timeoutMs, ...(ca === null ? {} : { ca }) },
    });
    this.#agents.set(key, agent);
    return agent;
  }

  #closeOldest(): void {
    const [oldest] = this.#agents;
    if (oldest === undefined) return;
    this.#agents.delete(oldest[0]);
    oldest[1].close().catch(() => undefined);
  }
}

/** As an apiserver would: the pairs in the path, where a slash in a value is `--slash--`, and the timeout. */
function askedUrl(url: string, params: Readonly<Record<string, string>>, timeoutMs: number): URL {
  const asked = new URL(url);
  const pairs = Object.entries(params).flatMap(([key, value]) => [key, value.replaceAll('/', '--slash--')]);
  if (pairs.length > 0)
    asked.pathname = [asked.pathname.replace(/\/$/, ''), ...pairs.map(encodeURIComponent)].join('/');
  if (!asked.searchParams.has('timeout')) asked.searchParams.set('timeout', `${Math.ceil(timeoutMs / 1_000)}s`);
  return asked;
}

function failureOf(error: unknown): ShadowFailure {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'upstream_timeout';
  if (/TIMEOUT/.test(code)) return 'upstream_timeout';
  return code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE' ? 'upstream_malformed' : 'upstream_unreachable';
}
