/**
 * A child process that answers one JSON line on its stdin with one on its stdout, in order; both sides of it. The generator and the
 * in-process measurements run so: they keep what is warm, and do nothing until they are asked.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class LineProcess {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #waiting: Waiting[] = [];
  #ended = false;

  /** `command` is the program with its arguments. */
  constructor(name: string, command: readonly string[]) {
    this.#name = name;
    const [file = process.execPath, ...args] = command;
    this.#child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    if (this.#child.stdout !== null)
      createInterface({ input: this.#child.stdout }).on('line', (line) => this.#answered(line));
    this.#child.stdin?.on('error', () => {
      // Its end is told by `close`.
    });
    this.#child.on('error', (error) => this.#end(error.message));
    this.#child.on('close', (code) => this.#end(`it ended with code ${code}`));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Rejects with what the process says went wrong, or when it ends. */
  ask(command: object): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#ended) {
        reject(new Error(`${this.#name}: it has ended`));
        return;
      }
      this.#waiting.push({ resolve, reject });
      this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
    });
  }

  stop(): void {
    this.#child.kill('SIGTERM');
  }

  #answered(line: string): void {
    const waiting = this.#waiting.shift();
    const answer = JSON.parse(line) as { readonly ok?: unknown; readonly error?: string };
    if (answer.error === undefined) waiting?.resolve(answer.ok);
    else waiting?.reject(new Error(`${this.#name}: ${answer.error}`));
  }

  #end(reason: string): void {
    this.#ended = true;
    for (const { reject } of this.#waiting.splice(0)) reject(new Error(`${this.#name}: ${reason}`));
  }
}

/** The other side: answers the lines of stdin until it ends. */
export async function serveLines<Command>(handle: (command: Command) => Promise<unknown>): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    let answer: object;
    try {
      answer = { ok: await handle(JSON.parse(line) as Command) };
    } catch (error) {
      answer = { error: error instanceof Error ? error.message : String(error) };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}
