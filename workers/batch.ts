/** A batch of reviews as it comes to a worker thread, and its answers as they go back: texts in mailboxes, the rest posted. */
import { type Letter, Mailbox } from './mailbox.ts';
import { type PostedReplies, postReply, readTask, taskCount } from './post.ts';
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
  const read = (letter: Letter) => reviews.read(letter);
  const put = (body: string) => answers.put(body);
  return ({ compartment, tasks }) => {
    answers.open(compartment);
    const replies: unknown[] = [];
    for (let index = 0; index < taskCount(tasks); index++) {
      count();
      postReply(replies, injectOne(readTask(tasks, index, read)), put);
    }
    count();
    return replies;
  };
}
