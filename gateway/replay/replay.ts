/** Replays reviews of any meshes: each goes to the mesh that answered it when it was recorded. */
import { MAX_REVIEWS } from '../diff/compare-sides.ts';
import { type Compilers, End, type Trial } from '../diff/end.ts';
import { hasRevision, type Side } from '../diff/side.ts';
import { recordOf } from '../record/recorded-review.ts';
import type { ClusterSnapshot } from '../snapshot.ts';
import { MeshReplay, type MeshReplayReport } from './mesh-replay.ts';

export interface ReplayReport {
  readonly replays: readonly MeshReplayReport[];
  /** Reviews that no mesh was found for, by the mesh that they name ('': none). */
  readonly left: Readonly<Record<string, number>>;
}

export interface ReplayOptions {
  readonly side: Side;
  readonly against: Side | null;
  /** Only reviews of this mesh, and those that name none; undefined: of all. */
  readonly mesh: string | undefined;
  /** Given instead of what was recorded or the source says. */
  readonly cluster: ClusterSnapshot | null;
  readonly compilers: Compilers;
  /** Milliseconds. */
  readonly now: () => number;
}

/** Throws CompileError where a revision does not compile, and RangeError beyond MAX_REVIEWS. */
export async function replay(
  reviews: AsyncIterable<Pick<Trial, 'review'>>,
  options: ReplayOptions,
): Promise<ReplayReport> {
  const names = replayableMeshes(options);
  const meshes = new Map<string, MeshReplay>();
  const left = new Map<string, number>();
  let count = 0;
  for await (const { review } of reviews) {
    count++;
    if (count > MAX_REVIEWS) throw new RangeError(`there are more than ${MAX_REVIEWS} reviews`);
    const record = recordOf(review);
    // A review that names no mesh is for the one that there is.
    const name = record?.mesh ?? options.mesh ?? (names.size === 1 ? ([...names][0] ?? '') : '');
    if (options.mesh !== undefined && name !== options.mesh) continue;
    if (!names.has(name)) {
      left.set(name, (left.get(name) ?? 0) + 1);
      continue;
    }
    const mesh = meshes.get(name) ?? open(name, options);
    meshes.set(name, mesh);
    const revision = record?.explicit === true ? record.revision : undefined;
    mesh.add({ review, params: record?.params ?? {}, context: record?.cluster, revision }, record);
  }
  return { replays: [...meshes.values()].map((mesh) => mesh.report()), left: Object.fromEntries(left) };
}

/** Meshes that the source, and the other one where there is one, have with the revision that is asked for. */
function replayableMeshes({ side, against }: ReplayOptions): ReadonlySet<string> {
  const has = ({ snapshot, revision }: Side, name: string): boolean => {
    const mesh = snapshot.meshes.get(name);
    return mesh !== undefined && (revision === null || hasRevision(mesh, revision));
  };
  const names = [...side.snapshot.meshes.keys()];
  return new Set(names.filter((name) => has(side, name) && (against === null || has(against, name))));
}

function open(mesh: string, { side, against, cluster, compilers, now }: ReplayOptions): MeshReplay {
  const other = against === null ? null : new End(against, mesh, cluster, compilers);
  return new MeshReplay(mesh, new End(side, mesh, cluster, compilers), other, now);
}
