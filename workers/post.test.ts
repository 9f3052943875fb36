import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Letter } from './mailbox.ts';
import { postReply, postTask, readReplies, readTask, type TaskParts, taskCount } from './post.ts';
import type { InjectTask, Outcome, WorkerReply } from './protocol.ts';

const letter: fc.Arbitrary<Letter> = fc.oneof(fc.string(), fc.record({ at: fc.nat(), bytes: fc.nat() }));
const words = fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true, maxKeys: 3 });
const cluster = fc.record({
  namespace: fc.option(fc.record({ labels: words, annotations: words })),
  owners: fc.constant({}),
  nodes: fc.array(fc.record({ name: fc.string(), kubeletVersion: fc.string() }), { maxLength: 2 }),
  nodesKnown: fc.boolean(),
});
const head = fc.record(
  { revision: fc.string(), params: words, policies: fc.string(), policyName: fc.string(), revisionLabel: fc.string() },
  { requiredKeys: ['revision', 'params'] },
);
const task: fc.Arbitrary<TaskParts & { readonly review: Letter }> = fc.record(
  {
    head,
    cluster,
    review: letter,
    reuse: fc.record({ name: fc.string(), tokenVolume: fc.string() }),
    warnings: fc.array(fc.string(), { maxLength: 2 }),
    peeked: fc.record({
      apiVersion: fc.constant('admission.k8s.io/v1' as const),
      uid: fc.string(),
      namespace: fc.string(),
      label: fc.option(fc.record({ name: fc.string(), value: fc.string() })),
    }),
  },
  { requiredKeys: ['head', 'cluster', 'review'] },
);
const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.constant<Outcome>({ kind: 'patched' }),
  fc.record({ kind: fc.constant('skipped' as const), reason: fc.string(), reasons: fc.array(fc.string()) }),
  fc.record({ kind: fc.constant('denied' as const), code: fc.string(), message: fc.string() }),
);
const timing = fc.record({ injectMs: fc.double({ noNaN: true }), compileMs: fc.double({ noNaN: true }) });
const reply: fc.Arbitrary<WorkerReply> = fc.oneof(
  fc.record({
    ok: fc.constant(true as const),
    result: fc.record({
      outcome,
      body: fc.string(),
      reusable: fc.constant(false),
      revisionAsked: fc.string({ minLength: 1 }),
      timing,
    }),
  }),
  fc.record({
    ok: fc.constant(true as const),
    result: fc.record({
      outcome,
      body: fc.string(),
      reusable: fc.boolean(),
      timing,
    }),
  }),
  fc.record({ ok: fc.constant(false as const), error: fc.record({ code: fc.string(), message: fc.string() }) }),
);

test('tasks arrive as they were posted, across a structured clone', () => {
  fc.assert(
    fc.property(fc.array(task, { maxLength: 9 }), (tasks) => {
      const posted: unknown[] = [];
      for (const { review, ...parts } of tasks) postTask(posted, parts, review);
      const arrived = structuredClone(posted);
      assert.equal(taskCount(arrived), tasks.length);
      const read = (letter: Letter): string => JSON.stringify(letter);
      const expected = tasks.map(({ head: { ...own }, review, ...parts }): InjectTask => {
        return { ...own, ...parts, review: read(review) };
      });
      assert.deepEqual(
        tasks.map((_, index) => readTask(arrived, index, read)),
        structuredClone(expected),
      );
    }),
  );
});

test('replies arrive as they were posted, whether their bodies found room or not', () => {
  fc.assert(
    fc.property(fc.array(reply, { maxLength: 9 }), fc.boolean(), (replies, roomy) => {
      const kept: string[] = [];
      const put = (body: string): Letter => (roomy ? { at: kept.push(body) - 1, bytes: body.length } : body);
      const posted: unknown[] = [];
      for (const each of replies) postReply(posted, each, put);
      const read = (each: Letter): string => (typeof each === 'string' ? each : (kept[each.at] ?? ''));
      assert.deepEqual(readReplies(structuredClone(posted), read), structuredClone(replies));
    }),
  );
});

test('what the tasks of a batch have in common is one object on the other side', () => {
  const shared = { revision: 'r', params: {} };
  const posted: unknown[] = [];
  const parts = { head: shared, cluster: { namespace: null, owners: {}, nodes: [], nodesKnown: false } };
  postTask(posted, parts, 'one');
  postTask(posted, parts, 'two');
  const arrived = structuredClone(posted);
  const [one, two] = [0, 1].map((index) => readTask(arrived, index, String));
  assert.equal(one?.params, two?.params);
  assert.equal(one?.cluster, two?.cluster);
});
