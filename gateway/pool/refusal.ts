/**
 * What callers are told when the pool does not do a review. Figures come first: a warning has room for little.
 */
import type { ErrorCode } from '../errors.ts';
import type { Claim } from './job.ts';
import type { QuarantineEntry } from './quarantine.ts';

export interface Refusal {
  readonly code: ErrorCode;
  /** A whole sentence. */
  readonly message: string;
}

/** What a claim met: how many of its mesh wait, how long that takes, and what there was for it. */
export function describeWait({ source, budgetMs }: Claim, queued: number, waitMs: number): string {
  const figures = `${queued} queued, wait ${milliseconds(waitMs)}, budget ${milliseconds(budgetMs)}`;
  return `${sentenceStart(figures)}: mesh ${source.mesh}, revision ${source.name}.`;
}

export function describeQuarantine({ name, namespace, mesh, revision, strikes, untilMs }: QuarantineEntry): string {
  const until = new Date(untilMs).toISOString();
  return `${name} in ${namespace} cost ${strikes} workers, no more until ${until}: mesh ${mesh}, revision ${revision}.`;
}

function milliseconds(ms: number): string {
  return `${Math.ceil(ms)} ms`;
}

function sentenceStart(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
