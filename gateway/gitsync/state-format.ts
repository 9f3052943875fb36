/**
 * A snapshot as a file: a line of JSON that says what it is, a line for the snapshot without the texts of its revisions, a line for each
 * revision, and a line with length and checksum over all before. Maps are told by `$map`.
 *
 * It is written and read in pieces, between which requests are answered: a hundred revisions are megabytes.
 */
import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { setImmediate as yieldToEvents } from 'node:timers/promises';
import type { RevisionSource } from '../../workers/protocol.ts';
import type { Mesh, Snapshot } from '../snapshot.ts';
import { canonicalJson, digestOf } from './canonical-json.ts';
import { MAX_STATE_BYTES } from './limits.ts';

export const STATE_FORMAT = 'meshgate-snapshot';
/** Raised whenever the file's form or a Snapshot's shape changes. */
export const STATE_VERSION = 3;

export interface StateHeader {
  readonly format: string;
  readonly version: number;
  /** Of the sources the snapshot came from; see sourceIdentity. */
  readonly source: string;
  readonly revision: string;
  /** `sha256:…` over what the snapshot says, whatever it is called and whenever it was loaded. */
  readonly digest: string;
  readonly loadedAt: string;
  /** The revision that is not served although it is newer, because of a rollback; null where nothing was rolled back. */
  readonly held: string | null;
}

interface Trailer {
  readonly bytes: number;
  readonly sha256: string;
}

/** Thrown for a file that is not what saveState writes; the message goes on from "the saved snapshot". */
export class StateFormatError extends Error {
  override readonly name = 'StateFormatError';
}

/** `sha256:…` of what a snapshot says: equal digests, equal behaviour. The texts of revisions count by their own digests. */
export function snapshotDigest(snapshot: Snapshot): string {
  const { revision: _, loadedAt: __, changes: ___, meshes, ...rest } = snapshot;
  const outlines = [...meshes.values()].map((mesh) => ({
    ...mesh,
    revisions: [...mesh.revisions].map(([name, { digest }]) => [name, digest]).sort(),
  }));
  const plain: unknown = JSON.parse(JSON.stringify({ ...rest, meshes: outlines }, tagMaps));
  return `sha256:${createHash('sha256').update(canonicalJson(plain)).digest('hex')}`;
}

/** Writes a snapshot to an open, empty file. Rejects with the file system's error, or when it is too large. */
export async function writeSnapshot(file: FileHandle, header: StateHeader, snapshot: Snapshot): Promise<void> {
  const hash = createHash('sha256');
  let bytes = 0;
  for (const line of linesOf(header, snapshot)) {
    const chunk = Buffer.from(`${line}\n`);
    bytes += chunk.length;
    if (bytes > MAX_STATE_BYTES) throw new Error(`the snapshot has more than ${MAX_STATE_BYTES} bytes`);
    hash.update(chunk);
    await file.writeFile(chunk);
    await yieldToEvents();
  }
  const trailer: Trailer = { bytes, sha256: hash.digest('hex') };
  await file.writeFile(`${JSON.stringify(trailer)}\n`);
}

function* linesOf(header: StateHeader, snapshot: Snapshot): Generator<string> {
  yield JSON.stringify(header);
  const meshes = new Map([...snapshot.meshes].map(([name, mesh]) => [name, { ...mesh, revisions: new Map() }]));
  yield JSON.stringify({ ...snapshot, meshes }, tagMaps);
  for (const { revisions } of snapshot.meshes.values()) {
    for (const source of revisions.values()) yield JSON.stringify(source);
  }
}

/** The first line of a file; null where it is none of ours, of another version too. */
export async function readHeader(path: string): Promise<StateHeader | null> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_HEADER_BYTES), 0, MAX_HEADER_BYTES, 0);
    const end = buffer.subarray(0, bytesRead).indexOf(0x0a);
    const header = end < 0 ? null : (parseJson(buffer.toString('utf8', 0, end)) as Partial<StateHeader> | null);
    return header?.format === STATE_FORMAT && header.version === STATE_VERSION ? (header as StateHeader) : null;
  } finally {
    await file.close();
  }
}

const MAX_HEADER_BYTES = 64 * 1024;

/** Reads what writeSnapshot wrote. @throws StateFormatError */
export async function decodeSnapshot(bytes: Buffer): Promise<{ header: StateHeader; snapshot: Snapshot }> {
  const lines = splitLines(bytes);
  const header = parseJson(lines[0]?.toString('utf8') ?? '') as Partial<StateHeader> | null;
  if (header === null || header.format !== STATE_FORMAT) throw new StateFormatError('is not one of this gateway');
  if (header.version !== STATE_VERSION) {
    throw new StateFormatError(`has version ${String(header.version)}; this gateway reads ${STATE_VERSION}`);
  }
  const trailer = parseJson(lines.at(-1)?.toString('utf8') ?? '') as Partial<Trailer> | null;
  const content = lines.slice(0, -1);
  const hash = createHash('sha256');
  for (const line of content) await updateSlowly(hash, line);
  const length = content.reduce((sum, line) => sum + line.length, 0);
  if (content.length < 2 || trailer?.bytes !== length || trailer.sha256 !== hash.digest('hex')) {
    throw new StateFormatError('is damaged: its checksum does not agree');
  }
  const snapshot = JSON.parse(content[1]?.toString('utf8') ?? '', untagMaps) as Snapshot;
  const meshes = new Map(snapshot.meshes);
  for (const line of content.slice(2)) {
    await yieldToEvents();
    addRevision(meshes, JSON.parse(line.toString('utf8')) as RevisionSource);
  }
  return {
    header: header as StateHeader,
    snapshot: { ...snapshot, loadedAt: new Date(snapshot.loadedAt), meshes, policies: snapshot.policies ?? null },
  };
}

async function updateSlowly(hash: Hash, line: Buffer): Promise<void> {
  hash.update(line);
  await yieldToEvents();
}

function addRevision(meshes: Map<string, Mesh>, source: RevisionSource): void {
  const { digest, ...content } = source;
  const mesh = meshes.get(source.mesh);
  if (mesh === undefined || digestOf(content) !== digest) {
    throw new StateFormatError(`is damaged: the digest of a revision of mesh ${source.mesh} does not agree`);
  }
  meshes.set(mesh.name, { ...mesh, revisions: new Map(mesh.revisions).set(source.name, source) });
}

/** Each with its line break. */
function splitLines(bytes: Buffer): readonly Buffer[] {
  const lines: Buffer[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = bytes.indexOf(0x0a, at);
    const next = end < 0 ? bytes.length : end + 1;
    lines.push(bytes.subarray(at, next));
    at = next;
  }
  return lines;
}

function tagMaps(_key: string, value: unknown): unknown {
  return value instanceof Map ? { $map: [...value] } : value;
}

function untagMaps(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('$map' in value) || !Array.isArray(value.$map)) return value;
  return new Map(value.$map as [unknown, unknown][]);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
