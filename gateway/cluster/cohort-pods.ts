/**
 * The pods of one rollout, as a watch keeps them: of each pod that the mesh has injected only what is counted. Which of them have the new
 * revision is told by the mark that it leaves; where both revisions leave the same, by the workload's place below the weight and a
 * creation after the weight came there.
 */
import type { RevisionSource } from '../../workers/protocol.ts';
import { Cohort, placeOf } from '../rollout/cohort.ts';
import type { PodMetadata } from '../rollout/pod-metadata.ts';
import type { Rollout } from '../rollout/rollout.ts';
import { workloadOf } from '../rollout/workload.ts';
import type { ClusterView } from '../routing/cluster.ts';
import { at, listAt, textAt, textsAt } from './kube-objects.ts';
import { healthOf, type PodHealth } from './pod-health.ts';
import type { Sink } from './reflector.ts';
import { markOf, readMark } from './revision-mark.ts';

/** Pods that are kept of one rollout; a record has about 200 bytes. */
export const MAX_PODS = 200_000;

interface CountedPod extends PodHealth {
  readonly createdMs: number;
  readonly mark: string;
  /** Of its workload, in [0, 100); null: selectors or annotations keep it out of the rollout. */
  readonly place: number | null;
}

/** From when on pods of a workload have the new revision, by the apiserver's clock. */
export interface WeightStep {
  readonly weight: number;
  readonly sinceMs: number;
}

export interface PodCount {
  readonly pods: number;
  readonly well: number;
  /** Pods that are neither ready nor failing, and too young for that to mean anything. */
  readonly starting: number;
  /** `ImagePullBackOff` → pods. */
  readonly causes: ReadonlyMap<string, number>;
  /** `shop/web-1` of a pod that does not do well; empty when all do. */
  readonly example: string;
}

export class CohortPods implements Sink {
  readonly #rollout: Rollout;
  readonly #provider: RevisionSource['spec']['provider'];
  readonly #everybody: Cohort;
  readonly #cluster: () => ClusterView | null;
  readonly #fromMark: string;
  readonly #toMark: string;
  #pods = new Map<string, CountedPod>();
  #gathered: Map<string, CountedPod> | null = null;
  #full = false;

  constructor(rollout: Rollout, from: RevisionSource, to: RevisionSource, cluster: () => ClusterView | null) {
    this.#rollout = rollout;
    this.#provider = to.spec.provider;
    this.#everybody = new Cohort(rollout, 100);
    this.#cluster = cluster;
    this.#fromMark = markOf(from);
    this.#toMark = markOf(to);
  }

  /** Whether there were more pods than are kept. */
  get full(): boolean {
    return this.#full;
  }

  begin(): void {
    this.#gathered = new Map();
    this.#full = false;
  }

  complete(): void {
    this.#pods = this.#gathered ?? this.#pods;
    this.#gathered = null;
  }

  put(object: unknown): void {
    const pods = this.#gathered ?? this.#pods;
    const key = keyOf(object);
    const counted = this.#counted(object);
    if (counted === null) pods.delete(key);
    else if (pods.has(key) || pods.size < MAX_PODS) pods.set(key, counted);
    else this.#full = true;
  }

  remove(object: unknown): void {
    (this.#gathered ?? this.#pods).delete(keyOf(object));
  }

  /**
   * Counts of both revisions. A pod does well when it is ready, or has ended well, and none of its containers was started again within
   * `windowMs`; one that is younger than that and not ready yet does not count.
   */
  count(
    steps: readonly WeightStep[],
    windowMs: number,
    nowMs: number,
  ): { readonly to: PodCount; readonly from: PodCount } {
    const [to, from] = [new Counter(windowMs, nowMs), new Counter(windowMs, nowMs)];
    for (const [key, pod] of this.#pods) {
      const side = this.#sideOf(pod, steps);
      if (side !== null) (side === 'to' ? to : from).add(key, pod);
    }
    return { to, from };
  }

  #sideOf({ place, mark, createdMs }: CountedPod, steps: readonly WeightStep[]): 'from' | 'to' | null {
    const step = place === null ? undefined : steps.find(({ weight }) => place < weight);
    if (this.#fromMark !== this.#toMark) {
      if (mark === this.#fromMark) return 'from';
      return step === undefined ? null : 'to';
    }
    if (step === undefined) return 'from';
    // One that was there before the step has the old revision still; that its workload is about to change says nothing about that.
    return createdMs >= step.sinceMs ? 'to' : 'from';
  }

  #counted(object: unknown): CountedPod | null {
    const health = healthOf(object);
    const metadata = metadataOf(object);
    const mark = readMark(metadata.annotations, this.#provider, this.#rollout.mesh);
    if (health === null || (mark !== this.#fromMark && mark !== this.#toMark)) return null;
    const createdMs = Date.parse(textAt(object, 'metadata', 'creationTimestamp')) || 0;
    return { ...health, createdMs, mark, place: this.#placeOf(object, metadata) };
  }

  #placeOf(object: unknown, pod: PodMetadata): number | null {
    const namespace = textAt(object, 'metadata', 'namespace');
    const cluster = this.#cluster();
    const find = (kind: string, name: string) => cluster?.owner(kind, namespace, name);
    if (!this.#everybody.ask(pod, namespace, cluster?.namespace(namespace) ?? null, find).included) return null;
    return placeOf(this.#rollout.name, namespace, workloadOf(pod, find));
  }
}

class Counter implements PodCount {
  pods = 0;
  well = 0;
  starting = 0;
  readonly causes = new Map<string, number>();
  example = '';
  readonly #windowMs: number;
  readonly #nowMs: number;

  constructor(windowMs: number, nowMs: number) {
    this.#windowMs = windowMs;
    this.#nowMs = nowMs;
  }

  add(key: string, pod: CountedPod): void {
    const startMs = this.#nowMs - this.#windowMs;
    const restarted = pod.restartedMs > startMs ? 'restarted' : '';
    const cause = pod.failure || restarted || (pod.ready ? '' : 'not ready');
    if (cause === 'not ready' && pod.createdMs > startMs) {
      this.starting += 1;
      return;
    }
    this.pods += 1;
    if (cause === '') {
      this.well += 1;
      return;
    }
    this.causes.set(cause, (this.causes.get(cause) ?? 0) + 1);
    this.example ||= key;
  }
}

function keyOf(object: unknown): string {
  return `${textAt(object, 'metadata', 'namespace')}/${textAt(object, 'metadata', 'name')}`;
}

/** A pod that was made by `generateName` keeps it: its workload is what it was when it was admitted. */
function metadataOf(object: unknown): PodMetadata {
  return {
    name: textAt(object, 'metadata', 'name'),
    generateName: textAt(object, 'metadata', 'generateName'),
    labels: textsAt(object, 'metadata', 'labels'),
    annotations: textsAt(object, 'metadata', 'annotations'),
    ownerReferences: listAt(object, 'metadata', 'ownerReferences').map((owner) => ({
      apiVersion: textAt(owner, 'apiVersion'),
      kind: textAt(owner, 'kind'),
      name: textAt(owner, 'name'),
      controller: at(owner, 'controller') === true,
    })),
  };
}
