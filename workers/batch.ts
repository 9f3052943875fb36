/** A batch of reviews as it comes to a worker thread, and its answers as they go back: texts in mailboxes, the rest posted. */
import { Mailbox } from './mailbox.ts';
import { type PostedReplies, postReply, readTasks } from './post.ts';
import type { InjectTask, PostedBatch, WorkerReply } from './protocol.ts';
import { ownSharedMemory } from './shared-memory.ts';

/** How a thread answers one review. */
export type InjectOne = (task: InjectTask) => WorkerReply;

/** The entry point for batches: reply i answers task i. The pool sees in shared memory which of them is in the works. */
export function batchEntry(injectOne: InjectOne): (batch: PostedBatch) => PostedReplies {
  const memory = ownSharedMemory();
  const reviews = new Mailbox(memory.reviews);
  const answers = new Mailbox(memory.answers);
  const count = (): void => {
    Atomics.add(memory.progress, 0, 1);
  };
  const put = (body: string) => answers.put(body);
  return ({ compartment, tasks }) => {
    answers.open(compartment);
    const replies: unknown[] = [];
    for (const { head, review, ...rest } of readTasks(tasks)) {
      count();
      postReply(replies, injectOne({ ...head, ...rest, review: reviews.read(review) }), put);
    }
    count();
    return replies;
  };
}
