/** One shadow: takes copies of live reviews, has them compared one after the other, and counts. Nothing here waits, and nothing piles up. */
import type { Snapshot } from '../snapshot.ts';
import type { TapConsumer } from '../tap/tap-hub.ts';
import type { TappedReview } from '../tap/tapped-review.ts';
import type { ShadowMetrics } from '../telemetry/shadow-metrics.ts';
import type { ShadowDifferences, ShadowReply, ShadowTask } from './lab.ts';
import { planShadow, type ShadowPlan } from './shadow-plan.ts';
import type { ShadowGate, ShadowSpec } from './shadow-spec.ts';
import type { ShadowThread } from './shadow-thread.ts';
import type { UpstreamTarget } from './upstream.ts';

/** Reviews of one shadow that wait, and their bytes; and those that are in the thread. */
export const QUEUE_LIMIT = 64;
const QUEUE_BYTES_LIMIT = 8 * 1024 * 1024;
const RUNNING_LIMIT = 4;
/** After so many failures in a row nothing is tried for a while: an upstream that is down is left in peace. */
const FAILURES_IN_ROW = 5;
const REST_MS = 5_000;

export interface ShadowParts {
  readonly spec: ShadowSpec;
  readonly upstream: UpstreamTarget | null;
  readonly thread: ShadowThread;
  readonly snapshot: () => Snapshot | null;
  readonly metrics: ShadowMetrics;
  readonly now: () => number;
}

export interface ShadowStatus {
  readonly spec: ShadowSpec;
  readonly state: 'running' | 'ended';
  readonly startedAt: string;
  readonly gate: ShadowGate;
  /** Of the sample, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  readonly failed: Readonly<Record<string, number>>;
  /** Null where the thread that keeps them was lost while it was asked. */
  readonly differences: ShadowDifferences | null;
}

export class Shadow implements TapConsumer {
  readonly #parts: ShadowParts;
  readonly #startedAt = new Date();
  #planned: { readonly snapshot: Snapshot; readonly plan: ShadowPlan | null } | null = null;
  #key = '';
  #waiting: { readonly tapped: TappedReview; readonly plan: ShadowPlan }[] = [];
  #waitingBytes = 0;
  #running = 0;
  #failuresInRow = 0;
  #restUntilMs = 0;
  #dropped = new Map<string, number>();
  #failed = new Map<string, number>();
  #counts = { compared: 0, different: 0, notAllowed: 0 };
  ended = false;

  constructor(parts: ShadowParts) {
    this.#parts = parts;
  }

  get spec(): ShadowSpec {
    return this.#parts.spec;
  }

  /** What a gate reads. It begins anew when a revision's or a policy's text changes. */
  gate(): ShadowGate {
    const failed = [...this.#failed.values()].reduce((sum, count) => sum + count, 0);
    return { ...this.#counts, failed };
  }

  async status(): Promise<ShadowStatus> {
    const { spec, thread } = this.#parts;
    return {
      spec,
      state: this.ended ? 'ended' : 'running',
      startedAt: this.#startedAt.toISOString(),
      gate: this.gate(),
      dropped: Object.fromEntries(this.#dropped),
      failed: Object.fromEntries(this.#failed),
      differences: await thread.differences(this.#key).catch(() => null),
    };
  }

  take(tapped: TappedReview): void {
    if (this.ended) return;
    const plan = this.#plan();
    if (plan !== null && !this.#concerns(tapped, plan)) return;
    const bytes = sizeOf(tapped);
    const reason = this.#reasonToDrop(tapped, bytes);
    if (plan === null || reason !== null) {
      this.dropped(reason ?? 'revision', 1);
      return;
    }
    this.#waiting.push({ tapped, plan });
    this.#waitingBytes += bytes;
    this.#next();
  }

  dropped(reason: string, count: number): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + count);
    this.#parts.metrics.dropped(this.spec.mesh, reason, count);
  }

  /** Takes no more. What was found stays. */
  end(): void {
    this.ended = true;
    this.#clear();
  }

  /** Lets go of what was found. */
  forget(): void {
    this.#parts.thread.forget(this.#key);
  }

  /** What the other revision has answered itself is no other answer. */
  #concerns({ revision, outcome }: TappedReview, { from, to }: ShadowPlan): boolean {
    if (from !== null && from !== revision) return false;
    if (this.spec.upstream === null && to === revision) return false;
    // Namespaces that the mesh leaves alone never get to a revision.
    return to === null || outcome.kind !== 'skipped' || outcome.reason !== 'NAMESPACE_IGNORED';
  }

  #reasonToDrop({ outcome }: TappedReview, bytes: number): string | null {
    if (outcome.kind === 'failed') return 'live_failed';
    if (this.#parts.now() < this.#restUntilMs) return 'upstream_down';
    return this.#waiting.length >= QUEUE_LIMIT || this.#waitingBytes + bytes > QUEUE_BYTES_LIMIT ? 'queue' : null;
  }

  #plan(): ShadowPlan | null {
    const snapshot = this.#parts.snapshot();
    if (snapshot === null) return null;
    if (this.#planned?.snapshot === snapshot) return this.#planned.plan;
    const planned = planShadow(this.spec, snapshot);
    const plan = planned.ok ? planned.plan : null;
    this.#planned = { snapshot, plan };
    if (plan !== null && plan.key !== this.#key) this.#beginAnew(plan.key);
    return plan;
  }

  #beginAnew(key: string): void {
    if (this.#key !== '') this.forget();
    this.#key = key;
    this.#clear();
    this.#counts = { compared: 0, different: 0, notAllowed: 0 };
    this.#failed = new Map();
  }

  #clear(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #next(): void {
    if (this.#running >= RUNNING_LIMIT) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    const { tapped, plan } = next;
    this.#waitingBytes -= sizeOf(tapped);
    this.#running += 1;
    this.#compare(tapped, plan)
      .then((reply) => this.#count(reply, plan))
      .catch(() => this.#count({ kind: 'failed', failure: 'thread' }, plan))
      .finally(() => {
        this.#running -= 1;
        this.#next();
      });
  }

  async #compare(tapped: TappedReview, { key, inject, sources }: ShadowPlan): Promise<ShadowReply> {
    const { thread, upstream, spec } = this.#parts;
    const { policyName } = tapped;
    const asked = inject === null || policyName === null ? inject : { ...inject, policyName };
    const task: ShadowTask = { key, tapped, inject: asked, upstream };
    const reply = await thread.compare(task);
    if (reply.kind !== 'setup') return reply;
    return thread.compare({ ...task, setup: { allowed: spec.allowedDifferences, sources } });
  }

  #count(reply: ShadowReply, { key }: ShadowPlan): void {
    const { metrics, spec, now } = this.#parts;
    if (reply.kind === 'compared') {
      metrics.compared(spec.mesh, reply.different, reply.notAllowed);
      this.#failuresInRow = 0;
      // It was compared with what does not count any more.
      if (key !== this.#key) return;
      const { compared, different, notAllowed } = this.#counts;
      this.#counts = {
        compared: compared + 1,
        different: different + (reply.different ? 1 : 0),
        notAllowed: notAllowed + (reply.notAllowed ? 1 : 0),
      };
      return;
    }
    const reason = reply.kind === 'failed' ? reply.failure : 'thread';
    metrics.failed(spec.mesh, reason);
    this.#failed.set(reason, (this.#failed.get(reason) ?? 0) + 1);
    if (!reason.startsWith('upstream')) return;
    this.#failuresInRow += 1;
    if (this.#failuresInRow < FAILURES_IN_ROW) return;
    this.#failuresInRow = 0;
    this.#restUntilMs = now() + REST_MS;
    if (this.#waiting.length > 0) this.dropped('upstream_down', this.#waiting.length);
    this.#clear();
  }
}

function sizeOf({ review, answer }: TappedReview): number {
  return review.length + answer.length;
}
