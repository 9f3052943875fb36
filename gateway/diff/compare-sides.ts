/** Runs reviews through two revisions of a mesh, in process, and groups what comes out different. */
import type { ClusterSnapshot } from '../snapshot.ts';
import { compareResults } from './compare-results.ts';
import { type ComparedEnd, type Compilers, End, type Trial } from './end.ts';
import { DifferenceGroups, type DifferenceSummary } from './groups.ts';
import { hasRevision, type Side } from './side.ts';
import { objectOfReview, subjectOf } from './subject.ts';

/** Reviews of one comparison. */
export const MAX_REVIEWS = 200_000;

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
  compilers: Compilers,
): Promise<MeshComparison> {
  const from = new End(sides.from, mesh, cluster, compilers);
  const to = new End(sides.to, mesh, cluster, compilers);
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
