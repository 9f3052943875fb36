/**
 * Tells the replicas of one workload from those of another, so that a pod which costs the pool a worker is known again when its
 * controller sends the next one. Only made for reviews that are under suspicion.
 *
 * A pod with an owner is known by the owner's uid, by the hash of the pod template that Kubernetes puts into its labels (so that a
 * workload that was mended is a new one, also under an owner that stays, such as a StatefulSet), and by its containers and images
 * (owners such as workflows make pods of several kinds). A pod without one is known by what it holds besides its name. The revision
 * counts as well, for the fault may be in it, and then another revision is without it; and so does the namespace, so that nobody can
 * have the pods of others refused.
 */
import { createHash } from 'node:crypto';

export interface Workload {
  readonly fingerprint: string;
  readonly mesh: string;
  readonly revision: string;
  readonly namespace: string;
  /** `KIND/NAME` of the owner, or of the object itself. */
  readonly name: string;
}

export interface Suspect {
  readonly mesh: string;
  /** The revision's name and digest. */
  readonly revision: string;
  readonly digest: string;
  readonly namespace: string;
  /** The AdmissionReview as received. */
  readonly review: string;
}

const FINGERPRINT_LENGTH = 16;
/** Labels that hold a hash of the pod template: of ReplicaSets, StatefulSets and DaemonSets, and of Jobs. */
const TEMPLATE_LABELS = ['pod-template-hash', 'controller-revision-hash', 'pod-template-generation'];
/** The volume that every pod has for its token, with a suffix of its own. */
const TOKEN_VOLUME = /kube-api-access-[a-z0-9]{5}/g;
const NAME_LIMIT = 200;

/** Whose review this is. */
export function workloadOf(suspect: Suspect): Workload {
  const { mesh, revision, digest, namespace, review } = suspect;
  const object = member(member(parse(review), 'request'), 'object');
  const metadata = member(object, 'metadata');
  const owner = ownerOf(metadata);
  const kind = text(member(object, 'kind')) || 'Object';
  const known = owner === null ? held(object, metadata) : owned(object, metadata, owner);
  // What is not JSON is known by its text.
  const identity = [digest, namespace, object === undefined ? review : known];
  const fingerprint = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, FINGERPRINT_LENGTH);
  const name =
    owner === null
      ? `${kind}/${text(member(metadata, 'generateName')) || text(member(metadata, 'name'))}`
      : `${text(member(owner, 'kind'))}/${text(member(owner, 'name'))}`;
  return { fingerprint, mesh, revision, namespace, name: name.slice(0, NAME_LIMIT) };
}

function owned(object: unknown, metadata: unknown, owner: unknown): unknown {
  const labels = member(metadata, 'labels');
  const spec = member(object, 'spec');
  return [
    text(member(owner, 'kind')),
    text(member(owner, 'name')),
    text(member(owner, 'uid')),
    TEMPLATE_LABELS.map((label) => text(member(labels, label))),
    ['initContainers', 'containers'].map((list) =>
      array(member(spec, list)).map((each) => [text(member(each, 'name')), text(member(each, 'image'))]),
    ),
  ];
}

function held(object: unknown, metadata: unknown): unknown {
  const parts = [
    member(object, 'kind'),
    member(metadata, 'generateName'),
    member(metadata, 'labels'),
    member(metadata, 'annotations'),
    member(object, 'spec'),
  ];
  return JSON.stringify(parts).replace(TOKEN_VOLUME, 'kube-api-access');
}

/** The controller among the owners, or else the first of them. */
function ownerOf(metadata: unknown): unknown {
  const owners = array(member(metadata, 'ownerReferences'));
  return owners.find((each) => member(each, 'controller') === true) ?? owners[0] ?? null;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}

function array(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
