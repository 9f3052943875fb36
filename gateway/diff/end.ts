/** One end of a comparison: one side's revision of one mesh, through which reviews go in process. */
import type { CompiledRevision } from '../../workers/inject/provider.ts';
import { REASONS } from '../../workers/inject/reason.ts';
import { applyPatch } from '../../workers/jsonpatch/apply.ts';
import type { CompiledPolicies } from '../../workers/policy/policy-set.ts';
import type { PolicySetSource } from '../../workers/policy/policy-source.ts';
import type { ClusterContext, RevisionSource } from '../../workers/protocol.ts';
import type { JsonObject } from '../../workers/template/value.ts';
import { decodeReview } from '../admission/decode.ts';
import { type Destination, type TrialResult, tryReview } from '../manifests/trial.ts';
import { ClusterView } from '../routing/cluster.ts';
import type { RevisionChoice } from '../routing/revision-choice.ts';
import { type Route, Router } from '../routing/router.ts';
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
  /** The revision that the request named in its URL, where it did. */
  readonly revision?: string | undefined;
}

/** How what a side holds is compiled. */
export interface Compilers {
  /** Throws CompileError. */
  readonly revision: (source: RevisionSource) => CompiledRevision;
  /** Null: pod policies do not act. */
  readonly policies: ((source: PolicySetSource) => CompiledPolicies) | null;
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
  readonly #compile: Compilers['revision'];
  readonly #compiled = new Map<string, CompiledRevision>();
  readonly #policies: CompiledPolicies | null;
  readonly #given: ClusterView | null;

  /** Throws CompileError. */
  constructor(side: Side, mesh: string, cluster: ClusterSnapshot | null, compilers: Compilers) {
    this.#side = side;
    this.#router = new Router(side.snapshot);
    this.#path = `/inject/mesh/${mesh}`;
    this.#given = cluster === null ? null : new ClusterView(cluster);
    this.#compile = compilers.revision;
    const { policies } = side.snapshot;
    this.#policies = policies === null || compilers.policies === null ? null : compilers.policies(policies);
    const { revision } = this.#route({}, undefined);
    const { name, sourceRevision } = side;
    const release = this.#revision(revision).release?.name ?? null;
    this.described = { name, source: sourceRevision, revision: revision.name, release };
  }

  inject(trial: Trial, object: JsonObject): InjectionResult {
    const { outcome, patch } = this.answer(trial);
    return { outcome, pod: applyPatch(object, patch) as JsonObject };
  }

  /** What a request would be answered. */
  answer({ review, params = {}, cluster, context, revision: asked }: Trial): TrialResult {
    const named = cluster === undefined ? undefined : this.#side.snapshot.clusters.get(cluster);
    const route = this.#route(params, asked);
    const view = this.#given ?? (named === undefined ? route.cluster : new ClusterView(named));
    const recorded = this.#given === null ? context : undefined;
    const choice = this.#choose({ ...route, cluster: view }, review, recorded);
    if (!choice.ok) return unserved(choice.message);
    const { revisionLabel } = choice;
    const destination: Destination = {
      mesh: route.mesh,
      revision: this.#revision(choice.revision),
      params,
      cluster: view,
      ...(recorded === undefined ? {} : { context: recorded }),
      ...(this.#policies === null ? {} : { policies: this.#policies }),
      ...(revisionLabel === null ? {} : { revisionLabel }),
    };
    const made = tryReview(destination, review);
    if (made.revisionAsked === undefined) return made;
    const next = this.#router.chooseNamed(route, made.revisionAsked);
    if (!next.ok) return unserved(next.message);
    return tryReview({ ...destination, revision: this.#revision(next.revision) }, review);
  }

  /** The revision that the pod's and the namespace's labels choose, where nothing names one, and whether policies have a say. */
  #choose(
    route: Route,
    review: string,
    recorded: ClusterContext | undefined,
  ): RevisionChoice & { readonly revisionLabel: string | null } {
    const decoded = route.explicit ? null : decodeReview(Buffer.from(review));
    const isIgnored = decoded?.ok === true && this.#router.isIgnored(route.mesh, decoded.header.namespace);
    if (decoded?.ok !== true || isIgnored) {
      return { ok: true, revision: route.revision, warning: null, settled: true, revisionLabel: null };
    }
    const { header } = decoded;
    const cluster = recorded === undefined ? route.cluster : viewOf(recorded, header.namespace);
    const revisionLabel = this.#router.labelForPolicies({ ...route, cluster }, header.namespace);
    return { ...this.#router.choose({ ...route, cluster }, header), revisionLabel };
  }

  #revision(source: RevisionSource): CompiledRevision {
    const compiled = this.#compiled.get(source.digest) ?? this.#compile(source);
    this.#compiled.set(source.digest, compiled);
    return compiled;
  }

  /** `asked`: the revision that the recorded request named; the side's own comes first. */
  #route(params: Readonly<Record<string, string>>, asked: string | undefined): Route {
    const pairs = Object.entries(params).map(([key, value]) => `/${key}/${value.replaceAll('/', '--slash--')}`);
    const named = this.#side.revision ?? asked;
    const rev = named === undefined ? '' : `/rev/${named}`;
    const resolution = this.#router.resolve(encodeURI(this.#path + rev + pairs.join('')));
    if (!resolution.ok) throw new RangeError(resolution.message);
    return resolution.route;
  }
}

function unserved(detail: string): TrialResult {
  const message = `${REASONS.REVISION_UNSERVED.sentence}: ${detail}`;
  return { outcome: { kind: 'denied', code: 'REVISION_UNSERVED', message }, patch: [] };
}

/** What was recorded of a cluster, as routing asks it. */
function viewOf({ namespace }: ClusterContext, name: string): ClusterView {
  const namespaces = new Map(namespace === null ? [] : [[name, namespace] as const]);
  return new ClusterView({ name: '', namespaces, owners: new Map(), nodes: [] });
}
