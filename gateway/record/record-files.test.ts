import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { RecordFiles } from './record-files.ts';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshgate-record-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

it('keeps the newest files within their bounds, and shows only complete ones', async () => {
  const out = join(folder, 'a');
  const files = new RecordFiles(out, 'r', 100, 40);
  for (let i = 0; i < 20; i++) await files.append(`{"n":${String(i).padStart(2, '0')},"x":"aaaa"}`);
  const shown = readdirSync(out).filter((name) => name.endsWith('.ndjson'));
  assert.deepEqual(
    shown,
    files.files.map(({ path }) => path.slice(out.length + 1)),
  );
  await files.close();
  const kept = files.files.flatMap(({ path }) => readFileSync(path, 'utf8').trim().split('\n'));
  assert.deepEqual(
    kept.map((line) => (JSON.parse(line) as { n: number }).n),
    [16, 17, 18, 19],
  );
  assert.deepEqual(
    readdirSync(out).filter((name) => name.startsWith('.')),
    [],
  );
});

it('never writes over a file', async () => {
  const out = join(folder, 'b');
  const first = new RecordFiles(out, 'r', 100);
  await first.append('{}');
  await assert.rejects(new RecordFiles(out, 'r', 100).append('{}'), { code: 'EEXIST' });
  await first.close();
});
