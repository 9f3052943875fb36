/**
 * Who of several gateways on one state folder controls the rollouts: whoever has the lock file. It names its owner, who touches it
 * again and again; one whose owner is gone or silent is taken over. The lock keeps two from measuring and calling webhooks at once;
 * that no step is lost or made twice does not depend on it (store.ts).
 */
import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** A lock that was not touched for so long belongs to nobody. */
export const LOCK_TTL_MS = 10_000;

export interface LockOwner {
  readonly token: string;
  readonly pid: number;
  readonly host: string;
}

/** Where there is a cluster, a Kubernetes Lease can stand in for the file. */
export interface ControllerLock {
  /** Takes the lock, keeps it, or takes over one that nobody has; whether it is held now. Called more often than LOCK_TTL_MS. */
  hold(): Promise<boolean>;
  release(): Promise<void>;
  /** For people; null when nobody has it. */
  owner(): Promise<LockOwner | null>;
}

export class FileLock implements ControllerLock {
  readonly #folder: string;
  readonly #place: string;
  readonly #own: LockOwner = { token: randomBytes(12).toString('hex'), pid: process.pid, host: hostname() };
  readonly #seen: { token: string; mtimeMs: number; sinceMs: number } = { token: '', mtimeMs: -1, sinceMs: 0 };

  constructor(folder: string) {
    this.#folder = folder;
    this.#place = join(folder, 'controller.lock');
  }

  async hold(): Promise<boolean> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const owner = await this.owner();
    if (owner?.token === this.#own.token) {
      const now = new Date();
      await utimes(this.#place, now, now).catch(() => undefined);
      return (await this.owner())?.token === this.#own.token;
    }
    if ((await this.#exists()) && !(await this.#isAbandoned(owner))) return false;
    if (await this.#exists()) await this.#remove(owner);
    return this.#create();
  }

  async release(): Promise<void> {
    const owner = await this.owner();
    if (owner?.token === this.#own.token) await this.#remove(owner);
  }

  async owner(): Promise<LockOwner | null> {
    return readOwner(this.#place);
  }

  async #exists(): Promise<boolean> {
    return (await stat(this.#place).catch(() => null)) !== null;
  }

  /** Silence is measured by one's own clock from when it was first heard: the file's time and ours may differ. */
  async #isAbandoned(owner: LockOwner | null): Promise<boolean> {
    if (owner !== null && owner.host === this.#own.host && !isAlive(owner.pid)) return true;
    const found = await stat(this.#place).catch(() => null);
    if (found === null) return true;
    const seen = this.#seen;
    const token = owner?.token ?? '';
    if (seen.token !== token || seen.mtimeMs !== found.mtimeMs) {
      this.#seen.token = token;
      this.#seen.mtimeMs = found.mtimeMs;
      this.#seen.sinceMs = performance.now();
      return false;
    }
    return performance.now() - seen.sinceMs > LOCK_TTL_MS;
  }

  /** Moves the lock away and looks whether it was the one that is meant; another's is put back. */
  async #remove(meant: LockOwner | null): Promise<void> {
    const aside = join(this.#folder, `controller.${randomBytes(8).toString('hex')}.old`);
    try {
      await rename(this.#place, aside);
    } catch {
      return;
    }
    const moved = await readOwner(aside);
    if (moved?.token !== meant?.token) await link(aside, this.#place).catch(() => undefined);
    await rm(aside, { force: true });
  }

  /** The file comes to be with its contents, or not at all. */
  async #create(): Promise<boolean> {
    const beside = join(this.#folder, `controller.${this.#own.token}.new`);
    await writeFile(beside, `${JSON.stringify(this.#own)}\n`, { mode: 0o600 });
    try {
      await link(beside, this.#place);
      return true;
    } catch {
      return false;
    } finally {
      await rm(beside, { force: true });
    }
  }
}

async function readOwner(place: string): Promise<LockOwner | null> {
  try {
    const value: unknown = JSON.parse(await readFile(place, 'utf8'));
    const { token, pid, host } = value as Partial<LockOwner>;
    if (typeof token !== 'string' || typeof pid !== 'number' || typeof host !== 'string') return null;
    return { token, pid, host };
  } catch {
    return null;
  }
}

/** Signal 0 only asks; a process of somebody else's is alive too. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
