/**
 * A thread for compiling revisions that do not serve yet: whatever a policy commit holds, the workers that serve do not feel it.
 */
import { Piscina } from 'piscina';
import type { CompileProblem } from '../../workers/inject/provider.ts';
import type { CompileSource } from '../../workers/protocol.ts';
import { moduleBeside } from '../module-beside.ts';

/** A revision that takes longer to compile is not going to serve. */
const COMPILE_LIMIT_MS = 30_000;
/** How long the thread stays for more to compile: one whose code is hot takes half as long, and commits come in bursts; but it holds 60 MB. */
const IDLE_MS = 30_000;
/** The same for the thread that checks what there is at the start: the next commit is rarely the moment after. */
const FIRST_IDLE_MS = 1_000;

/**
 * Young generation of the thread. What is parsed of one revision lives until its check has ended: a small one is collected in the middle of
 * that, and copies it each time, with helpers that take cores from requests. With 24 MB a hundred revisions took half as much CPU again.
 */
const YOUNG_GENERATION_MB = 96;

export class CompileBench {
  readonly #options: { readonly maxHeapMb: number };
  #piscina: Piscina | null = null;
  #fault: unknown = null;
  /** Until its thread has gone. */
  #ofStart = true;

  constructor(options: { readonly maxHeapMb: number }) {
    this.#options = options;
  }

  /** What is wrong with a revision; empty when it compiles. Rejects when the thread ended over it or it took too long. */
  async check(source: CompileSource): Promise<readonly CompileProblem[]> {
    const signal = AbortSignal.timeout(COMPILE_LIMIT_MS);
    this.#fault = null;
    try {
      return (await this.#thread().run(source, { name: 'check', signal })) as readonly CompileProblem[];
    } catch (error) {
      // Why the thread ended says more than that it did.
      throw this.#fault ?? error;
    }
  }

  /** Starts the thread ahead of the first revision, so that it loads its code while policies are still being read. */
  prepare(): void {
    // The pool of the start has no thread any more. Commits get one whose thread stays longer.
    if (this.#ofStart && this.#piscina?.threads.length === 0) {
      this.#ofStart = false;
      void this.close().catch(() => undefined);
    }
    // A thread that can not start says so at the first check.
    void this.#thread()
      .run([], { name: 'missing' })
      .catch(() => undefined);
  }

  async close(): Promise<void> {
    const piscina = this.#piscina;
    this.#piscina = null;
    await piscina?.destroy();
  }

  #thread(): Piscina {
    if (this.#piscina !== null) return this.#piscina;
    const piscina = new Piscina({
      filename: moduleBeside(import.meta.url, './compile-thread').href,
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: this.#ofStart ? FIRST_IDLE_MS : IDLE_MS,
      resourceLimits: {
        maxOldGenerationSizeMb: this.#options.maxHeapMb,
        maxYoungGenerationSizeMb: YOUNG_GENERATION_MB,
      },
      recordTiming: false,
    });
    // A thread that ends before its first task would leave that task waiting: ending the pool answers it.
    piscina.on('error', (error: unknown) => {
      this.#fault = error;
      if (this.#piscina === piscina) this.#piscina = null;
      void piscina.destroy().catch(() => undefined);
    });
    this.#piscina = piscina;
    return piscina;
  }
}
