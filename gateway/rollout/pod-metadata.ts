/** What a rollout looks at in a review's pod: its metadata, parsed without the rest of the pod. */
import type { OwnerRecord } from '../../workers/protocol.ts';
import { MemberWalk, skipSpace } from '../admission/json-members.ts';

export interface PodMetadata {
  readonly name: string;
  readonly generateName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly ownerReferences: OwnerRecord['ownerReferences'];
}

const KEY_METADATA = Buffer.from('metadata');

/** Reads the metadata of a pod's JSON; what is not there, or is something else, is empty (the worker refuses what is no pod). */
export function readPodMetadata(object: Buffer): PodMetadata {
  const metadata = parse(metadataText(object));
  return {
    name: textOf(metadata, 'name'),
    generateName: textOf(metadata, 'generateName'),
    labels: textsOf(member(metadata, 'labels')),
    annotations: textsOf(member(metadata, 'annotations')),
    ownerReferences: ownersOf(member(metadata, 'ownerReferences')),
  };
}

/** The last member `metadata`, as JSON.parse takes it. */
function metadataText(object: Buffer): string {
  const pod = new MemberWalk(object, skipSpace(object, 0));
  let found: Buffer | null = null;
  while (pod.next()) {
    pod.skip();
    if (pod.isKey(KEY_METADATA)) found = object.subarray(pod.start, pod.end);
  }
  if (pod.odd) return JSON.stringify(member(parse(object.toString()), 'metadata') ?? null);
  return found === null ? 'null' : found.toString();
}

function ownersOf(value: unknown): PodMetadata['ownerReferences'] {
  if (!Array.isArray(value)) return [];
  return value.map((owner: unknown) => ({
    apiVersion: textOf(owner, 'apiVersion'),
    kind: textOf(owner, 'kind'),
    name: textOf(owner, 'name'),
    controller: member(owner, 'controller') === true,
  }));
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function textOf(value: unknown, name: string): string {
  const found = member(value, name);
  return typeof found === 'string' ? found : '';
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  const texts: Record<string, string> = Object.create(null);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return texts;
  for (const [name, text] of Object.entries(value)) if (typeof text === 'string') texts[name] = text;
  return texts;
}
