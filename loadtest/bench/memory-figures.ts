/** Resident memory of a gateway around its load. */
import { residentBytes } from './cpu-time.ts';
import { type Figure, figure } from './figures.ts';
import type { Subject } from './subject.ts';

const MB = 1e6;
/** V8 gives memory back 8 s after the last request. */
export const IDLE_MS = 10_000;

/** Resident memory of a gateway; nothing where there is no /proc. */
export class MemoryFigures {
  readonly #subject: Subject;
  #idleBytes: number | null = null;
  #mostBytes = 0;

  constructor(subject: Subject) {
    this.#subject = subject;
  }

  noteIdle(): void {
    this.#idleBytes = residentBytes(this.#subject.pid);
  }

  /** Looks at the end of a window. */
  async during<T>(load: Promise<T>): Promise<T> {
    const window = await load;
    this.#mostBytes = Math.max(this.#mostBytes, residentBytes(this.#subject.pid) ?? 0);
    return window;
  }

  read(): Figure[] {
    const { name, pid } = this.#subject;
    const after = residentBytes(pid);
    if (this.#idleBytes === null || after === null) return [];
    return [
      figure(`${name}: memory before the load`, 'MB', [this.#idleBytes / MB]),
      figure(`${name}: memory under load, at most`, 'MB', [this.#mostBytes / MB]),
      figure(`${name}: memory after the load`, 'MB', [after / MB]),
    ];
  }
}
