/** Runs reviews through two revisions of a mesh, in process, and groups what comes out different. */
import type { CompiledRevision } from '../../workers/inject/provider.ts';
import { applyPatch } from '../../workers/jsonpatch/apply.ts';
import type { RevisionSource } from '../../workers/protocol.ts';
import type { JsonObject } from '../../workers/template/value.ts';
import { type Destination, tryReview } from '../manifests/trial.ts';
import { ClusterView } from '../routing/cluster.ts';
import { Router } from '../routing/router.ts';
import type { ClusterSnapshot } from '../snapshot.ts';
import { compareResults, type InjectionResult } from './compare-results.ts';
import { DifferenceGroups, type DifferenceSummary } from './groups.ts';
import { hasRevision, type Side } from './side.ts';
import { objectOfReview, subjectOf } from './subject.ts';

/** Reviews of one comparison. */
export const MAX_REVIEWS = 200_000;

/** A review to be tried on both sides. */
export interface Trial {
  /** AdmissionReview, JSON. */
  readonly review: string;
  /** KEY/VALUE pairs of the URL. */
  readonly params?: Readonly<Record<string, string>>;
  /** Name of the ClusterSnapshot; left out: the one that the mesh and the pairs choose. */
  readonly cluster?: string | undefined;
}

/** One end of a comparison, as reports name it. */
export interface ComparedEnd {
  readonly name: string;
  readonly source: string;
  readonly revision: string;
  /** Whose injector's behaviour it has; null where there are no releases. */
  readonly release: string | null;
}

export interface MeshComparison extends DifferenceSummary {
  readonly mesh: string;
  readonly from: ComparedEnd;
  readonly to: ComparedEnd;
}

/** The meshes that can be compared: those which both sides have, with the revisions asked for. */
export function commonMeshes(from: Side, to: Side): readonly string[] {
  const names = [...from.snapshot.meshes.keys()].filter((name) => to.snapshot.meshes.has(name));
  return names.filter((name) =>
    [from, to].every(({ snapshot, revision }) => {
      const mesh = snapshot.meshes.get(name);
      return revision === null || (mesh !== undefined && hasRevision(mesh, revision));
    }),
  );
}

/** One side's revision of one mesh, compiled once. */
class End {
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

  inject({ review, params = {}, cluster }: Trial, object: JsonObject): InjectionResult {
    const route = this.#route(params);
    const named = cluster === undefined ? undefined : this.#side.snapshot.clusters.get(cluster);
    const destination: Destination = {
      mesh: route.mesh,
      revision: this.#compiled,
      params,
      cluster: this.#given ?? (named === undefined ? route.cluster : new ClusterView(named)),
    };
    const { outcome, patch } = tryReview(destination, review);
    return { outcome, pod: applyPatch(object, patch) as JsonObject };
  }

  #route(params: Readonly<Record<string, string>>) {
    const pairs = Object.entries(params).map(([key, value]) => `/${key}/${value.replaceAll('/', '--slash--')}`);
    const resolution = this.#router.resolve(encodeURI(this.#path + pairs.join('')));
    if (!resolution.ok) throw new RangeError(resolution.message);
    return resolution.route;
  }
}

/**
 * Compares one mesh.
 * @param cluster what is known about the cluster on both sides; null: what each side's own policies say.
 * @throws CompileError where a revision does not compile; RangeError beyond MAX_REVIEWS.
 */
export async function compareMesh(
  sides: { readonly from: Side; readonly to: Side },
  mesh: string,
  trials: AsyncIterable<Trial> | Iterable<Trial>,
  cluster: ClusterSnapshot | null,
  compile: (source: RevisionSource) => CompiledRevision,
): Promise<MeshComparison> {
  const from = new End(sides.from, mesh, cluster, compile);
  const to = new End(sides.to, mesh, cluster, compile);
  const groups = new DifferenceGroups();
  let count = 0;
  for await (const trial of trials) {
    count++;
    if (count > MAX_REVIEWS) throw new RangeError(`there are more than ${MAX_REVIEWS} reviews`);
    const { object, namespace } = objectOfReview(trial.review);
    const changes = compareResults(object, from.inject(trial, object), to.inject(trial, object));
    groups.add(subjectOf(object, namespace), changes);
  }
  return { mesh, from: from.described, to: to.described, ...groups.summary() };
}
