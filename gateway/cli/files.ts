/** Files that commands are given by name; `-` is standard input. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { CommandError } from './command-error.ts';

/** Largest file that a command reads, in bytes: a dump of a cluster's workloads is far below it. */
export const MAX_INPUT_BYTES = 64 * 1024 * 1024;

export const STDIN = '-';

/** The text of a file; a byte order mark stays. Throws CommandError FILE_UNREADABLE or INPUT_TOO_LARGE. */
export async function readInput(name: string): Promise<string> {
  const bytes = name === STDIN ? await readStdin() : await readBytes(name);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new CommandError('FILE_UNREADABLE', `${shown(name)} is not text in UTF-8`);
  }
}

async function readBytes(name: string): Promise<Buffer> {
  try {
    if ((await stat(name)).size > MAX_INPUT_BYTES) throw tooLarge(name);
    return await readFile(name);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError('FILE_UNREADABLE', `${name} can not be read: ${messageOf(error)}`, { cause: error });
  }
}

async function readStdin(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > MAX_INPUT_BYTES) throw tooLarge(STDIN);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

/** Throws CommandError FILE_UNWRITABLE. */
export async function writeOutput(name: string, text: string): Promise<void> {
  try {
    await writeFile(name, text);
  } catch (error) {
    throw new CommandError('FILE_UNWRITABLE', `${name} can not be written: ${messageOf(error)}`, { cause: error });
  }
}

function tooLarge(name: string): CommandError {
  return new CommandError('INPUT_TOO_LARGE', `${shown(name)} has more than ${MAX_INPUT_BYTES} bytes`);
}

/** A file's name in a message. */
export function shown(name: string): string {
  return name === STDIN ? 'standard input' : name;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
