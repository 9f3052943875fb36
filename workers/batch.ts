/** A batch of reviews as it comes to a worker thread, and its answers as they go back: texts in mailboxes, the rest posted. */
import { Mailbox } from './mailbox.ts';
import type { InjectTask, PostedBatch, PostedReply, PostedTask, WorkerReply } from './protocol.ts';
import { ownSharedMemory } from './shared-memory.ts';

/** How a thread answers one review. */
export type InjectOne = (task: InjectTask) => WorkerReply;

/** The entry point for batches: reply i answers task i. The pool sees in shared memory which of them is in the works. */
export function batchEntry(injectOne: InjectOne): (batch: PostedBatch) => PostedReply[] {
  const memory = ownSharedMemory();
  const reviews = new Mailbox(memory.reviews);
  const answers = new Mailbox(memory.answers);
  const count = (): void => {
    Atomics.add(memory.progress, 0, 1);
  };
  return ({ compartment, tasks }) => {
    answers.open(compartment);
    const replies = tasks.map((task: PostedTask): PostedReply => {
      count();
      const reply = injectOne({ ...task, review: reviews.read(task.review) });
      if (!reply.ok) return reply;
      return { ok: true, result: { ...reply.result, body: answers.put(reply.result.body) } };
    });
    count();
    return replies;
  };
}
