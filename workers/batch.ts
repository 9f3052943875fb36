/** Batches of reviews as they come to a worker thread, and their answers as they go back: texts in mailboxes, the rest posted. */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { type Letter, Mailbox } from './mailbox.ts';
import { type PostedReplies, postReply, readTask, taskCount } from './post.ts';
import type { InjectTask, PostedBatch, WorkerReply } from './protocol.ts';
import { ownSharedMemory, PAUSED, RUNG } from './shared-memory.ts';

/** How a thread answers one review. */
export type InjectOne = (task: InjectTask) => WorkerReply;

/**
 * The entry point for batches: answers those that come through the port, in their order, until the pool pauses it. It sleeps in between,
 * without the event loop. The port comes with the first call and is kept. Reply i of an answer is that to task i; the pool sees in shared
 * memory which of them is in the works.
 */
export function batchEntry(injectOne: InjectOne): (port: MessagePort | null) => void {
  const memory = ownSharedMemory();
  const reviews = new Mailbox(memory.reviews);
  const answers = new Mailbox(memory.answers);
  let kept: MessagePort | null = null;
  const count = (): void => {
    Atomics.add(memory.progress, 0, 1);
  };
  const read = (letter: Letter) => reviews.read(letter);
  const put = (body: string) => answers.put(body);
  const answer = ({ compartment, tasks }: PostedBatch): PostedReplies => {
    answers.open(compartment);
    const replies: unknown[] = [];
    for (let index = 0; index < taskCount(tasks); index++) {
      count();
      postReply(replies, injectOne(readTask(tasks, index, read)), put);
    }
    count();
    return replies;
  };
  return (port) => {
    kept = port ?? kept;
    if (kept === null) return;
    while (Atomics.load(memory.bell, PAUSED) === 0) {
      // Before the port is looked at: what is posted after that rings again.
      const rung = Atomics.load(memory.bell, RUNG);
      const posted = receiveMessageOnPort(kept) as { readonly message: PostedBatch } | undefined;
      if (posted === undefined) Atomics.wait(memory.bell, RUNG, rung);
      else kept.postMessage(answer(posted.message));
    }
  };
}
