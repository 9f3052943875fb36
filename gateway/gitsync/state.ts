/**
 * The last good snapshot on disk, so that a start without network serves what served before.
 *
 * One file: a line of JSON with format, version, identity of the source, length and checksum, then the payload's JSON. It is written
 * beside its place and renamed, so that a crash leaves the old one; it may hold secrets, so that only its owner can read it.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { PolicySetSource } from '../../workers/policy/policy-source.ts';
import type { RevisionSource } from '../../workers/protocol.ts';
import type { ClusterSnapshot, Mesh, Problem, Snapshot } from '../snapshot.ts';
import { digestOf } from './canonical-json.ts';
import { MAX_STATE_BYTES } from './limits.ts';
import { problem } from './problem.ts';

const FILE_NAME = 'snapshot.json';
const FORMAT = 'meshgate-snapshot';
/** Raised whenever a Snapshot's shape changes. */
const VERSION = 1;

interface Header {
  readonly format: string;
  readonly version: number;
  /** Of the source the snapshot came from; see sourceIdentity. */
  readonly source: string;
  readonly bytes: number;
  readonly sha256: string;
}

export type LoadedState =
  | { readonly kind: 'loaded'; readonly snapshot: Snapshot }
  | { readonly kind: 'absent' }
  /** Damaged, of another version, or of another source (no problem then). */
  | { readonly kind: 'ignored'; readonly problem: Problem | null };

/** Writes the snapshot durably; rejects with the file system's error, leaving the old one in place. */
export async function saveState(directory: string, source: string, snapshot: Snapshot): Promise<void> {
  const payload = Buffer.from(JSON.stringify(encodeSnapshot(snapshot)));
  if (payload.length > MAX_STATE_BYTES)
    throw new Error(`the snapshot has ${payload.length} bytes; the limit is ${MAX_STATE_BYTES}`);
  const header: Header = { format: FORMAT, version: VERSION, source, bytes: payload.length, sha256: sha256(payload) };
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const place = join(directory, FILE_NAME);
  const beside = `${place}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(beside, 'wx', 0o600);
    try {
      await file.writeFile(Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), payload]));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, place);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
  await syncDirectory(directory);
}

/** Reads what saveState wrote, for the same source; never rejects. Leftovers of an interrupted write are removed. */
export async function loadState(directory: string, source: string): Promise<LoadedState> {
  const place = join(directory, FILE_NAME);
  await removeLeftovers(directory);
  let bytes: Buffer;
  try {
    if ((await stat(place)).size > MAX_STATE_BYTES + 4096) return corrupt('is larger than any that is written');
    bytes = await readFile(place);
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
    return missing ? { kind: 'absent' } : corrupt(`can not be read: ${error instanceof Error ? error.message : error}`);
  }
  const end = bytes.indexOf(0x0a);
  const header = parseJson(bytes.toString('utf8', 0, Math.max(0, end))) as Partial<Header> | null;
  if (header === null || header.format !== FORMAT) return corrupt('is not one of this gateway');
  if (header.version !== VERSION)
    return corrupt(`has version ${String(header.version)}; this gateway reads ${VERSION}`);
  const payload = bytes.subarray(end + 1);
  if (payload.length !== header.bytes || sha256(payload) !== header.sha256)
    return corrupt('is damaged: its checksum does not agree');
  if (header.source !== source) return { kind: 'ignored', problem: null };
  try {
    return { kind: 'loaded', snapshot: decodeSnapshot(JSON.parse(payload.toString('utf8')) as EncodedSnapshot) };
  } catch (error) {
    return corrupt(`can not be read: ${error instanceof Error ? error.message : error}`);
  }
}

function corrupt(what: string): LoadedState {
  return { kind: 'ignored', problem: problem('STATE_CORRUPT', FILE_NAME, `the saved snapshot ${what}; it is ignored`) };
}

// ── the snapshot as JSON: Maps as lists of pairs ──

type EncodedMesh = Omit<Mesh, 'tags' | 'revisions'> & {
  readonly tags: readonly (readonly [string, string])[];
  readonly revisions: readonly (readonly [string, RevisionSource])[];
};
type EncodedCluster = Omit<ClusterSnapshot, 'namespaces' | 'owners'> & {
  readonly namespaces: readonly (readonly [
    string,
    { labels: Record<string, string>; annotations: Record<string, string> },
  ])[];
  readonly owners: readonly (readonly [string, NonNullable<ReturnType<ClusterSnapshot['owners']['get']>>])[];
};
interface EncodedSnapshot {
  readonly revision: string;
  readonly loadedAt: string;
  readonly meshes: readonly EncodedMesh[];
  readonly clusters: readonly EncodedCluster[];
  readonly policies?: PolicySetSource | null;
}

function encodeSnapshot(snapshot: Snapshot): EncodedSnapshot {
  return {
    revision: snapshot.revision,
    loadedAt: snapshot.loadedAt.toISOString(),
    meshes: [...snapshot.meshes.values()].map((mesh) => ({
      ...mesh,
      tags: [...mesh.tags],
      revisions: [...mesh.revisions],
    })),
    clusters: [...snapshot.clusters.values()].map((cluster) => ({
      ...cluster,
      namespaces: [...cluster.namespaces].map(
        ([name, { labels, annotations }]) =>
          [name, { labels: { ...labels }, annotations: { ...annotations } }] as const,
      ),
      owners: [...cluster.owners],
    })),
    policies: snapshot.policies,
  };
}

function decodeSnapshot(encoded: EncodedSnapshot): Snapshot {
  const meshes = new Map<string, Mesh>();
  const paths = new Map<string, string>();
  for (const mesh of encoded.meshes) {
    for (const [, { digest, ...content }] of mesh.revisions) {
      if (digestOf(content) !== digest) throw new Error(`the digest of a revision of mesh ${mesh.name} does not agree`);
    }
    meshes.set(mesh.name, { ...mesh, tags: new Map(mesh.tags), revisions: new Map(mesh.revisions) });
    for (const path of mesh.paths) paths.set(path, mesh.name);
  }
  const clusters = new Map<string, ClusterSnapshot>();
  for (const cluster of encoded.clusters) {
    clusters.set(cluster.name, {
      ...cluster,
      namespaces: new Map(cluster.namespaces),
      owners: new Map(cluster.owners),
    });
  }
  const policies = encoded.policies ?? null;
  if (policies !== null && digestOf({ policies: policies.policies }) !== policies.digest) {
    throw new Error('the digest of the pod policies does not agree');
  }
  return { revision: encoded.revision, loadedAt: new Date(encoded.loadedAt), meshes, paths, clusters, policies };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function removeLeftovers(directory: string): Promise<void> {
  for (const name of await readdir(directory).catch(() => [])) {
    if (name.startsWith(`${FILE_NAME}.`) && name.endsWith('.tmp')) await rm(join(directory, name), { force: true });
  }
}

/** Makes the rename itself durable; not every platform can. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r').catch(() => null);
  if (handle === null) return;
  await handle.sync().catch(() => undefined);
  await handle.close();
}
