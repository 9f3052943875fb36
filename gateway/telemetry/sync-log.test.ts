import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { createLogger } from './logger.ts';
import { logSyncEvent } from './sync-log.ts';

test('a snapshot with many warnings gets a line for the first ones, and one that counts the others', () => {
  const lines: Record<string, unknown>[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)) as Record<string, unknown>);
      done();
    },
  });
  const warnings = Array.from({ length: 100 }, (_, index) => {
    return { code: 'RELEASE_UNKNOWN', severity: 'warning', message: `warning ${index}`, file: 'a.yaml' } as const;
  });
  const counts = { meshes: 1, revisions: 100, parsedFiles: 1, compiledRevisions: 100 };
  logSyncEvent(createLogger('info', stream), { type: 'published', revision: 'main@sha1:1', ...counts, warnings });
  assert.equal(lines.length, 22);
  assert.deepEqual([lines[0]?.['msg'], lines[0]?.['warnings']], ['snapshot published', 100]);
  assert.deepEqual([lines[20]?.['msg'], lines[20]?.['file']], ['warning 19', 'a.yaml']);
  assert.equal(lines[21]?.['warnings'], 80);
});
