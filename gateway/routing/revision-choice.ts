/**
 * Which revision of a mesh injects a pod: the one that the path names; else the one that a label names, of the namespace or of the
 * pod; else what a rollout's cohort says; else the default. A name may be a revision or a tag, and `default` stands for the default
 * revision where neither has that name, as for Istio.
 *
 * Labels count as the selectors of Istio's own webhooks do: on an Istio namespace `istio-injection` beats the revision label, and
 * either of them beats the pod's label. Labels of a namespace count only where the cluster's are known.
 */
import type { RevisionSource } from '../../workers/protocol.ts';
import type { ReviewHeader } from '../admission/decode.ts';
import type { Canary } from '../rollout/assignment.ts';
import { readPodMetadata } from '../rollout/pod-metadata.ts';
import type { Mesh } from '../snapshot.ts';
import type { ClusterView } from './cluster.ts';

export type RevisionChoice =
  | {
      readonly ok: true;
      readonly revision: RevisionSource;
      /** What the user and the log are told; null for nothing. */
      readonly warning: string | null;
      /** Whether a replica's request, which differs in the pod's name, gets the same choice from this router. */
      readonly settled: boolean;
    }
  /** The mesh denies pods that ask for a revision it does not have. */
  | { readonly ok: false; readonly message: string };

/** Beats the revision label of an Istio namespace. */
const ISTIO_INJECTION = 'istio-injection';
const DEFAULT_NAME = 'default';
/** How much of a label a message repeats: labels have at most 63 characters, reviews may say anything. */
const QUOTE_LIMIT = 63;

/** The label that names the revision, where the mesh does not say another one. Linkerd has none of its own. */
export function defaultRevisionLabel(provider: Mesh['provider']): string {
  return provider === 'istio' ? 'istio.io/rev' : 'meshgate.dev/rev';
}

/** The revision that a name stands for, if any. */
export function findRevision(mesh: Mesh, name: string): RevisionSource | undefined {
  return (
    mesh.revisions.get(name) ??
    mesh.revisions.get(mesh.tags.get(name) ?? (name === DEFAULT_NAME ? mesh.defaultRevision : ''))
  );
}

/** What is known about a pod's namespace and owners. */
export type Surroundings = Pick<ClusterView, 'namespaceLabels' | 'namespace' | 'owner'>;

/** What labels may ask for, read from a request; undefined where neither namespace nor pod names a revision. */
export interface Asked {
  readonly name: string;
  readonly by: 'namespace' | 'pod';
}

/** Chooses for one mesh; made once for a snapshot. */
export class RevisionChooser {
  readonly #mesh: Mesh;
  readonly #label: Buffer;
  readonly #looksAtLabels: boolean;
  readonly #canary: Canary | null;

  /** @param canary of the rollout that moves the mesh; null where none is between its first step and its promotion. */
  constructor(mesh: Mesh, canary: Canary | null) {
    this.#mesh = mesh;
    this.#label = Buffer.from(mesh.revisionLabel);
    // With one revision and no tag there is nothing to choose, and no pod pays for a look at its labels.
    this.#looksAtLabels = mesh.revisions.size + mesh.tags.size > 1 || mesh.unknownRevision === 'Deny';
    this.#canary = canary;
  }

  /** Whether a choice may depend on more of a pod than the label that asks for a revision. */
  get looksInside(): boolean {
    return this.#canary !== null;
  }

  /** For a request whose path names no revision; `fallback` is the default revision. */
  choose(fallback: RevisionSource, header: ReviewHeader, cluster: Surroundings | null): RevisionChoice {
    const asked = this.asked(header, cluster);
    return asked === undefined ? this.#ofCohort(fallback, header, cluster) : this.#named(fallback, asked);
  }

  /**
   * The label by which a pod may choose, for policies that set it before the injection; null where the pod has no say, because there
   * is no choice or the namespace has made it.
   */
  labelForPolicies(namespace: string, cluster: Surroundings | null): string | null {
    if (!this.#looksAtLabels || this.#ofNamespace(namespace, cluster) !== undefined) return null;
    return this.#mesh.revisionLabel;
  }

  /** For a pod whose label a policy has set. */
  chooseNamed(fallback: RevisionSource, name: string): RevisionChoice {
    return this.#named(fallback, { name, by: 'pod' });
  }

  #named(fallback: RevisionSource, asked: Asked): RevisionChoice {
    const revision = findRevision(this.#mesh, asked.name);
    if (revision !== undefined) return { ok: true, revision, warning: null, settled: true };
    const { name, unknownRevision, revisionLabel } = this.#mesh;
    const says = `label ${revisionLabel}=${shortened(asked.name)} of the ${asked.by} names no revision of mesh ${name}`;
    if (unknownRevision === 'Deny') return { ok: false, message: says };
    return { ok: true, revision: fallback, warning: `${says}; revision ${fallback.name} is used`, settled: true };
  }

  /** What labels ask for, which is what `choose` looks at first. */
  asked(header: ReviewHeader, cluster: Surroundings | null): Asked | undefined {
    return this.#looksAtLabels ? this.#asked(header, cluster) : undefined;
  }

  #asked(header: ReviewHeader, cluster: Surroundings | null): Asked | undefined {
    const decided = this.#ofNamespace(header.namespace, cluster);
    if (decided !== undefined) return decided ?? undefined;
    const name = header.podLabel(this.#label);
    return name === undefined ? undefined : { name, by: 'pod' };
  }

  /** What the namespace asks for; null where it wants no label to count, undefined where it leaves it to the pod. */
  #ofNamespace(namespace: string, cluster: Surroundings | null): Asked | null | undefined {
    const labels = cluster?.namespaceLabels(namespace);
    if (labels === undefined) return undefined;
    if (this.#mesh.provider === 'istio' && Object.hasOwn(labels, ISTIO_INJECTION)) return null;
    const name = Object.hasOwn(labels, this.#mesh.revisionLabel) ? labels[this.#mesh.revisionLabel] : undefined;
    return name === undefined || name === '' ? undefined : { name, by: 'namespace' };
  }

  #ofCohort(fallback: RevisionSource, header: ReviewHeader, cluster: Surroundings | null): RevisionChoice {
    if (this.#canary === null) return { ok: true, revision: fallback, warning: null, settled: true };
    const { namespace } = header;
    const { included, byPodName } = this.#canary.cohort.ask(
      readPodMetadata(header.object()),
      namespace,
      cluster?.namespace(namespace) ?? null,
      (kind, name) => cluster?.owner(kind, namespace, name),
    );
    return { ok: true, revision: included ? this.#canary.revision : fallback, warning: null, settled: !byPodName };
  }
}

function shortened(text: string): string {
  return text.length > QUOTE_LIMIT ? `${text.slice(0, QUOTE_LIMIT)}…` : text;
}
