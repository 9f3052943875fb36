/** Runs meshgate's commands in process, in a folder of their own. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runCommandLine } from '../../gateway/cli/run.ts';

export const checkout = join(import.meta.dirname, '..', '..');

export interface CommandResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export class Workspace {
  readonly root: string = mkdtempSync(join(tmpdir(), 'meshgate-command-'));

  path(name: string): string {
    return join(this.root, name);
  }

  /** Writes a file (objects as JSON) and gives its path. */
  write(name: string, content: string | object): string {
    const path = this.path(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  async run(...args: readonly string[]): Promise<CommandResult> {
    let out = '';
    let err = '';
    const code = await runCommandLine(args, {
      environment: { PATH: process.env['PATH'], HOME: this.root },
      root: pathToFileURL(`${checkout}/`),
      workerFile: pathToFileURL(join(checkout, 'workers', 'main.ts')),
      version: '0',
      stdout: (text) => {
        out += text;
      },
      stderr: (text) => {
        err += text;
      },
    });
    return { code, out, err };
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
