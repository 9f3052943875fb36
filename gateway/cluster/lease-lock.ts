/**
 * Who of several gateways controls the rollouts: whoever holds the Lease, by the rules of client-go's leader election. The holder renews
 * it; another takes it over when its record has not changed for the Lease's duration by the other's own clock, from when it saw the
 * record: nobody compares times of two machines. Each write replaces the one version that was read.
 *
 * That no step is lost or made twice does not depend on it (config-map-store.ts).
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { ControllerLock, LockOwner } from '../rollout/file-lock.ts';
import type { ClusterClient } from './cluster-client.ts';
import { isStatus } from './cluster-error.ts';
import { at, numberAt, textAt } from './kube-objects.ts';

/** client-go's defaults. */
export const LEASE_TIMING: LeaseTiming = { durationSeconds: 15, renewDeadlineMs: 10_000, retryMs: 2_000 };
/** How long a turn of the controller waits for the apiserver's answer; it goes on without. */
const PATIENCE_MS = 500;
/** As release writes it: whoever comes next need not wait. */
const RELEASED_SECONDS = 1;

export interface LeaseTiming {
  /** Others wait for so long after the last sign of life. */
  readonly durationSeconds: number;
  /** The holder gives up when it could not renew for so long; less than the duration. */
  readonly renewDeadlineMs: number;
  /** Between two tries to renew or acquire. */
  readonly retryMs: number;
}

export interface LeaseLockOptions {
  readonly client: ClusterClient;
  readonly namespace: string;
  readonly name: string;
  /** Told when the reason changes for which the Lease can not be read or written; null: it can. */
  readonly onFailure?: (error: unknown) => void;
  readonly timing?: LeaseTiming;
}

/** A Lease's record as it was read. */
interface Observed {
  readonly object: unknown;
  readonly resourceVersion: string;
  readonly holder: string;
  /** By the own monotonic clock: when this record was first seen. */
  readonly sinceMs: number;
}

export class LeaseLock implements ControllerLock {
  readonly #options: LeaseLockOptions;
  readonly #timing: LeaseTiming;
  readonly #collection: string;
  readonly #identity = `${hostname()}_${process.pid}_${randomBytes(12).toString('hex')}`;
  #observed: Observed | null = null;
  /** When the last renewal that arrived was sent. */
  #renewedMs = Number.NEGATIVE_INFINITY;
  #triedMs = Number.NEGATIVE_INFINITY;
  #trying: Promise<void> | null = null;
  #released = false;
  /** What was told last; null: nothing yet. */
  #failure: string | null = null;

  constructor(options: LeaseLockOptions) {
    this.#options = options;
    this.#timing = options.timing ?? LEASE_TIMING;
    this.#collection = `/apis/coordination.k8s.io/v1/namespaces/${options.namespace}/leases`;
  }

  /** Never rejects: a cluster that gives no answer is told to `onFailure`, and the Lease is held until the renew deadline. */
  async hold(): Promise<boolean> {
    if (this.#trying === null && performance.now() - this.#triedMs >= this.#timing.retryMs && !this.#released) {
      this.#triedMs = performance.now();
      this.#trying = this.#try().finally(() => {
        this.#trying = null;
      });
    }
    if (this.#trying !== null) await atMost(this.#trying, PATIENCE_MS);
    return this.#isHeld;
  }

  /** Leaves the Lease to whoever comes next, without a wait. Rejects with ClusterError. */
  async release(): Promise<void> {
    this.#released = true;
    await this.#trying;
    if (!this.#isHeld || this.#observed === null) return;
    this.#renewedMs = Number.NEGATIVE_INFINITY;
    const spec = this.#spec(this.#observed.object);
    await this.#write(this.#observed, { ...spec, holderIdentity: '', leaseDurationSeconds: RELEASED_SECONDS });
  }

  async owner(): Promise<LockOwner | null> {
    const observed = await this.#read();
    if (observed === null || observed.holder === '') return null;
    const [host = '', pid = ''] = observed.holder.split('_');
    return { token: observed.holder, pid: Number(pid) || 0, host };
  }

  get #isHeld(): boolean {
    const ours = this.#observed?.holder === this.#identity;
    return ours && performance.now() - this.#renewedMs < this.#timing.renewDeadlineMs;
  }

  async #try(): Promise<void> {
    try {
      await this.#acquireOrRenew();
      this.#tell(null);
    } catch (error) {
      this.#tell(error);
    }
  }

  async #acquireOrRenew(): Promise<void> {
    // A holder knows the record: one write is enough as long as nobody else has written.
    if (this.#isHeld && this.#observed !== null && (await this.#take(this.#observed))) return;
    const found = await this.#read();
    if (found === null || found.holder === this.#identity || this.#isFree(found)) await this.#take(found);
  }

  #isFree({ holder, object, sinceMs }: Observed): boolean {
    if (holder === '') return true;
    const durationMs = numberAt(object, 'spec', 'leaseDurationSeconds') * 1_000;
    return performance.now() - sinceMs > durationMs;
  }

  /** False when somebody else has written meanwhile. */
  async #take(before: Observed | null): Promise<boolean> {
    const now = microTime(new Date());
    const own = before?.holder === this.#identity;
    const old = this.#spec(before?.object);
    const spec = {
      ...old,
      holderIdentity: this.#identity,
      leaseDurationSeconds: this.#timing.durationSeconds,
      renewTime: now,
      acquireTime: own ? textAt(old, 'acquireTime') || now : now,
      leaseTransitions: numberAt(old, 'leaseTransitions') + (own || before === null ? 0 : 1),
    };
    // From when the request leaves: others can not have seen it earlier.
    const sentMs = performance.now();
    if (!(await this.#write(before, spec))) return false;
    this.#renewedMs = sentMs;
    return true;
  }

  async #write(before: Observed | null, spec: object): Promise<boolean> {
    const { client, namespace, name } = this.#options;
    const timeoutMs = this.#timing.renewDeadlineMs / 2;
    const head = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' };
    try {
      const object =
        before === null
          ? await client.request('POST', this.#collection, {
              body: { ...head, metadata: { name, namespace }, spec },
              timeoutMs,
            })
          : await client.request('PUT', this.#place, {
              body: { ...head, metadata: at(before.object, 'metadata'), spec },
              timeoutMs,
            });
      this.#observe(object);
      return true;
    } catch (error) {
      if (isStatus(error, 409) || isStatus(error, 404)) return false;
      throw error;
    }
  }

  async #read(): Promise<Observed | null> {
    try {
      const timeoutMs = this.#timing.renewDeadlineMs / 2;
      return this.#observe(await this.#options.client.request('GET', this.#place, { timeoutMs }));
    } catch (error) {
      if (!isStatus(error, 404)) throw error;
      this.#observed = null;
      return null;
    }
  }

  #observe(object: unknown): Observed {
    const resourceVersion = textAt(object, 'metadata', 'resourceVersion');
    const holder = textAt(object, 'spec', 'holderIdentity');
    const known = this.#observed?.resourceVersion === resourceVersion ? this.#observed : null;
    const observed = known ?? { object, resourceVersion, holder, sinceMs: performance.now() };
    this.#observed = observed;
    return observed;
  }

  #spec(object: unknown): Record<string, unknown> {
    const spec = at(object, 'spec');
    return typeof spec === 'object' && spec !== null ? { ...spec } : {};
  }

  #tell(error: unknown): void {
    const failure = error === null ? '' : String(error);
    if (failure === this.#failure) return;
    this.#failure = failure;
    this.#options.onFailure?.(error);
  }

  get #place(): string {
    return `${this.#collection}/${this.#options.name}`;
  }
}

/** As Kubernetes' MicroTime. */
function microTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}

/** Resolves when `work` has, or after so long; rejects with it. */
async function atMost(work: Promise<void>, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([work, promise]);
  clearTimeout(timer);
}
