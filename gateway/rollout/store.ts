/**
 * The states of all rollouts on disk. Each commit is a file of its own, `state.VERSION.json`, that nothing is ever written over: it
 * is written beside, synced, and linked to its name, which fails when somebody else has had that version. So of two who start from
 * one version one wins and the other knows, whatever locks say; and a process that is killed leaves the version before.
 */
import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeStates, encodeStates, type RolloutStates } from './state-text.ts';

export interface StoredStates {
  /** 0: nothing is stored yet. */
  readonly version: number;
  readonly states: RolloutStates;
}

export const NOTHING_STORED: StoredStates = { version: 0, states: new Map() };

const FILE = /^state\.(\d{1,15})\.json$/;
const TEMPORARY = /^state\.[0-9a-f]+\.tmp$/;
/** Older versions that are kept, for when the newest can not be read. */
const KEPT_VERSIONS = 8;
const MAX_BYTES = 16 * 1024 * 1024;
/** A temporary file that is older was left by a process that is gone. */
const TEMPORARY_LIMIT_MS = 60_000;

export interface LoadedStates {
  readonly stored: StoredStates;
  /** Why newer versions could not be used; empty when there is nothing to say. */
  readonly problems: readonly string[];
  /** Whether these states are not what is stored, and should be. */
  readonly unsaved?: boolean;
}

/** Where states are kept, for all controllers of one mesh: a folder, or a cluster. */
export interface StateStore {
  /** The newest version that is known; 0 for none. */
  newest(): Promise<number>;
  load(): Promise<LoadedStates>;
  /** Stores the states that follow from version `from`; false when somebody else was first. Rejects when nothing is stored. */
  commit(from: number, states: RolloutStates): Promise<boolean>;
}

export class RolloutStore implements StateStore {
  readonly #folder: string;
  /** @param folder is made when it is not there. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  get folder(): string {
    return this.#folder;
  }

  /** The newest version there is; 0 for none. Rejects with the file system's error. */
  async newest(): Promise<number> {
    return Math.max(0, ...(await this.#versions()));
  }

  /** The newest states that can be read. A damaged version is passed over, and its number is not used again. */
  async load(): Promise<LoadedStates> {
    const versions = await this.#versions();
    const problems: string[] = [];
    for (const version of versions) {
      const read = await this.#read(version);
      if ('states' in read) return { stored: { version: versions[0] ?? version, states: read.states }, problems };
      // Somebody who is newer has removed it meanwhile.
      if (read.problem !== null) problems.push(`state.${version}.json ${read.problem}`);
    }
    return { stored: { version: versions[0] ?? 0, states: new Map() }, problems };
  }

  /**
   * Stores the states that follow from version `from`. False when somebody else was first, or so many have followed meanwhile that it
   * can not be told: load again. Rejects with the file system's error; then nothing is stored.
   */
  async commit(from: number, states: RolloutStates): Promise<boolean> {
    const bytes = encodeStates(states);
    if (bytes.length > MAX_BYTES) throw new Error(`the rollouts' states have more than ${MAX_BYTES} bytes`);
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    if ((await this.newest()) !== from) return false;
    const version = from + 1;
    const temporary = join(this.#folder, `state.${randomBytes(8).toString('hex')}.tmp`);
    try {
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await link(temporary, this.#place(version));
    } catch (error) {
      if (isCode(error, 'EEXIST')) return false;
      throw error;
    } finally {
      await rm(temporary, { force: true });
    }
    await this.#syncFolder();
    // A version that was removed as old can be linked again; then versions that much newer are there.
    if ((await this.newest()) >= version + KEPT_VERSIONS) return false;
    await this.#removeOld(version);
    return true;
  }

  async #versions(): Promise<number[]> {
    const names = await readdir(this.#folder).catch((error: unknown) => {
      if (isCode(error, 'ENOENT')) return [];
      throw error;
    });
    return names
      .flatMap((name) => FILE.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => b - a);
  }

  async #read(version: number): Promise<{ states: RolloutStates } | { problem: string | null }> {
    let bytes: Buffer;
    try {
      if ((await stat(this.#place(version))).size > MAX_BYTES) return { problem: 'is larger than any that is written' };
      bytes = await readFile(this.#place(version));
    } catch (error) {
      if (isCode(error, 'ENOENT')) return { problem: null };
      return { problem: `can not be read: ${error instanceof Error ? error.message : error}` };
    }
    return decodeStates(bytes);
  }

  async #removeOld(version: number): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      const old = Number(FILE.exec(name)?.[1] ?? Number.POSITIVE_INFINITY) <= version - KEPT_VERSIONS;
      if (old || (TEMPORARY.test(name) && (await this.#isLeft(name))))
        await rm(join(this.#folder, name), { force: true });
    }
  }

  async #isLeft(name: string): Promise<boolean> {
    const found = await stat(join(this.#folder, name)).catch(() => null);
    return found !== null && Date.now() - found.mtimeMs > TEMPORARY_LIMIT_MS;
  }

  /** Makes the link itself durable; not every platform can. */
  async #syncFolder(): Promise<void> {
    const handle = await open(this.#folder, 'r').catch(() => null);
    await handle?.sync().catch(() => undefined);
    await handle?.close();
  }

  #place(version: number): string {
    return join(this.#folder, `state.${version}.json`);
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
