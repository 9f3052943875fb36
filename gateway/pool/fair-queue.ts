/**
 * The reviews that wait for a worker, in a lane for each mesh. Start-time fair queueing: every lane has a virtual time that grows by the
 * cost of what is taken from it divided by its mesh's share, and the lane that is furthest behind is next. So among lanes that have
 * work the workers' time is divided by shares, whatever each of them sends, and a lane that was empty is next in turn, without a
 * claim to the time that it did not use.
 *
 * Room is divided by a moving threshold: a lane may hold as much as is still free. One lane alone fills half of the queue, n lanes
 * 1/(n+1) each, and a mesh that comes late always finds room.
 */

import { RunningMean } from './running-mean.ts';

/** Lanes at once. Meshes without a lane of their own share one. */
export const LANE_LIMIT = 256;
const SHARED_LANE = '';
/** Weight of the newest cost in the running means. */
const COST_WEIGHT = 1 / 16;
/** What an item is taken to cost before any of its lane is known. */
const FIRST_COST_MS = 0.5;
/** Empty places (of what was taken, or ended while it waited) at which a lane is packed anew. */
const PACK_AT = 512;

/** What waits. */
export interface Waiting {
  readonly bytes: number;
  /** The lane that it waits in; the queue's to set. */
  lane: Lane | null;
}

export interface QueueLimits {
  readonly items: number;
  readonly bytes: number;
}

export class Lane {
  readonly mesh: string;
  share: number;
  /** Null where an item was taken, or ended while it waited. */
  items: (Waiting | null)[] = [];
  /** Where the lane begins: before it all is null. */
  head = 0;
  /** Items, and their size. */
  waiting = 0;
  bytes = 0;
  virtualMs = 0;
  /** What one item costs a worker, in milliseconds. */
  readonly cost: RunningMean;

  constructor(mesh: string, share: number, costMs: number) {
    this.mesh = mesh;
    this.share = share;
    this.cost = new RunningMean(costMs, COST_WEIGHT);
  }
}

export class FairQueue<T extends Waiting> {
  readonly #limits: QueueLimits;
  readonly #lanes = new Map<string, Lane>();
  /** Lanes that have an item waiting. */
  #busy: Lane[] = [];
  #virtualMs = 0;
  #waiting = 0;
  #bytes = 0;
  readonly #meanCost = new RunningMean(FIRST_COST_MS, COST_WEIGHT);

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /** Items that wait. */
  get length(): number {
    return this.#waiting;
  }

  lengthOf(mesh: string): number {
    return this.#find(mesh)?.waiting ?? 0;
  }

  /** What one item of a mesh costs a worker. */
  costOf(mesh: string): number {
    return this.#find(mesh)?.cost.value ?? this.#meanCost.value;
  }

  /** The meshes that have a lane. */
  meshes(): { readonly mesh: string; readonly share: number; readonly queued: number }[] {
    return [...this.#lanes.values()].map(({ mesh, share, waiting }) => ({ mesh, share, queued: waiting }));
  }

  /** Whether a mesh may put one more item into its lane. */
  hasRoom(mesh: string): boolean {
    const lane = this.#find(mesh);
    const { items, bytes } = this.#limits;
    return (lane?.waiting ?? 0) < items - this.#waiting && (lane?.bytes ?? 0) < bytes - this.#bytes;
  }

  /** Puts an item at the end of its mesh's lane, whether there is room or not. */
  push(mesh: string, share: number, item: T): void {
    const lane = this.#lane(mesh, share);
    lane.items.push(item);
    this.#entered(lane, item);
  }

  /** Puts an item that had been taken back to the beginning of its mesh's lane. */
  pushBack(mesh: string, share: number, item: T): void {
    const lane = this.#lane(mesh, share);
    if (lane.head > 0) lane.items[--lane.head] = item;
    else lane.items.unshift(item);
    this.#entered(lane, item);
  }

  /** The next item; null when none waits. */
  take(): T | null {
    const lane = this.#next();
    if (lane === null) return null;
    while (lane.head < lane.items.length) {
      const at = lane.head++;
      const item = lane.items[at] as T | null | undefined;
      if (item === null || item === undefined) continue;
      this.#virtualMs = lane.virtualMs;
      lane.virtualMs += lane.cost.value / lane.share;
      this.#left(lane, item, at);
      return item;
    }
    return null;
  }

  /** Takes out an item that ended while it waited. */
  leave(item: T): void {
    const { lane } = item;
    // What ends here has mostly waited for long, so it is near the beginning.
    if (lane !== null) this.#left(lane, item, lane.items.indexOf(item, lane.head));
  }

  /** Learns what an item of a mesh has cost a worker. */
  learn(mesh: string, costMs: number): void {
    this.#meanCost.add(costMs);
    this.#find(mesh)?.cost.add(costMs);
  }

  /**
   * The work, in a worker's milliseconds, that is done before a new item of a mesh has its turn: all that waits, or less where the
   * mesh's share brings it forward, as it would if the lanes that have work now went on having it.
   */
  workAhead(mesh: string, share: number): number {
    const lane = this.#find(mesh);
    if (lane === undefined || lane.waiting === 0) return 0;
    let total = 0;
    let shares = 0;
    for (const busy of this.#busy) {
      total += busy.waiting * busy.cost.value;
      shares += busy.share;
    }
    return Math.min(total, (lane.waiting * lane.cost.value * shares) / share);
  }

  #entered(lane: Lane, item: T): void {
    item.lane = lane;
    if (lane.waiting === 0) {
      this.#busy.push(lane);
      lane.virtualMs = Math.max(lane.virtualMs, this.#virtualMs);
    }
    lane.waiting += 1;
    lane.bytes += item.bytes;
    this.#waiting += 1;
    this.#bytes += item.bytes;
  }

  #left(lane: Lane, item: T, at: number): void {
    item.lane = null;
    lane.items[at] = null;
    lane.waiting -= 1;
    lane.bytes -= item.bytes;
    this.#waiting -= 1;
    this.#bytes -= item.bytes;
    if (lane.waiting === 0) {
      lane.items = [];
      lane.head = 0;
      this.#busy.splice(this.#busy.indexOf(lane), 1);
    } else if (lane.items.length - lane.waiting > PACK_AT + lane.waiting) {
      lane.items = lane.items.filter((each) => each !== null);
      lane.head = 0;
    }
  }

  #next(): Lane | null {
    let best: Lane | null = null;
    for (const lane of this.#busy) if (best === null || lane.virtualMs < best.virtualMs) best = lane;
    return best;
  }

  /** The lane of a mesh, which may be the shared one. */
  #find(mesh: string): Lane | undefined {
    const lane = this.#lanes.get(mesh);
    return lane === undefined && this.#lanes.size > LANE_LIMIT ? this.#lanes.get(SHARED_LANE) : lane;
  }

  #lane(mesh: string, share: number): Lane {
    const known = this.#lanes.get(mesh);
    if (known !== undefined) {
      known.share = share;
      return known;
    }
    const own = this.#lanes.size < LANE_LIMIT || this.#dropIdle();
    const name = own ? mesh : SHARED_LANE;
    const lane = this.#lanes.get(name) ?? new Lane(name, own ? share : 1, this.#meanCost.value);
    this.#lanes.set(name, lane);
    return lane;
  }

  #dropIdle(): boolean {
    for (const lane of this.#lanes.values()) {
      if (lane.waiting > 0) continue;
      this.#lanes.delete(lane.mesh);
      return true;
    }
    return false;
  }
}
