/**
 * Recorded reviews as files of one a line. A file is written under a name that no reader looks at and gets its own when it is complete;
 * what is kept of a recording is bounded, the oldest files go first.
 */
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Size at which a file is complete. */
export const FILE_BYTES_LIMIT = 8 * 1024 * 1024;

export interface KeptFile {
  readonly path: string;
  readonly bytes: number;
  readonly reviews: number;
}

interface OpenFile {
  readonly handle: FileHandle;
  readonly part: string;
  readonly path: string;
  bytes: number;
  reviews: number;
}

export class RecordFiles {
  readonly #folder: string;
  /** Beginning of the files' names. */
  readonly #name: string;
  readonly #maxBytes: number;
  readonly #fileBytes: number;
  #kept: KeptFile[] = [];
  #open: OpenFile | null = null;
  #count = 0;

  constructor(folder: string, name: string, maxBytes: number, fileBytes: number = FILE_BYTES_LIMIT) {
    this.#folder = folder;
    this.#name = name;
    this.#maxBytes = maxBytes;
    this.#fileBytes = Math.min(fileBytes, maxBytes);
  }

  /** Complete ones, the oldest first. */
  get files(): readonly KeptFile[] {
    return this.#kept;
  }

  /** Appends a line. Calls have to follow one another. Rejects as fs does. */
  async append(line: string): Promise<void> {
    const text = `${line}\n`;
    const bytes = Buffer.byteLength(text);
    if (this.#open !== null && this.#open.bytes + bytes > this.#fileBytes) await this.#complete();
    this.#open ??= await this.#create();
    await this.#open.handle.appendFile(text);
    this.#open.bytes += bytes;
    this.#open.reviews += 1;
  }

  /** Completes the last file. */
  async close(): Promise<void> {
    if (this.#open !== null) await this.#complete();
  }

  async #create(): Promise<OpenFile> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    this.#count += 1;
    const file = `${this.#name}-${String(this.#count).padStart(4, '0')}.ndjson`;
    const part = join(this.#folder, `.${file}.part`);
    // Never over a file that is there, and for nobody else to read.
    const handle = await open(part, 'wx', 0o600);
    return { handle, part, path: join(this.#folder, file), bytes: 0, reviews: 0 };
  }

  async #complete(): Promise<void> {
    const file = this.#open;
    if (file === null) return;
    this.#open = null;
    await file.handle.sync();
    await file.handle.close();
    await rename(file.part, file.path);
    this.#kept.push({ path: file.path, bytes: file.bytes, reviews: file.reviews });
    let total = this.#kept.reduce((sum, { bytes }) => sum + bytes, 0);
    while (total > this.#maxBytes && this.#kept.length > 1) {
      const [oldest] = this.#kept;
      if (oldest === undefined) return;
      await rm(oldest.path, { force: true });
      this.#kept = this.#kept.slice(1);
      total -= oldest.bytes;
    }
  }
}
