/**
 * The last good snapshot on disk, so that a start without network serves what served before; and the ones before it, to go back to.
 *
 * A file is written beside its place and renamed, so that a crash leaves the old one; it may hold secrets, so that only its owner can read
 * it. The history holds further names of the same files, which cost nothing while they serve.
 */
import { createHash, randomBytes } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem, Snapshot } from '../snapshot.ts';
import { MAX_HISTORY, MAX_HISTORY_BYTES, MAX_STATE_BYTES } from './limits.ts';
import { problem } from './problem.ts';
import {
  decodeSnapshot,
  readHeader,
  STATE_FORMAT,
  STATE_VERSION,
  StateFormatError,
  type StateHeader,
  snapshotDigest,
  writeSnapshot,
} from './state-format.ts';

const FILE_NAME = 'snapshot.json';
const HISTORY = 'history';
/** `00000012-0123456789ab.json`: in the order in which they were published. */
const HISTORY_FILE = /^(\d{8})-([0-9a-f]{12})\.json$/;

export type LoadedState =
  | { readonly kind: 'loaded'; readonly snapshot: Snapshot; readonly held: string | null }
  | { readonly kind: 'absent' }
  /** Damaged, of another version, or of another source (no problem then). */
  | { readonly kind: 'ignored'; readonly problem: Problem | null };

/** A snapshot that can be gone back to. */
export interface SnapshotRecord {
  /** Twelve hexadecimal digits over revision and digest. */
  readonly id: string;
  readonly revision: string;
  readonly digest: string;
  readonly loadedAt: string;
}

/** Writes the snapshot durably and adds it to the history; rejects with the file system's error, leaving the old one in place. */
export async function saveState(
  directory: string,
  source: string,
  snapshot: Snapshot,
  held: string | null,
): Promise<SnapshotRecord> {
  const { revision } = snapshot;
  const digest = snapshotDigest(snapshot);
  const loadedAt = snapshot.loadedAt.toISOString();
  const header: StateHeader = {
    format: STATE_FORMAT,
    version: STATE_VERSION,
    source,
    revision,
    digest,
    loadedAt,
    held,
  };
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const place = join(directory, FILE_NAME);
  const beside = `${place}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(beside, 'wx', 0o600);
    try {
      await writeSnapshot(file, header, snapshot);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, place);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
  const record = recordOf(header);
  // What is gone back to is in the history already.
  if (held === null) await addToHistory(directory, place, record.id);
  await syncDirectory(directory);
  return record;
}

/** Reads what saveState wrote, for the same source; never rejects. Leftovers of an interrupted write are removed. */
export async function loadState(directory: string, source: string): Promise<LoadedState> {
  await removeLeftovers(directory);
  return load(join(directory, FILE_NAME), source);
}

/** The revision that a rollback holds back, as saved; null without one. */
export async function loadHeld(directory: string, source: string): Promise<string | null> {
  const header = await readHeader(join(directory, FILE_NAME)).catch(() => null);
  return header?.source === source ? header.held : null;
}

/** The snapshots of a source that can be gone back to, the newest first. */
export async function listHistory(directory: string, source: string): Promise<readonly SnapshotRecord[]> {
  const records: SnapshotRecord[] = [];
  for (const name of await historyNames(directory)) {
    const header = await readHeader(join(directory, HISTORY, name)).catch(() => null);
    if (header?.source === source) records.push(recordOf(header));
  }
  return records;
}

/** Reads one of the history; never rejects. */
export async function loadHistory(directory: string, source: string, id: string): Promise<LoadedState> {
  const name = (await historyNames(directory)).find((each) => HISTORY_FILE.exec(each)?.[2] === id);
  return name === undefined ? { kind: 'absent' } : load(join(directory, HISTORY, name), source);
}

async function load(place: string, source: string): Promise<LoadedState> {
  let bytes: Buffer;
  try {
    if ((await stat(place)).size > MAX_STATE_BYTES + 4096) return corrupt('is larger than any that is written');
    bytes = await readFile(place);
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
    return missing ? { kind: 'absent' } : corrupt(`can not be read: ${error instanceof Error ? error.message : error}`);
  }
  try {
    const { header, snapshot } = await decodeSnapshot(bytes);
    if (header.source !== source) return { kind: 'ignored', problem: null };
    return { kind: 'loaded', snapshot, held: header.held };
  } catch (error) {
    if (error instanceof StateFormatError) return corrupt(error.message);
    return corrupt(`can not be read: ${error instanceof Error ? error.message : error}`);
  }
}

function corrupt(what: string): LoadedState {
  return { kind: 'ignored', problem: problem('STATE_CORRUPT', FILE_NAME, `the saved snapshot ${what}; it is ignored`) };
}

function recordOf({ revision, digest, loadedAt }: StateHeader): SnapshotRecord {
  const id = createHash('sha256').update(`${revision}\0${digest}`).digest('hex').slice(0, 12);
  return { id, revision, digest, loadedAt };
}

/** The newest first. */
async function historyNames(directory: string): Promise<readonly string[]> {
  const names = await readdir(join(directory, HISTORY)).catch(() => []);
  return names
    .filter((name) => HISTORY_FILE.test(name))
    .sort()
    .reverse();
}

async function addToHistory(directory: string, place: string, id: string): Promise<void> {
  const folder = join(directory, HISTORY);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const names = await historyNames(directory);
  const last = Number(HISTORY_FILE.exec(names[0] ?? '')?.[1] ?? 0);
  const name = `${String(last + 1).padStart(8, '0')}-${id}.json`;
  await link(place, join(folder, name));
  let bytes = (await stat(place)).size;
  let kept = 1;
  for (const each of names) {
    const file = join(folder, each);
    bytes += await stat(file).then(
      ({ size }) => size,
      () => 0,
    );
    // The same snapshot once more is only moved to the front.
    const again = HISTORY_FILE.exec(each)?.[2] === id;
    if (again || kept >= MAX_HISTORY || bytes > MAX_HISTORY_BYTES) await rm(file, { force: true });
    else kept += 1;
  }
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
