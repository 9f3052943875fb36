import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { makeMesh } from '../../test/integration/gateway/harness.ts';
import type { RevisionSource } from '../../workers/protocol.ts';
import { CompileBench } from './compile-bench.ts';

const [first] = makeMesh('shop').revisions.values();

describe('the thread that tries revisions', () => {
  const bench = new CompileBench({ maxHeapMb: 256 });
  after(() => bench.close());

  test('says what is wrong with a revision, and nothing of one that compiles', async () => {
    assert.ok(first !== undefined);
    assert.deepEqual(await bench.check(first), []);
    const spec = { ...first.spec, template: '{{ if }}' } as RevisionSource['spec'];
    const problems = await bench.check({ ...first, digest: 'broken', spec });
    assert.ok(problems.length > 0 && problems.every(({ field }) => field === 'template'));
  });
});
