/** A process that injects without HTTP, as seen from the bench. */
import { join } from 'node:path';
import { LineProcess } from '../line-process.ts';
import type { RoundSubject } from '../rounds.ts';
import type { CoreWindow, PrepareCommand, Prepared, RunCommand } from './protocol.ts';

export class CoreProcess {
  readonly #process = new LineProcess('core', [process.execPath, join(import.meta.dirname, 'main.ts')]);

  async prepare(command: Omit<PrepareCommand, 'do'>): Promise<Prepared> {
    return (await this.#process.ask({ do: 'prepare', ...command })) as Prepared;
  }

  subject(name: string, what: RunCommand['do']): RoundSubject<CoreWindow> {
    const run = async (ms: number): Promise<CoreWindow> => (await this.#process.ask({ do: what, ms })) as CoreWindow;
    return { name, pid: this.#process.pid, run };
  }

  stop(): void {
    this.#process.stop();
  }
}
