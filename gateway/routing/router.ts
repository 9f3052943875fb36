/**
 * From a URL to the mesh and revision that serve it, within one snapshot.
 */
import { NO_REVISION } from '../../workers/inject/inject.ts';
import type { RevisionSource } from '../../workers/protocol.ts';
import type { ReviewHeader } from '../admission/decode.ts';
import type { ErrorCode } from '../errors.ts';
import { type Assignment, courseOf } from '../rollout/assignment.ts';
import type { ClusterSnapshot, Mesh, Snapshot } from '../snapshot.ts';
import { ClusterView, chooseCluster } from './cluster.ts';
import { parseParams } from './params.ts';
import { findRevision, type RevisionChoice, RevisionChooser } from './revision-choice.ts';
import { findClaim, parseUrl } from './target.ts';

/** Different URLs whose way is kept; an apiserver sends few. */
const URL_LIMIT = 1_024;

export interface Route {
  readonly mesh: Mesh;
  readonly revision: RevisionSource;
  readonly params: Readonly<Record<string, string>>;
  /** Null: nothing is known about the cluster. */
  readonly cluster: ClusterView | null;
  /** The one pod policy that is asked; null: all of them. */
  readonly policyName: string | null;
  /** Whether the path names the revision; otherwise `revision` is the default, and the request has a say (`choose`). */
  readonly explicit: boolean;
}

/** Pod policies alone are answered like a mesh that injects nothing. */
const POLICIES_ALONE: Mesh = {
  name: '',
  provider: 'template',
  paths: [],
  defaultRevision: '',
  tags: new Map(),
  onError: 'Fail',
  ignoredNamespaces: [],
  deadlineReserveMs: 50,
  share: 1,
  vcluster: 'Allow',
  nativeSidecars: 'Auto',
  revisionLabel: '',
  unknownRevision: 'Default',
  cluster: null,
  revisions: new Map(),
};

const NOTHING_TO_INJECT: RevisionSource = {
  digest: NO_REVISION,
  mesh: '',
  name: '',
  spec: { provider: 'template', template: '', values: '', injectKey: '', policy: 'disabled' },
};

export type Resolution =
  | { readonly ok: true; readonly route: Route; readonly timeoutMs: number }
  | {
      readonly ok: false;
      readonly code: ErrorCode;
      readonly message: string;
      /** Known in spite of the problem (a mesh without the revision that was asked). */
      readonly mesh: Mesh | null;
      readonly timeoutMs: number;
    };

/** Routes for one snapshot. A way once found is kept, so a request costs one look-up. */
export class Router {
  readonly snapshot: Snapshot;
  /** By name, each with the default revision that its rollouts have led to. */
  readonly #meshes: ReadonlyMap<string, Mesh>;
  readonly #kept = new Map<string, Resolution>();
  /** Goes with the routes, which are as many as are kept, and a mesh's revisions. */
  readonly #byRevision = new WeakMap<Route, Map<RevisionSource, Route>>();
  readonly #ignored: ReadonlyMap<Mesh, ReadonlySet<string>>;
  readonly #views: ReadonlyMap<string, ClusterView>;
  /** The cluster that is watched; null: none. */
  readonly #watched: { readonly cluster: ClusterSnapshot; readonly view: ClusterView } | null;
  readonly #choosers: ReadonlyMap<Mesh, RevisionChooser>;

  /** @param assignments how far the snapshot's rollouts are. */
  constructor(snapshot: Snapshot, assignments: readonly Assignment[] = [], watched: ClusterSnapshot | null = null) {
    this.snapshot = snapshot;
    const courses = [...snapshot.meshes.values()].map((mesh) => courseOf(snapshot, mesh, assignments));
    this.#meshes = new Map(courses.map(({ mesh }) => [mesh.name, mesh]));
    this.#choosers = new Map(courses.map(({ mesh, canary }) => [mesh, new RevisionChooser(mesh, canary)]));
    this.#ignored = new Map(courses.map(({ mesh }) => [mesh, new Set(mesh.ignoredNamespaces)]));
    this.#watched = watched === null ? null : { cluster: watched, view: new ClusterView(watched) };
    this.#views = new Map([...snapshot.clusters].map(([name, cluster]) => [name, new ClusterView(cluster)]));
  }

  /**
   * The route of a request target. Codes: PATH_UNKNOWN, MESH_UNKNOWN, REVISION_NOT_FOUND, HTTP_MALFORMED. An explicit revision in
   * the path wins over the mesh's default; both may be a tag.
   */
  resolve(url: string): Resolution {
    const kept = this.#kept.get(url);
    if (kept !== undefined) return kept;
    const resolution = this.#resolve(url);
    if (this.#kept.size >= URL_LIMIT) this.#kept.clear();
    this.#kept.set(url, resolution);
    return resolution;
  }

  /** The revision that injects a request's pod. An explicit revision of the path wins over everything. */
  choose(route: Route, header: ReviewHeader): RevisionChoice {
    const chooser = route.explicit ? undefined : this.#choosers.get(route.mesh);
    if (chooser === undefined) return { ok: true, revision: route.revision, warning: null, settled: true };
    return chooser.choose(route.revision, header, route.cluster);
  }

  /** Whether the way of a route's requests depends on more than where they go, their namespaces and one label of their pods. */
  looksInside({ mesh, explicit, cluster }: Route): boolean {
    return cluster !== null || (!explicit && this.#choosers.get(mesh)?.looksInside === true);
  }

  /** The label by which policies may choose the revision of a request's pod; null where they have no say. */
  labelForPolicies({ mesh, explicit, cluster }: Route, namespace: string): string | null {
    if (explicit || this.snapshot.policies === null) return null;
    return this.#choosers.get(mesh)?.labelForPolicies(namespace, cluster) ?? null;
  }

  /** The route with another revision: one object for all requests that come to it. */
  withRevision(route: Route, revision: RevisionSource): Route {
    if (revision === route.revision) return route;
    const kept = this.#byRevision.get(route) ?? new Map<RevisionSource, Route>();
    this.#byRevision.set(route, kept);
    const chosen = kept.get(revision) ?? { ...route, revision };
    kept.set(revision, chosen);
    return chosen;
  }

  /** The revision for a pod that a policy has given a label with this name. */
  chooseNamed(route: Route, name: string): RevisionChoice {
    const chooser = this.#choosers.get(route.mesh);
    if (chooser === undefined) return { ok: true, revision: route.revision, warning: null, settled: true };
    return chooser.chooseNamed(route.revision, name);
  }

  isIgnored(mesh: Mesh, namespace: string): boolean {
    return this.#ignored.get(mesh)?.has(namespace) ?? false;
  }

  #resolve(url: string): Resolution {
    const { target, timeoutMs } = parseUrl(url);
    const refuse = (code: ErrorCode, message: string, mesh: Mesh | null = null): Resolution => {
      return { ok: false, code, message, mesh, timeoutMs };
    };
    if (target.kind === 'malformed') return refuse('HTTP_MALFORMED', 'The path has a broken percent-encoding.');
    if (target.kind === 'mesh') {
      const mesh = this.#meshes.get(target.mesh);
      if (mesh === undefined) return refuse('MESH_UNKNOWN', `There is no mesh ${quote(target.mesh)}.`);
      return this.#pick(mesh, target.revision, target.params, timeoutMs);
    }
    if (target.kind === 'policies') return this.#pickPolicies(target.name, target.params, timeoutMs);
    const claim = findClaim(target.path, this.snapshot.paths);
    const mesh = claim === null ? undefined : this.#meshes.get(claim.mesh);
    if (claim === null || mesh === undefined) return refuse('PATH_UNKNOWN', `No mesh answers ${quote(target.path)}.`);
    return this.#pick(mesh, null, parseParams(claim.rest), timeoutMs);
  }

  #pickPolicies(name: string | null, params: Route['params'], timeoutMs: number): Resolution {
    const known = name === null || this.snapshot.policies?.policies.some((each) => each.name === name);
    if (known !== true) {
      const message = `There is no policy ${quote(name ?? '')}.`;
      return { ok: false, code: 'POLICY_NOT_FOUND', message, mesh: null, timeoutMs };
    }
    const cluster = this.#clusterOf(POLICIES_ALONE, params);
    const route = {
      mesh: POLICIES_ALONE,
      revision: NOTHING_TO_INJECT,
      params,
      cluster,
      explicit: true,
      policyName: name,
    };
    return { ok: true, route, timeoutMs };
  }

  #clusterOf(mesh: Mesh, params: Route['params']): ClusterView | null {
    const chosen = chooseCluster(this.snapshot, mesh, params, this.#watched?.cluster);
    if (chosen !== null && chosen === this.#watched?.cluster) return this.#watched.view;
    return chosen === null ? null : (this.#views.get(chosen.name) ?? null);
  }

  #pick(mesh: Mesh, asked: string | null, params: Route['params'], timeoutMs: number): Resolution {
    const name = asked ?? mesh.defaultRevision;
    const revision = findRevision(mesh, name);
    if (revision === undefined) {
      const message = `Mesh ${quote(mesh.name)} has no revision and no tag ${quote(name)}.`;
      return { ok: false, code: 'REVISION_NOT_FOUND', message, mesh, timeoutMs };
    }
    const cluster = this.#clusterOf(mesh, params);
    const route = { mesh, revision, params, cluster, explicit: asked !== null, policyName: null };
    return { ok: true, route, timeoutMs };
  }
}

/** How much of a caller's text an error message repeats. */
const QUOTE_LIMIT = 100;

function quote(text: string): string {
  return JSON.stringify(text.length > QUOTE_LIMIT ? `${text.slice(0, QUOTE_LIMIT)}…` : text);
}
