/**
 * Batches as they cross between threads: one flat list of plain values for the tasks, and one for the replies. A structured clone pays for
 * every object and for every name of a member, and on a core that listens and injects that came to a tenth of a request. What
 * the tasks of a batch have in common is one object, which a clone writes once.
 */

import type { ReuseQuestion } from './inject/reuse.ts';
import type { Letter } from './mailbox.ts';
import type {
  ClusterContext,
  InjectResult,
  InjectTask,
  Outcome,
  PeekedReview,
  TaskHead,
  WorkerReply,
} from './protocol.ts';

/** Values by TASK_FIELDS for each task. */
export type PostedTasks = readonly unknown[];
/** Values by REPLY_FIELDS for each reply. */
export type PostedReplies = readonly unknown[];

/**
 * Head, cluster, letter (two values), names of the reuse question (two values, null for no question), warnings, what was peeked (five
 * values, null for a review that was read and for a label that was not).
 */
const TASK_FIELDS = 12;
/**
 * Letter (two values), injectMs, compileMs, reusable, the revision that policies ask for (null: none), outcome (null: patched); of a failure
 * its error, FAILED and nothing more.
 */
const REPLY_FIELDS = 7;
/** In place of a length: the letter is the text itself, and the reply is no answer. */
const AS_TEXT = -1;
const FAILED = -2;

const PATCHED: Outcome = { kind: 'patched' };

/** A task without its review, which is posted as a letter. */
export interface TaskParts {
  readonly head: TaskHead;
  readonly cluster: ClusterContext;
  readonly reuse?: ReuseQuestion;
  readonly warnings?: readonly string[];
  readonly peeked?: PeekedReview;
}

export function postTask(list: unknown[], { head, cluster, reuse, warnings, peeked }: TaskParts, review: Letter): void {
  list.push(head, cluster);
  pushLetter(list, review);
  list.push(reuse?.name ?? null, reuse?.tokenVolume ?? null, warnings ?? null);
  if (peeked === undefined) list.push(null, null, null, null, null);
  else {
    const { apiVersion, uid, namespace, label } = peeked;
    list.push(apiVersion, uid, namespace, label?.name ?? null, label?.value ?? null);
  }
}

/** How many tasks were posted. */
export function taskCount(list: PostedTasks): number {
  return list.length / TASK_FIELDS;
}

/** Task `index`, whose review is made of its letter by `read`. */
export function readTask(list: PostedTasks, index: number, read: (letter: Letter) => string): InjectTask {
  const at = index * TASK_FIELDS;
  const name = list[at + 4] as string | null;
  const warnings = list[at + 6] as readonly string[] | null;
  const apiVersion = list[at + 7] as PeekedReview['apiVersion'] | null;
  const label = list[at + 10] as string | null;
  return {
    ...(list[at] as TaskHead),
    cluster: list[at + 1] as ClusterContext,
    review: read(letterOf(list[at + 2], list[at + 3])),
    ...(name === null ? {} : { reuse: { name, tokenVolume: list[at + 5] as string } }),
    ...(warnings === null ? {} : { warnings }),
    ...(apiVersion === null
      ? {}
      : {
          peeked: {
            apiVersion,
            uid: list[at + 8] as string,
            namespace: list[at + 9] as string,
            label: label === null ? null : { name: label, value: list[at + 11] as string },
          },
        }),
  };
}

/** `put`: makes a letter of the answer's body. */
export function postReply(list: unknown[], reply: WorkerReply, put: (body: string) => Letter): void {
  if (!reply.ok) {
    list.push(reply.error, FAILED, 0, 0, false, null, null);
    return;
  }
  const { outcome, body, reusable, revisionAsked, timing } = reply.result;
  pushLetter(list, put(body));
  const patched = outcome.kind === 'patched';
  list.push(timing.injectMs, timing.compileMs, reusable === true, revisionAsked ?? null, patched ? null : outcome);
}

/** `read`: makes a body of a letter. */
export function readReplies<Body>(list: PostedReplies, read: (letter: Letter) => Body): WorkerReply<Body>[] {
  const replies: WorkerReply<Body>[] = [];
  for (let at = 0; at < list.length; at += REPLY_FIELDS) replies.push(readReply(list, at, read));
  return replies;
}

function readReply<Body>(list: PostedReplies, at: number, read: (letter: Letter) => Body): WorkerReply<Body> {
  if (list[at + 1] === FAILED) return { ok: false, error: list[at] as { code: string; message: string } };
  const revisionAsked = list[at + 5] as string | null;
  const result: InjectResult<Body> = {
    outcome: (list[at + 6] as Outcome | null) ?? PATCHED,
    body: read(letterOf(list[at], list[at + 1])),
    reusable: list[at + 4] as boolean,
    ...(revisionAsked === null ? {} : { revisionAsked }),
    timing: { injectMs: list[at + 2] as number, compileMs: list[at + 3] as number },
  };
  return { ok: true, result };
}

function pushLetter(list: unknown[], letter: Letter): void {
  if (typeof letter === 'string') list.push(letter, AS_TEXT);
  else list.push(letter.at, letter.bytes);
}

function letterOf(place: unknown, bytes: unknown): Letter {
  return bytes === AS_TEXT ? (place as string) : { at: place as number, bytes: bytes as number };
}
