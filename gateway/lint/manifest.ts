/** A file of resources with the place of every label and annotation: YAML documents, Lists, JSON. */
import {
  type Document,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseAllDocuments,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import type { Position } from '../gitsync/problem.ts';

/** Lists within lists. */
const MAX_LIST_DEPTH = 8;
/** Documents and list items of one file. */
export const MAX_RESOURCES = 20_000;

const TEMPLATE_PATH = ['spec', 'template'] as const;
/** Kinds that make pods, with the way to their pod. */
const POD_PATHS: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ['Pod', []],
  ['CronJob', ['spec', 'jobTemplate', 'spec', 'template']],
  ...['Deployment', 'ReplicaSet', 'ReplicationController', 'StatefulSet', 'DaemonSet', 'Job', 'DeploymentConfig'].map(
    (kind): [string, readonly string[]] => [kind, TEMPLATE_PATH],
  ),
]);

/** A label or annotation. */
export interface Entry {
  readonly name: string;
  /** As the apiserver gets it; not a string where the file forgot the quotes. */
  readonly value: unknown;
  readonly pair: Pair<Scalar, unknown>;
  readonly map: YAMLMap;
}

export interface Metadata {
  readonly labels: ReadonlyMap<string, Entry>;
  readonly annotations: ReadonlyMap<string, Entry>;
}

export interface Resource {
  readonly kind: string;
  /** `Deployment web`. */
  readonly name: string;
  /** The resource's own; a Pod's is its pod's. */
  readonly own: Metadata;
  /** Null for kinds that make no pods. */
  readonly pod: { readonly metadata: Metadata; readonly spec: YAMLMap | null; readonly isTemplate: boolean } | null;
}

export interface ManifestFile {
  readonly resources: readonly Resource[];
  readonly faults: readonly { readonly message: string; readonly position: Position }[];
  /** From an offset in the text to its place. */
  at(offset: number): Position;
}

/** Reads a file. YAML 1.1, as Kubernetes' tools read it: `yes` and `on` without quotes are booleans. Never throws for any text. */
export function readManifest(text: string): ManifestFile {
  const lines = new LineCounter();
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  let documents: Document[];
  try {
    documents = parseAllDocuments(text, {
      lineCounter: lines,
      version: '1.1',
      merge: true,
      logLevel: 'silent',
    }) as Document[];
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { resources: [], faults: [{ message, position: { line: 1, column: 1 } }], at };
  }
  const faults: { message: string; position: Position }[] = [];
  const resources: Resource[] = [];
  for (const document of documents) {
    if (document.errors.length > 0) {
      for (const { message, pos } of document.errors) {
        faults.push({
          message: message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? message,
          position: at(pos[0]),
        });
      }
    } else addResources(document.contents, resources, 0);
  }
  return { resources, faults, at };
}

function addResources(node: unknown, into: Resource[], depth: number): void {
  if (!isMap(node) || into.length >= MAX_RESOURCES) return;
  const kind = textAt(node, 'kind');
  const items = child(node, 'items');
  if (kind.endsWith('List') && isSeq(items)) {
    if (depth < MAX_LIST_DEPTH) for (const item of items.items) addResources(item, into, depth + 1);
    return;
  }
  const path = POD_PATHS.get(kind);
  const metadata = child(node, 'metadata');
  const own = metadataOf(metadata);
  const template = path === undefined ? null : path.reduce<unknown>((at, key) => child(at, key), node);
  const spec = child(template, 'spec');
  into.push({
    kind,
    name: `${kind} ${textAt(metadata, 'name') || textAt(metadata, 'generateName')}`,
    own,
    pod: isMap(template)
      ? {
          metadata: metadataOf(child(template, 'metadata')),
          spec: isMap(spec) ? spec : null,
          isTemplate: kind !== 'Pod',
        }
      : null,
  });
}

function metadataOf(node: unknown): Metadata {
  return { labels: entriesOf(child(node, 'labels')), annotations: entriesOf(child(node, 'annotations')) };
}

function entriesOf(map: unknown): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  if (!isMap(map)) return entries;
  for (const pair of map.items) {
    if (!isPair(pair) || !isScalar(pair.key)) continue;
    const name = String(pair.key.value);
    const value = isScalar(pair.value) ? pair.value.value : pair.value;
    entries.set(name, { name, value, pair: pair as Pair<Scalar, unknown>, map });
  }
  return entries;
}

/** A member's node; undefined where there is none. Aliases are not followed: what they repeat was looked at where it stands. */
export function child(node: unknown, key: string): unknown {
  if (!isMap(node)) return undefined;
  return node.items.find((pair) => isScalar(pair.key) && pair.key.value === key)?.value;
}

function textAt(node: unknown, key: string): string {
  const value = child(node, key);
  return isScalar(value) && typeof value.value === 'string' ? value.value : '';
}
