/** One end of a comparison: one side's revision of one mesh, through which reviews go in process. */
import type { CompiledRevision } from '../../workers/inject/provider.ts';
import { applyPatch } from '../../workers/jsonpatch/apply.ts';
import type { ClusterContext, RevisionSource } from '../../workers/protocol.ts';
import type { JsonObject } from '../../workers/template/value.ts';
import { type Destination, type TrialResult, tryReview } from '../manifests/trial.ts';
import { ClusterView } from '../routing/cluster.ts';
import { Router } from '../routing/router.ts';
import type { ClusterSnapshot } from '../snapshot.ts';
import type { InjectionResult } from './compare-results.ts';
import type { Side } from './side.ts';

/** A review to be tried on both sides. */
export interface Trial {
  /** AdmissionReview, JSON. */
  readonly review: string;
  /** KEY/VALUE pairs of the URL. */
  readonly params?: Readonly<Record<string, string>>;
  /** Name of the ClusterSnapshot; left out: the one that the mesh and the pairs choose. */
  readonly cluster?: string | undefined;
  /** What was known of the cluster when the review was recorded; counts where no cluster is given. */
  readonly context?: ClusterContext | undefined;
}

/** One end of a comparison, as reports name it. */
export interface ComparedEnd {
  readonly name: string;
  readonly source: string;
  readonly revision: string;
  /** Whose injector's behaviour it has; null where there are no releases. */
  readonly release: string | null;
}

/** One side's revision of one mesh, compiled once. */
export class End {
  readonly described: ComparedEnd;
  readonly #router: Router;
  readonly #path: string;
  readonly #side: Side;
  readonly #compiled: CompiledRevision;
  readonly #given: ClusterView | null;

  /** Throws CompileError. */
  constructor(
    side: Side,
    mesh: string,
    cluster: ClusterSnapshot | null,
    compile: (source: RevisionSource) => CompiledRevision,
  ) {
    this.#side = side;
    this.#router = new Router(side.snapshot);
    this.#path = `/inject/mesh/${mesh}${side.revision === null ? '' : `/rev/${side.revision}`}`;
    this.#given = cluster === null ? null : new ClusterView(cluster);
    const { revision } = this.#route({});
    this.#compiled = compile(revision);
    const { name, sourceRevision } = side;
    const release = this.#compiled.release?.name ?? null;
    this.described = { name, source: sourceRevision, revision: revision.name, release };
  }

  inject(trial: Trial, object: JsonObject): InjectionResult {
    const { outcome, patch } = this.answer(trial);
    return { outcome, pod: applyPatch(object, patch) as JsonObject };
  }

  /** What a request would be answered. */
  answer({ review, params = {}, cluster, context }: Trial): TrialResult {
    const route = this.#route(params);
    const named = cluster === undefined ? undefined : this.#side.snapshot.clusters.get(cluster);
    const destination: Destination = {
      mesh: route.mesh,
      revision: this.#compiled,
      params,
      cluster: this.#given ?? (named === undefined ? route.cluster : new ClusterView(named)),
      ...(context === undefined || this.#given !== null ? {} : { context }),
    };
    return tryReview(destination, review);
  }

  #route(params: Readonly<Record<string, string>>) {
    const pairs = Object.entries(params).map(([key, value]) => `/${key}/${value.replaceAll('/', '--slash--')}`);
    const resolution = this.#router.resolve(encodeURI(this.#path + pairs.join('')));
    if (!resolution.ok) throw new RangeError(resolution.message);
    return resolution.route;
  }
}
