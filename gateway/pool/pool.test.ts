/** The pool with real workers; what callers see of it is in test/integration/gateway/worker-failures.test.ts. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeMesh, review } from '../../test/integration/gateway/harness.ts';
import type { PolicySetSource } from '../../workers/policy/policy-source.ts';
import type { RevisionSource } from '../../workers/protocol.ts';
import { UNKNOWN_CLUSTER } from '../routing/cluster.ts';
import { Job, type JobResult } from './job.ts';
import { WorkerPool } from './pool.ts';
import type { QuarantineEntry } from './quarantine.ts';

const workerFile = new URL('../../test/integration/gateway/workers/failing.ts', import.meta.url);
const [first, second] = makeMesh('shop').revisions.values();
const BUDGET_MS = 20_000;

function submit(pool: WorkerPool, source: RevisionSource, note = '', budgetMs = BUDGET_MS): Promise<JobResult> {
  return new Promise((resolve) => {
    const task = { head: { revision: source.digest, params: {} }, cluster: UNKNOWN_CLUSTER };
    const listener = { jobDone: (_job: Job, result: JobResult) => resolve(result) };
    const claim = { source, share: 1, budgetMs, expiresAtMs: performance.now() + budgetMs };
    pool.submit(new Job({ task, review: Buffer.from(review('u', { note })), claim, namespace: 'shop' }, listener));
  });
}

function codeOf(result: JobResult): string {
  return result.ok ? 'done' : result.code;
}

describe('the pool', () => {
  let pool: WorkerPool;
  const lost: { workload: string | undefined; others: number }[] = [];
  assert.ok(first !== undefined && second !== undefined);
  before(async () => {
    const onWorkerLost = (_error: unknown, culprit: QuarantineEntry | null, others: number): void => {
      lost.push({ workload: culprit?.name, others });
    };
    pool = new WorkerPool({ workers: 1, workerFile, maxHeapMb: 256, onWorkerLost, queueLimit: 20, batchLimit: 4 });
    await pool.warm([first]);
    await pool.open();
  });
  after(() => pool.close());

  test('opens warm: the first review of a known revision waits for no compilation', async () => {
    const result = await submit(pool, first);
    assert.ok(result.ok);
    assert.equal(result.result.timing.compileMs, 0);
  });

  test('sends a revision along that the worker turns out not to know, once', async () => {
    const result = await submit(pool, second);
    assert.ok(result.ok);
    assert.ok(result.result.timing.compileMs > 0);
    const again = await submit(pool, second);
    assert.ok(again.ok && again.result.timing.compileMs === 0);
  });

  test('has a worker learn the policies of a review that came under an earlier snapshot', async () => {
    const policies: PolicySetSource = { digest: 'policies of before', policies: [] };
    const result = await new Promise<JobResult>((resolve) => {
      const task = {
        head: { revision: first.digest, params: {}, policies: policies.digest },
        cluster: UNKNOWN_CLUSTER,
      };
      const listener = { jobDone: (_job: Job, done: JobResult) => resolve(done) };
      const claim = { source: first, share: 1, budgetMs: BUDGET_MS, expiresAtMs: performance.now() + BUDGET_MS };
      pool.submit(new Job({ task, review: Buffer.from(review('u')), claim, namespace: 'shop', policies }, listener));
    });
    assert.equal(codeOf(result), 'done');
  });

  test('refuses at once what its queue has no room for, and does the rest', async () => {
    // One is in the worker's hands and one waits when the others come; one mesh may have half of the queue.
    const busy = [submit(pool, first, 'fail: slow')];
    await new Promise((resolve) => setTimeout(resolve, 30));
    busy.push(submit(pool, first));
    await new Promise((resolve) => setTimeout(resolve, 30));
    const start = performance.now();
    const waiting = Array.from({ length: 9 }, () => submit(pool, first));
    const refused = await Promise.all([submit(pool, first), submit(pool, first)]);
    assert.ok(performance.now() - start < 100, 'at once');
    for (const result of refused) assert.equal(codeOf(result), 'QUEUE_FULL');
    for (const result of await Promise.all([...busy, ...waiting])) assert.ok(result.ok);
    assert.deepEqual(pool.stats().queued, 0);
  });

  test('does not begin what has no time left', async () => {
    assert.equal(codeOf(await submit(pool, first, '', -5)), 'DEADLINE_UNREACHABLE');
  });

  test('replaces a worker that ends, warm, and says how many reviews it took along', async () => {
    assert.deepEqual(await submit(pool, first, 'fail: exit'), { ok: false, code: 'WORKER_CRASHED' });
    assert.deepEqual(lost, [{ workload: 'Pod/web', others: 0 }]);
    const result = await submit(pool, first);
    assert.ok(result.ok);
    assert.equal(result.result.timing.compileMs, 0);
    assert.deepEqual(pool.stats().workers, ['serving']);
  });

  test('answers while a worker gets ready for a new snapshot', async () => {
    const version = (digest: string) =>
      Array.from({ length: 10 }, (_, index) => ({ ...first, name: `r${index}`, digest: `${digest} ${index}` }));
    for (const inUse of version('old')) assert.ok((await submit(pool, inUse)).ok);
    const next = version('new');
    const order: string[] = [];
    const warmed = pool.warm([first, ...next]).then((failed) => {
      order.push('warm');
      return failed;
    });
    const answered = submit(pool, first).then((result) => order.push(codeOf(result)));
    await answered;
    assert.deepEqual(await warmed, []);
    assert.deepEqual(order, ['done', 'warm']);
    for (const each of next) {
      const result = await submit(pool, each);
      assert.ok(result.ok && result.result.timing.compileMs === 0, each.digest);
    }
  });
});

test('a worker soon forgets what only the snapshot before had, and is told it again when it is asked for', async () => {
  assert.ok(first !== undefined && second !== undefined);
  const options = { workers: 1, workerFile, maxHeapMb: 256, onWorkerLost: () => undefined, retireMs: 100 };
  const pool = new WorkerPool(options);
  await pool.warm([first]);
  await pool.open();
  await pool.warm([second]);
  const soon = await submit(pool, first);
  assert.ok(soon.ok && soon.result.timing.compileMs === 0);
  await sleep(300);
  const late = await submit(pool, first);
  assert.ok(late.ok && late.result.timing.compileMs > 0);
  await pool.close();
});

function holderOf(pool: WorkerPool, source: RevisionSource): Promise<object | null> {
  return new Promise((resolve) => {
    const task = { head: { revision: source.digest, params: {} }, cluster: UNKNOWN_CLUSTER };
    const claim = { source, share: 1, budgetMs: BUDGET_MS, expiresAtMs: performance.now() + BUDGET_MS };
    const listener = { jobDone: (job: Job) => resolve(job.holder) };
    pool.submit(new Job({ task, review: Buffer.from(review('u')), claim, namespace: 'shop' }, listener));
  });
}

function sharesOf(holders: readonly (object | null)[]): readonly number[] {
  return [...Map.groupBy(holders, (holder) => holder).values()].map(({ length }) => length);
}

describe('several workers', () => {
  let pool: WorkerPool;
  assert.ok(first !== undefined);
  before(async () => {
    pool = new WorkerPool({ workers: 2, workerFile, maxHeapMb: 256, onWorkerLost: () => undefined });
    await pool.warm([first]);
    await pool.open();
  });
  after(() => pool.close());

  test('share reviews that come at once', async () => {
    const holders = await Promise.all(Array.from({ length: 6 }, () => holderOf(pool, first)));
    assert.deepEqual(sharesOf(holders), [3, 3]);
  });

  test('take turns with reviews that come one by one, so that each has compiled what they ask for', async () => {
    const holders: (object | null)[] = [];
    for (let count = 0; count < 6; count += 1) holders.push(await holderOf(pool, first));
    assert.deepEqual(sharesOf(holders), [3, 3]);
  });
});
