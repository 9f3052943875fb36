/**
 * Where answered reviews are copied for shadows and recordings. The way of a request pays for one look-up and a count; copying happens in
 * a later turn of the event loop, when the answer has left, and not at all while reviews wait for a worker.
 */

import type { Outcome } from '../../workers/protocol.ts';
import { decodeReview } from '../admission/decode.ts';
import type { Exchange } from '../admission/exchange.ts';
import { type AnswerText, textOf } from '../pool/placed-answer.ts';
import { UNKNOWN_CLUSTER } from '../routing/cluster.ts';
import { Sampler } from './sampler.ts';
import type { TapDropReason, TapEvent, TapOrder } from './tapped-review.ts';

/** Reviews that wait for their turn to be copied; more in one turn are dropped. */
const PENDING_LIMIT = 64;
/** Larger reviews are not copied. */
export const TAP_BYTES_LIMIT = 1024 * 1024;
/** How often it is told what was dropped. */
const TELL_MS = 250;

interface Line {
  readonly order: TapOrder;
  readonly sampler: Sampler;
}

const NO_LINES: readonly Line[] = [];

export interface TapParts {
  /** Whether live reviews wait. */
  readonly busy: () => boolean;
  readonly now: () => number;
}

export class ReviewTap {
  readonly #parts: TapParts;
  /** By mesh; under null those of all meshes. */
  #lines: ReadonlyMap<string | null, readonly Line[]> = new Map();
  #pending = 0;
  #drops = new Map<string, { order: string; reason: TapDropReason; count: number }>();
  #telling: NodeJS.Timeout | null = null;
  /** Whom it is told to. */
  listener: ((event: TapEvent) => void) | null = null;

  constructor(parts: TapParts) {
    this.#parts = parts;
  }

  /** These orders and no others from now on. Samplers of orders that stay go on. */
  setOrders(orders: readonly TapOrder[]): void {
    const known = new Map([...this.#lines.values()].flat().map((line) => [JSON.stringify(line.order), line]));
    const lines = orders.map((order): Line => {
      const sampler = new Sampler(order.sample, order.perSecond);
      return known.get(JSON.stringify(order)) ?? { order, sampler };
    });
    this.#lines = Map.groupBy(lines, ({ order }) => order.mesh);
  }

  /** Offers a review that has been answered. Never throws. */
  offer(exchange: Exchange, outcome: Outcome, answer: AnswerText): void {
    if (this.#lines.size === 0 || this.listener === null) return;
    const { resolution } = exchange;
    if (!resolution?.ok || exchange.body === null) return;
    const lines = this.#linesOf(resolution.route.mesh.name).filter(({ sampler }) => sampler.next());
    if (lines.length === 0) return;
    const at = this.#parts.now();
    const admitted = lines.filter(({ order, sampler }) => {
      return sampler.admit(at) && this.#pending < PENDING_LIMIT ? true : this.#drop(order.id, 'rate');
    });
    if (admitted.length === 0) return;
    this.#pending += 1;
    const text = textOf(answer);
    setImmediate(() => {
      this.#pending -= 1;
      this.#copy(
        admitted.map(({ order }) => order.id),
        exchange,
        outcome,
        text,
      );
    });
  }

  close(): void {
    this.#lines = new Map();
    if (this.#telling !== null) clearTimeout(this.#telling);
    this.#telling = null;
  }

  #linesOf(mesh: string): readonly Line[] {
    const all = this.#lines.get(null);
    const own = this.#lines.get(mesh) ?? NO_LINES;
    return all === undefined ? own : [...all, ...own];
  }

  #copy(orders: readonly string[], exchange: Exchange, outcome: Outcome, answer: string): void {
    const { resolution, body } = exchange;
    if (!resolution?.ok || body === null || this.listener === null) return;
    const reason = this.#parts.busy() ? 'busy' : body.length > TAP_BYTES_LIMIT ? 'size' : null;
    if (reason !== null) {
      for (const order of orders) this.#drop(order, reason);
      return;
    }
    const decoded = exchange.header === null ? decodeReview(body) : ({ ok: true, header: exchange.header } as const);
    if (!decoded.ok) return;
    const { header } = decoded;
    const { mesh, revision, explicit, policyName, params, cluster } = resolution.route;
    this.listener({
      kind: 'review',
      tapped: {
        orders,
        mesh: mesh.name,
        revision: revision.name,
        explicit,
        policyName,
        params,
        namespace: header.namespace,
        cluster: cluster === null ? UNKNOWN_CLUSTER : cluster.contextFor(header, mesh.provider === 'istio'),
        // Of its own size: the body may be a small part of what was read from the connection at once.
        review: new Uint8Array(body),
        outcome,
        answer,
        answeredAt: Date.now(),
        durationMs: exchange.answeredAtMs - exchange.receivedAtMs,
      },
    });
  }

  #drop(order: string, reason: TapDropReason): false {
    const key = `${order}\n${reason}`;
    const drop = this.#drops.get(key) ?? { order, reason, count: 0 };
    drop.count += 1;
    this.#drops.set(key, drop);
    this.#telling ??= setTimeout(() => {
      this.#telling = null;
      const drops = [...this.#drops.values()];
      this.#drops = new Map();
      this.listener?.({ kind: 'dropped', drops });
    }, TELL_MS).unref();
    return false;
  }
}
