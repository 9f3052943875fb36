/**
 * The shadows of a gateway. A rollout, the admin port or a test starts one with `start`, reads what it found with `status`, and decides
 * with `gate`.
 */
import { readFile } from 'node:fs/promises';
import { GatewayError } from '../errors.ts';
import type { Snapshot } from '../snapshot.ts';
import type { TapHub } from '../tap/tap-hub.ts';
import type { ShadowMetrics } from '../telemetry/shadow-metrics.ts';
import { compileAllowed } from './allowed-differences.ts';
import { Shadow } from './shadow.ts';
import { planShadow } from './shadow-plan.ts';
import { SHADOW_LIMITS, type ShadowSpec, type ShadowUpstream } from './shadow-spec.ts';
import { ShadowThread } from './shadow-thread.ts';
import type { UpstreamTarget } from './upstream.ts';

/** Ended shadows whose differences are kept, the newest. */
const ENDED_LIMIT = 16;
const CA_BYTES_LIMIT = 1024 * 1024;

export interface ShadowControllerParts {
  readonly hub: TapHub;
  /** What serves. */
  readonly snapshot: () => Snapshot | null;
  readonly metrics: ShadowMetrics;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

interface Entry {
  readonly shadow: Shadow;
  readonly closeTap: () => void;
  readonly timer: NodeJS.Timeout | null;
}

export class ShadowController {
  readonly #parts: ShadowControllerParts;
  readonly #thread = new ShadowThread();
  readonly #entries = new Map<string, Entry>();

  constructor(parts: ShadowControllerParts) {
    this.#parts = parts;
  }

  /** The oldest first. */
  list(): readonly Shadow[] {
    return [...this.#entries.values()].map(({ shadow }) => shadow);
  }

  find(name: string): Shadow | null {
    return this.#entries.get(name)?.shadow ?? null;
  }

  /**
   * Starts a shadow; one of the same name that has ended is forgotten. Rejects with SHADOW_REFUSED and why: what it names is not there, its
   * limits are beyond what there is, or there are too many.
   */
  async start(spec: ShadowSpec): Promise<Shadow> {
    this.#check(spec);
    const upstream = await readUpstream(spec.upstream);
    // Another one may have been started while the file was read.
    this.#check(spec);
    this.remove(spec.name);
    const { hub, snapshot, metrics, now } = this.#parts;
    const shadow = new Shadow({ spec, upstream, thread: this.#thread, snapshot, metrics, now });
    const { mesh, sample, perSecond, lifetimeMs } = spec;
    const closeTap = hub.open({ mesh, sample, perSecond }, shadow);
    const timer = lifetimeMs === null ? null : setTimeout(() => this.stop(spec.name), lifetimeMs).unref();
    this.#entries.set(spec.name, { shadow, closeTap, timer });
    return shadow;
  }

  /** Ends a shadow; what it found can still be read. Throws SHADOW_UNKNOWN. */
  stop(name: string): Shadow {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw new GatewayError('SHADOW_UNKNOWN', `There is no shadow ${JSON.stringify(name)}.`);
    const { shadow, closeTap, timer } = entry;
    closeTap();
    if (timer !== null) clearTimeout(timer);
    shadow.end();
    const ended = this.list().filter((each) => each.ended);
    for (const { spec } of ended.slice(0, -ENDED_LIMIT)) this.remove(spec.name);
    return shadow;
  }

  /** Ends a shadow, if there is one, and forgets what it found. */
  remove(name: string): void {
    if (!this.#entries.has(name)) return;
    this.stop(name).forget();
    this.#entries.delete(name);
  }

  async close(): Promise<void> {
    for (const { spec } of this.list()) this.remove(spec.name);
    await this.#thread.close();
  }

  #check(spec: ShadowSpec): void {
    const { name, from, to, upstream, sample, perSecond, lifetimeMs, allowedDifferences } = spec;
    const refuse = (message: string): never => {
      throw new GatewayError('SHADOW_REFUSED', message);
    };
    if (this.find(name)?.ended === false) refuse(`A shadow ${JSON.stringify(name)} is running.`);
    const running = this.list().filter(({ ended }) => !ended).length;
    if (running >= SHADOW_LIMITS.shadows) refuse(`There are ${running} shadows already.`);
    if (to === null && upstream === null) refuse('It names neither a revision nor an upstream to compare with.');
    if (upstream === null && from === to) refuse('A revision is not compared with itself.');
    if (!(sample > 0) || sample > 1) refuse('The sample is not above 0 and up to 1.');
    if (!(perSecond > 0) || perSecond > SHADOW_LIMITS.perSecond) {
      refuse(`perSecond is not above 0 and up to ${SHADOW_LIMITS.perSecond}.`);
    }
    if (lifetimeMs !== null && (!(lifetimeMs > 0) || lifetimeMs > SHADOW_LIMITS.lifetimeMs)) {
      refuse(`It lives for no more than ${SHADOW_LIMITS.lifetimeMs / 3_600_000} hours.`);
    }
    try {
      compileAllowed(allowedDifferences);
    } catch (error) {
      refuse(error instanceof Error ? error.message : String(error));
    }
    const snapshot = this.#parts.snapshot();
    const planned = snapshot === null ? null : planShadow(spec, snapshot);
    if (planned === null) refuse('No policies serve yet.');
    else if (!planned.ok) refuse(planned.message);
  }
}

async function readUpstream(upstream: ShadowUpstream | null): Promise<UpstreamTarget | null> {
  if (upstream === null) return null;
  const { url, caFile, timeoutMs } = upstream;
  if (!URL.canParse(url) || new URL(url).protocol !== 'https:') {
    throw new GatewayError('SHADOW_REFUSED', 'The upstream is no https URL.');
  }
  if (!(timeoutMs > 0) || timeoutMs > SHADOW_LIMITS.upstreamTimeoutMs) {
    throw new GatewayError(
      'SHADOW_REFUSED',
      `The upstream's timeout is not up to ${SHADOW_LIMITS.upstreamTimeoutMs} ms.`,
    );
  }
  return { url, timeoutMs, ca: caFile === null ? null : await readCa(caFile) };
}

async function readCa(file: string): Promise<string> {
  let text = '';
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new GatewayError('SHADOW_REFUSED', `The CA file ${file} can not be read.`, { cause: error });
  }
  if (text.length > CA_BYTES_LIMIT || !text.includes('-----BEGIN CERTIFICATE-----')) {
    throw new GatewayError('SHADOW_REFUSED', `The CA file ${file} holds no certificate.`);
  }
  return text;
}
