/** What runs in the thread of record/recorder.ts: reviews are parsed, redacted and written out there, not where requests are answered. */
import { lowerThreadPriority } from '../tap/low-priority.ts';
import type { TappedReview } from '../tap/tapped-review.ts';
import { encodeRecord } from './recorded-review.ts';

lowerThreadPriority();

export interface EncodeTask {
  readonly tapped: Omit<TappedReview, 'orders' | 'answer'>;
  readonly redact: boolean;
}

export default function encode({ tapped, redact }: EncodeTask): string | null {
  return encodeRecord(tapped, redact);
}
