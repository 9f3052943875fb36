/**
 * Counts of what became of requests, by revision, for the meshes that a rollout moves: what the built-in metrics are made from. They
 * only ever grow, as Prometheus' counters do; a process that is started again begins at zero.
 */
import { errorEntry } from '../errors.ts';
import type { RequestSample } from '../telemetry/request-metrics.ts';

/** Upper bounds of the shares of the budget that are told apart, in percent; what is above the last counts as over the budget. */
export const SHARE_BOUNDS_PERCENT = [0.1, 0.25, 0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 25, 30, 40, 50, 60, 70, 80, 90, 100];
/** Revisions of a mesh that are counted: a mesh has few, and only two of them matter. */
const REVISION_LIMIT = 64;

export interface Tally {
  readonly mesh: string;
  readonly revision: string;
  /** Requests that were tried; what was refused for lack of time or room, or was wrong in itself, is not among them. */
  requests: number;
  /** Of these, failed by the gateway's or the revision's fault. */
  errors: number;
  denied: number;
  /** By SHARE_BOUNDS_PERCENT, one more for what is above. */
  shares: number[];
}

export class RevisionTallies {
  #meshes: ReadonlyMap<string, Map<string, Tally>> = new Map();

  /** Counts these meshes from now on; counts so far stay where they are. */
  watch(meshes: Iterable<string>): void {
    this.#meshes = new Map([...meshes].map((mesh) => [mesh, this.#meshes.get(mesh) ?? new Map<string, Tally>()]));
  }

  observe(sample: RequestSample): void {
    const ofMesh = this.#meshes.get(sample.mesh);
    if (ofMesh === undefined || sample.shed || sample.revision === '') return;
    const failed = sample.outcome === 'failed';
    if (failed && errorEntry(sample.reason).fault === 'upstream') return;
    let tally = ofMesh.get(sample.revision);
    if (tally === undefined) {
      if (ofMesh.size >= REVISION_LIMIT) return;
      tally = emptyTally(sample.mesh, sample.revision);
      ofMesh.set(sample.revision, tally);
    }
    tally.requests += 1;
    if (failed) tally.errors += 1;
    else if (sample.outcome === 'denied') tally.denied += 1;
    if (sample.budgetShare >= 0) countShare(tally.shares, sample.budgetShare * 100);
  }

  read(): readonly Tally[] {
    return [...this.#meshes.values()].flatMap((ofMesh) =>
      [...ofMesh.values()].map((tally) => ({ ...tally, shares: [...tally.shares] })),
    );
  }
}

export function emptyTally(mesh: string, revision: string): Tally {
  const shares = Array.from({ length: SHARE_BOUNDS_PERCENT.length + 1 }, () => 0);
  return { mesh, revision, requests: 0, errors: 0, denied: 0, shares };
}

/** Adds one share, in percent. */
export function countShare(shares: number[], percent: number): void {
  const found = SHARE_BOUNDS_PERCENT.findIndex((bound) => percent <= bound);
  const index = found < 0 ? SHARE_BOUNDS_PERCENT.length : found;
  shares[index] = (shares[index] ?? 0) + 1;
}

/** The counts of several processes together. */
export function addTallies(all: readonly (readonly Tally[])[]): readonly Tally[] {
  const sums = new Map<string, Tally>();
  for (const tally of all.flat()) {
    const key = `${tally.mesh}\u0000${tally.revision}`;
    const sum = sums.get(key) ?? emptyTally(tally.mesh, tally.revision);
    sums.set(key, {
      ...sum,
      requests: sum.requests + tally.requests,
      errors: sum.errors + tally.errors,
      denied: sum.denied + tally.denied,
      shares: sum.shares.map((count, index) => count + (tally.shares[index] ?? 0)),
    });
  }
  return [...sums.values()];
}

/** What came since `before`; where the count has fallen it began anew, and all of it is new. */
export function tallySince(before: Tally | undefined, now: Tally): Tally {
  if (before === undefined || now.requests < before.requests) return now;
  return {
    ...now,
    requests: now.requests - before.requests,
    errors: Math.max(0, now.errors - before.errors),
    denied: Math.max(0, now.denied - before.denied),
    shares: now.shares.map((count, index) => Math.max(0, count - (before.shares[index] ?? 0))),
  };
}

/**
 * The upper bound in percent below which 99 of 100 shares lie; Infinity above the last bound, null without shares. Of fewer than 100 the
 * largest one is left out, unless it is all there is: a single slow request among few says nothing.
 */
export function p99Share({ shares }: Pick<Tally, 'shares'>): number | null {
  const total = shares.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  const below = Math.max(1, Math.min(total * 0.99, total - 1));
  let seen = 0;
  for (const [index, count] of shares.entries()) {
    seen += count;
    if (seen >= below) return SHARE_BOUNDS_PERCENT[index] ?? Number.POSITIVE_INFINITY;
  }
  return Number.POSITIVE_INFINITY;
}
