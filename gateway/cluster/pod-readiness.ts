/**
 * The metric `readiness`: how the pods of a canary do in the cluster. Pods are watched only while a rollout that asks for it is under way,
 * and of each only what is counted is kept.
 */
import type { Reading } from '../rollout/check.ts';
import type { Metric, Rollout } from '../rollout/rollout.ts';
import { ClusterView, chooseCluster } from '../routing/cluster.ts';
import type { ClusterSnapshot, Snapshot } from '../snapshot.ts';
import type { ClusterClient } from './cluster-client.ts';
import { CohortPods, MAX_PODS, type PodCount, type WeightStep } from './cohort-pods.ts';
import { Reflector, type ReflectorState } from './reflector.ts';

/** Rollouts whose pods are watched at once; each reads all pods of the cluster. */
const MAX_WATCHES = 8;
/** How long a check waits for the first list of pods. */
const FIRST_LIST_MS = 10_000;
/** A watch that nobody has asked for so many intervals is ended. */
const IDLE_INTERVALS = 10;
const IDLE_MIN_MS = 60_000;
const IDLE_CHECK_MS = 10_000;

export interface PodReadinessParts {
  readonly client: ClusterClient;
  readonly snapshot: () => Snapshot | null;
  /** What is known of the cluster from watches; null: nothing. */
  readonly watched: () => ClusterSnapshot | null;
  readonly onState: (state: ReflectorState) => void;
  /** A watch has ended in order. */
  readonly onEnd: (what: string) => void;
}

interface Watched {
  readonly digest: string;
  readonly pods: CohortPods;
  readonly reflector: Reflector;
  readonly what: string;
  readonly idleMs: number;
  /** Rising. */
  readonly steps: WeightStep[];
  askedMs: number;
}

export class PodReadiness {
  readonly #parts: PodReadinessParts;
  readonly #watched = new Map<string, Watched>();
  #timer: NodeJS.Timeout | null = null;
  #lastView: { readonly cluster: ClusterSnapshot; readonly view: ClusterView } | null = null;

  constructor(parts: PodReadinessParts) {
    this.#parts = parts;
  }

  /** Told when an interval begins, with the weight that holds from now on. Never rejects. */
  async begin(rollout: Rollout, weight: number): Promise<void> {
    if (metricOf(rollout) === undefined || weight <= 0) return;
    const watched = await this.#watch(rollout);
    if (watched === null) return;
    const last = watched.steps.at(-1)?.weight ?? 0;
    if (weight < last) watched.steps.length = 0;
    // Creation times of pods are whole seconds, rounded down.
    const sinceMs = Math.floor(this.#parts.client.nowMs() / 1_000) * 1_000;
    if (weight !== last) watched.steps.push({ weight, sinceMs });
  }

  /** Share of the pods with the new revision that do well, in percent. Never rejects. */
  async read(rollout: Rollout): Promise<Reading> {
    const metric = metricOf(rollout);
    const watched = metric === undefined ? null : await this.#watch(rollout);
    if (metric === undefined || watched === null)
      return missing(`the pods of ${MAX_WATCHES} rollouts are watched already`);
    if (watched.reflector.state.error === null) await watched.reflector.whenSynced(FIRST_LIST_MS);
    const { synced, error } = watched.reflector.state;
    if (error !== null) return missing(`the pods can not be watched: ${error.message}`);
    if (!synced) return missing(`the pods could not be listed within ${FIRST_LIST_MS / 1_000} s`);
    if (watched.pods.full) return missing(`the mesh has more than ${MAX_PODS} pods`);
    const { to, from } = watched.pods.count(watched.steps, metric.intervalMs, this.#parts.client.nowMs());
    return readingOf(metric, to, from);
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    const all = [...this.#watched.values()];
    this.#watched.clear();
    await Promise.all(all.map(({ reflector }) => reflector.stop()));
  }

  async #watch(rollout: Rollout): Promise<Watched | null> {
    const before = this.#watched.get(rollout.name);
    if (before !== undefined && before.digest === rollout.digest) {
      before.askedMs = performance.now();
      return before;
    }
    if (before !== undefined) await this.#end(rollout.name, before);
    const snapshot = this.#parts.snapshot();
    const mesh = snapshot?.meshes.get(rollout.mesh);
    const [from, to] = [mesh?.revisions.get(rollout.from), mesh?.revisions.get(rollout.to)];
    if (this.#watched.size >= MAX_WATCHES || from === undefined || to === undefined) return null;
    const pods = new CohortPods(rollout, from, to, () => this.#view(rollout.mesh));
    const { client, onState } = this.#parts;
    const what = `pods of rollout ${rollout.name}`;
    const watched: Watched = {
      ...{ digest: rollout.digest, pods, what, steps: [], askedMs: performance.now() },
      reflector: new Reflector({ client, path: '/api/v1/pods', what, sink: pods, onState }),
      idleMs: Math.max(IDLE_MIN_MS, IDLE_INTERVALS * rollout.intervalMs),
    };
    this.#watched.set(rollout.name, watched);
    watched.reflector.start();
    this.#timer ??= setInterval(() => this.#endIdle(), IDLE_CHECK_MS).unref();
    return watched;
  }

  #endIdle(): void {
    for (const [name, watched] of this.#watched) {
      if (performance.now() - watched.askedMs > watched.idleMs) void this.#end(name, watched);
    }
  }

  async #end(name: string, { reflector, what }: Watched): Promise<void> {
    this.#watched.delete(name);
    await reflector.stop();
    this.#parts.onEnd(what);
  }

  /** Namespaces and owners as the routing sees them, so that both tell the same cohorts. */
  #view(name: string): ClusterView | null {
    const snapshot = this.#parts.snapshot();
    const mesh = snapshot?.meshes.get(name);
    if (snapshot === null || mesh === undefined) return null;
    const cluster = chooseCluster(snapshot, mesh, {}, this.#parts.watched());
    if (cluster === null) return null;
    if (this.#lastView?.cluster !== cluster) this.#lastView = { cluster, view: new ClusterView(cluster) };
    return this.#lastView.view;
  }
}

function metricOf(rollout: Rollout): Metric | undefined {
  return rollout.metrics.find(({ name, prometheus }) => prometheus === null && name === 'readiness');
}

function readingOf({ minSamples }: Metric, to: PodCount, from: PodCount): Reading {
  const baseline = from.pods === 0 ? null : percentOf(from);
  if (to.pods === 0 || to.pods < minSamples) {
    const starting = to.starting > 0 ? `, and ${to.starting} are starting` : '';
    const asked = minSamples > 1 ? ` of at least ${minSamples}` : '';
    return { value: null, reason: `the new revision has ${to.pods} pods${asked}${starting}`, scarce: true, baseline };
  }
  return { value: percentOf(to), reason: '', baseline, ...(to.well === to.pods ? {} : { detail: detailOf(to) }) };
}

function percentOf({ well, pods }: PodCount): number {
  return (well / pods) * 100;
}

function detailOf({ pods, causes, example }: PodCount): string {
  const told = [...causes]
    .sort(([one, a], [other, b]) => b - a || (one < other ? -1 : 1))
    .map(([cause, count]) => `${count} ${cause}`);
  return `of ${pods} pods ${told.join(', ')}, as ${example}`;
}

function missing(reason: string): Reading {
  return { value: null, reason, baseline: null };
}
