/** The generator process, as seen from the bench. */
import { join } from 'node:path';
import { pinned } from '../cores.ts';
import { LineProcess } from '../line-process.ts';
import type {
  FloodCommand,
  FloodWindow,
  HandshakesCommand,
  HandshakeWindow,
  LoadWindow,
  OpenCommand,
} from './protocol.ts';

export class Generator {
  readonly #process: LineProcess;

  /** `cores` as taskset takes them; null: wherever the system puts it. */
  constructor(cores: string | null) {
    const prefix = cores === null ? [] : pinned(cores);
    this.#process = new LineProcess('generator', [...prefix, process.execPath, join(import.meta.dirname, 'main.ts')]);
  }

  async open(target: Omit<OpenCommand, 'do'>): Promise<void> {
    await this.#process.ask({ do: 'open', ...target });
  }

  async capacity(name: string, ms: number): Promise<LoadWindow> {
    return (await this.#process.ask({ do: 'capacity', name, ms })) as LoadWindow;
  }

  async rate(name: string, ms: number, perSecond: number): Promise<LoadWindow> {
    return (await this.#process.ask({ do: 'rate', name, ms, perSecond })) as LoadWindow;
  }

  async handshakes(command: Omit<HandshakesCommand, 'do'>): Promise<HandshakeWindow> {
    return (await this.#process.ask({ do: 'handshakes', ...command })) as HandshakeWindow;
  }

  async flood(command: Omit<FloodCommand, 'do'>): Promise<FloodWindow> {
    return (await this.#process.ask({ do: 'flood', ...command })) as FloodWindow;
  }

  stop(): void {
    this.#process.stop();
  }
}
