/** What a gateway from source loads its TypeScript with (bin/stripped.mjs). */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

/** What the module has, which is plain JavaScript. */
interface Stripped {
  strippedFolder(root: string): string;
  stripAll(root: string): Promise<void>;
  readStripped(root: string, kept: string, url: string): string | null;
}

const module = new URL('../../bin/stripped.mjs', import.meta.url);
const { readStripped, stripAll, strippedFolder } = (await import(module.href)) as Stripped;

test('stripped files are those of the sources as they are now', async () => {
  const root = mkdtempSync(join(tmpdir(), 'meshgate-stripped-'));
  try {
    const file = join(root, 'gateway', 'deep', 'one.ts');
    const write = (text: string, seconds: number): void => {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
      utimesSync(file, seconds, seconds);
    };
    mkdirSync(join(root, 'workers'));
    const kept = strippedFolder(root);
    const read = () => readStripped(root, kept, pathToFileURL(file).href);
    write('export const one: number = 1;\n', 1_000_000);
    assert.equal(read(), null);
    await stripAll(root);
    assert.equal(read(), 'export const one         = 1;\n');
    write('export const one: string = "";\n', 1_000_001);
    assert.equal(read(), null, 'it has changed');
    await stripAll(root);
    assert.equal(read(), 'export const one         = "";\n');
    assert.equal(readStripped(root, kept, pathToFileURL(join(tmpdir(), 'one.ts')).href), null);
    assert.equal(readStripped(root, kept, 'node:fs'), null);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
