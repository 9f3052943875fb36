/** Which revision injects a pod and why, as the router would choose it: steps of an explanation, and the choice itself. */
import type { Step } from '../../workers/inject/explanation.ts';
import { REASONS } from '../../workers/inject/reason.ts';
import type { RevisionSource } from '../../workers/protocol.ts';
import { decodeReview, type ReviewHeader } from '../admission/decode.ts';
import { type Assignment, courseOf } from '../rollout/assignment.ts';
import { Cohort, type CohortExplanation, type KeptOut } from '../rollout/cohort.ts';
import { readPodMetadata } from '../rollout/pod-metadata.ts';
import type { Rollout } from '../rollout/rollout.ts';
import { findRevision, RevisionChooser, type Surroundings } from '../routing/revision-choice.ts';
import type { Mesh, Snapshot } from '../snapshot.ts';

/** What a rollout has to do with a workload. */
export interface ExplainedCohort {
  readonly rollout: string;
  readonly from: string;
  readonly to: string;
  /** In percent; null: not known. */
  readonly weight: number | null;
  /** In [0, 100). */
  readonly place: number;
  /** Null where the weight is not known. */
  readonly included: boolean | null;
  readonly keptOut: KeptOut | 'label' | null;
}

export interface Routing {
  /** The default, where the review can not be read or the mesh denies it. */
  readonly revision: RevisionSource;
  /** The mesh, with the default that its rollouts have led to. */
  readonly mesh: Mesh;
  /** The revision whose webhook sends the pod: a cohort's pods are sent as all others. */
  readonly sentTo: string;
  readonly steps: readonly Step[];
  /** Null: no rollout leaves the default revision. */
  readonly cohort: ExplainedCohort | null;
  /** Why the mesh denies the pod. */
  readonly denial: string | null;
  readonly warning: string | null;
}

/** Chooses for the reviews of one mesh. */
export class RoutingGuide {
  readonly #mesh: Mesh;
  readonly #fallback: RevisionSource;
  readonly #chooser: RevisionChooser;
  readonly #rollout: Rollout | null;
  /** Null: nobody has said how far the rollout is. */
  readonly #assignment: Assignment | null;

  /** @param assignments how far rollouts are, as far as that is known. Throws RangeError for a mesh without its default revision. */
  constructor(snapshot: Snapshot, mesh: Mesh, assignments: readonly Assignment[]) {
    const course = courseOf(snapshot, mesh, assignments);
    const fallback = findRevision(course.mesh, course.mesh.defaultRevision);
    if (fallback === undefined)
      throw new RangeError(`mesh ${mesh.name} has no revision ${course.mesh.defaultRevision}`);
    this.#mesh = course.mesh;
    this.#fallback = fallback;
    this.#chooser = new RevisionChooser(course.mesh, course.canary);
    this.#rollout = rolloutOf(snapshot, mesh);
    this.#assignment = assignments.find(({ rollout }) => rollout === this.#rollout?.name) ?? null;
  }

  /** @param review AdmissionReview, JSON. */
  choose(review: string, around: Surroundings | null): Routing {
    const [mesh, fallback] = [this.#mesh, this.#fallback];
    const base = {
      mesh,
      revision: fallback,
      sentTo: fallback.name,
      steps: [],
      cohort: null,
      denial: null,
      warning: null,
    };
    const decoded = decodeReview(Buffer.from(review));
    // A gateway leaves pods of ignored namespaces alone before it looks at anything else.
    if (!decoded.ok || mesh.ignoredNamespaces.includes(decoded.header.namespace)) return base;
    const { header } = decoded;
    const asked = this.#chooser.asked(header, around);
    const choice = this.#chooser.choose(fallback, header, around);
    const cohort = this.#explainCohort(header, around, asked !== undefined);
    const steps: Step[] = [];
    if (asked !== undefined) {
      const saw = `label ${mesh.revisionLabel}=${asked.name} of the ${asked.by}`;
      const chosen = choice.ok
        ? (choice.warning ?? `revision ${choice.revision.name} of mesh ${mesh.name} is asked for`)
        : '';
      const denied = `${REASONS.REVISION_UNSERVED.sentence}: ${choice.ok ? '' : choice.message}`;
      if (choice.ok) steps.push({ rule: 'revision', saw, effect: 'next', says: chosen });
      else steps.push({ rule: 'revision', saw, effect: 'deny', code: 'REVISION_UNSERVED', says: denied });
    } else steps.push(this.#defaultStep());
    if (cohort !== null && choice.ok) steps.push(cohort.step);
    const told = { ...base, steps, cohort: cohort?.told ?? null };
    if (!choice.ok) return { ...told, denial: choice.message };
    const sentTo = asked === undefined ? fallback.name : choice.revision.name;
    return { ...told, revision: choice.revision, sentTo, warning: choice.warning };
  }

  #defaultStep(): Step {
    const { name, revisionLabel, defaultRevision } = this.#mesh;
    const promoted =
      this.#assignment?.promoted === true ? `, which rollout ${this.#assignment.rollout} has promoted` : '';
    const says = `revision ${defaultRevision} is the default of mesh ${name}${promoted}`;
    return { rule: 'revision', saw: `no label ${revisionLabel} that counts`, effect: 'next', says };
  }

  #explainCohort(header: ReviewHeader, around: Surroundings | null, byLabel: boolean) {
    const rollout = this.#rollout;
    if (rollout === null || this.#assignment?.promoted === true) return null;
    const weight = this.#assignment?.weight ?? null;
    const { namespace } = header;
    const explained = new Cohort(rollout, weight ?? 0).explain(
      readPodMetadata(header.object()),
      namespace,
      around?.namespace(namespace) ?? null,
      (kind, name) => around?.owner(kind, namespace, name),
    );
    const { place } = explained;
    const keptOut = byLabel ? 'label' : explained.keptOut;
    const included = keptOut !== null ? false : weight === null ? null : place < weight;
    const { name, from, to } = rollout;
    const told: ExplainedCohort = { rollout: name, from, to, weight, place, included, keptOut };
    return { told, step: cohortStep(told, explained, namespace) };
  }
}

/** The rollout that leaves a mesh's default revision; there is no more than one. */
export function rolloutOf({ rollouts }: Snapshot, mesh: Mesh): Rollout | null {
  const all = [...(rollouts?.values() ?? [])];
  return all.find((each) => each.mesh === mesh.name && each.from === mesh.defaultRevision) ?? null;
}

const KEPT_OUT: Readonly<Record<NonNullable<ExplainedCohort['keptOut']>, string>> = {
  label: 'a label asks for a revision',
  podAnnotation: 'annotation meshgate.dev/rollout: disabled of the pod',
  namespaceAnnotation: 'annotation meshgate.dev/rollout: disabled of the namespace',
  objectSelector: "the rollout's objectSelector does not match the pod's labels",
  namespaceSelector: "the rollout's namespaceSelector does not match the namespace's labels",
};

function cohortStep(told: ExplainedCohort, { workload }: CohortExplanation, namespace: string): Step {
  const { rollout, from, to, weight, keptOut, included } = told;
  const place = shown(told.place);
  const at = weight === null ? 'at a weight that is not known' : `at weight ${weight}`;
  const saw = `rollout ${rollout} from ${from} to ${to} ${at}; ${workload.kind} ${namespace}/${workload.name} has place ${place}`;
  return { rule: 'rollout', saw, effect: 'next', says: saysOf(place) };

  function saysOf(where: string): string {
    if (keptOut !== null) return `not in the canary: ${KEPT_OUT[keptOut]}`;
    if (included === null) return `in the canary at weights above ${where}; --weight or --state tells the weight`;
    if (included) return `in the canary, as ${where} is below ${weight}: revision ${to}`;
    return `not in the canary, as ${where} is not below ${weight}: revision ${from}`;
  }
}

/** Cut, not rounded: what is below a weight is shown below it. */
function shown(place: number): string {
  return (Math.floor(place * 100) / 100).toFixed(2);
}
