/**
 * The entry point: everything that is read from the process is read here and handed on.
 */
import { readFileSync, writeSync } from 'node:fs';
import type { Surroundings } from './cli/context.ts';
import { runOwnProcess } from './cli/own-processes.ts';
import { moduleBeside } from './module-beside.ts';

const root = new URL('../', import.meta.url);
const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { version: string };

const surroundings: Surroundings = {
  environment: process.env,
  root,
  workerFile: moduleBeside(import.meta.url, '../workers/main'),
  version,
  // Written synchronously: the ready line is there before anything else happens, and nothing is lost at the end.
  stdout: (text) => write(1, text),
  stderr: (text) => write(2, text),
};
const args = process.argv.slice(2);
const exitCode = await (runOwnProcess(args, surroundings) ?? runCommand());
process.exit(exitCode);

async function runCommand(): Promise<number> {
  const { runCommandLine } = await import('./cli/run.ts');
  return runCommandLine(args, surroundings);
}

function write(descriptor: number, text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      // A reader that went away takes nothing more; one that is only slow is waited for.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
    }
  }
}
