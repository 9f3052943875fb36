/** Calls that a rollout makes: Prometheus queries and webhooks. Bounded in time and size, and never throwing. */
import type { Agent } from 'undici';
import type { ChangeToCommit } from './change.ts';
import type { HookAnswer, Reading } from './check.ts';
import { fillQuery, type QueryVariables } from './prometheus-query.ts';
import type { Rollout, Webhook } from './rollout.ts';
import type { RolloutState } from './state.ts';

const QUERY_TIMEOUT_MS = 10_000;
/** Of an answer. */
const MAX_ANSWER_BYTES = 1024 * 1024;
/** How much of an answer's text a message repeats. */
const QUOTE_LIMIT = 200;

/** Names and repository are for whoever opens the change. */
export interface ChangeOfRepository extends Omit<ChangeToCommit, 'source'> {
  /** URL of the repository, or a folder; without credentials. */
  readonly repository: string;
  /** `main@sha1:…`: what the change is to. */
  readonly revision: string;
  readonly commit: string | null;
}

export class Outbound {
  /** The client is loaded with the first call: most gateways never make one. */
  #client: Promise<Client> | null = null;

  /** Asks Prometheus' HTTP API for the value of a query at this moment. Anything but one number is no data. */
  async query({ address, query }: { address: string; query: string }, variables: QueryVariables): Promise<Reading> {
    const url = new URL(`${address.replace(/\/+$/, '')}/api/v1/query`);
    url.searchParams.set('query', fillQuery(query, variables));
    try {
      const { status, text } = await this.#call(url, 'GET', null, QUERY_TIMEOUT_MS);
      if (status < 200 || status > 299) return missing(`Prometheus answers ${status}: ${text.slice(0, QUOTE_LIMIT)}`);
      return sampleOf(JSON.parse(text));
    } catch (error) {
      return missing(`Prometheus at ${url.host} gives no answer: ${reasonOf(error)}`);
    }
  }

  /** A status of 2xx says yes. The body has the members of Flagger's webhooks, and those of a rollout. */
  async callWebhook(webhook: Webhook, rollout: Rollout, state: RolloutState): Promise<HookAnswer> {
    const { ok, message } = await this.#post(webhook, bodyOf(webhook, rollout, state));
    return { name: webhook.name, ok, message: ok ? '' : message };
  }

  /**
   * Hands over what is to be committed. A status of 2xx says that it is taken care of; the answer's first line may say where. It may be called
   * more than once for a promotion, always with the same `checksum`.
   */
  async openChange(
    webhook: Webhook,
    rollout: Rollout,
    state: RolloutState,
    change: ChangeOfRepository,
  ): Promise<HookAnswer> {
    const { name: rolloutName, mesh, to } = rollout;
    const title = `Make revision ${to} the default of mesh ${mesh}`;
    const content = { title, field: 'spec.defaultRevision', ...change };
    const body = { ...bodyOf(webhook, rollout, state), rollout: rolloutName, change: content };
    return { name: webhook.name, ...(await this.#post(webhook, body)) };
  }

  /** `message`: the first line of what is said, with the status where that is none of 2xx; or why there is no answer. */
  async #post({ url, timeoutMs }: Webhook, body: object): Promise<Omit<HookAnswer, 'name'>> {
    try {
      const { status, text } = await this.#call(new URL(url), 'POST', JSON.stringify(body), timeoutMs);
      const ok = status >= 200 && status <= 299;
      const said = (text.trim().split(/[\r\n]/, 1)[0] ?? '').slice(0, QUOTE_LIMIT);
      return { ok, message: ok ? said : `status ${status}${said === '' ? '' : `: ${said}`}` };
    } catch (error) {
      return { ok: false, message: `no answer: ${reasonOf(error)}` };
    }
  }

  async close(): Promise<void> {
    await (await this.#client)?.agent.destroy();
  }

  async #call(url: URL, method: 'GET' | 'POST', body: string | null, timeoutMs: number) {
    this.#client ??= loadClient();
    const { agent, request } = await this.#client;
    const signal = AbortSignal.timeout(timeoutMs);
    const headers = { 'user-agent': 'meshgate', ...(body === null ? {} : { 'content-type': 'application/json' }) };
    const answer = await request(url, { method, body, headers, signal, dispatcher: agent });
    return { status: answer.statusCode, text: await answer.body.text() };
  }
}

interface Client {
  readonly agent: Agent;
  readonly request: typeof import('undici').request;
}

async function loadClient(): Promise<Client> {
  const { Agent, request } = await import('undici');
  return { agent: new Agent({ maxResponseSize: MAX_ANSWER_BYTES, connections: 8 }), request };
}

/** The members of Flagger's webhooks, and those of a rollout. */
function bodyOf({ metadata }: Webhook, { name, mesh, from, to, digest }: Rollout, { phase, weight }: RolloutState) {
  return { name, phase, checksum: digest, metadata, mesh, from, to, weight };
}

function missing(reason: string): Reading {
  return { value: null, reason, baseline: null };
}

/** The sample of `{"status":"success","data":{"resultType":"vector"|"scalar","result":…}}`. */
function sampleOf(answer: unknown): Reading {
  const data = member(answer, 'data');
  const result = member(data, 'result');
  const type = member(data, 'resultType');
  if (!Array.isArray(result)) return missing('Prometheus gives no result');
  if (type === 'vector' && result.length !== 1) return missing(`the query gives ${result.length} series, not one`);
  if (type !== 'vector' && type !== 'scalar') return missing(`the query gives a ${String(type)}, not one number`);
  const sample: unknown = type === 'scalar' ? result[1] : member(result[0], 'value');
  const text: unknown = type === 'scalar' ? sample : Array.isArray(sample) ? sample[1] : undefined;
  // Prometheus writes infinities as +Inf and -Inf.
  const value = typeof text === 'string' && text !== '' ? Number(text.replace('Inf', 'Infinity')) : Number.NaN;
  return Number.isNaN(value) ? missing(`the query gives ${String(text)}`) : { value, reason: '', baseline: null };
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
