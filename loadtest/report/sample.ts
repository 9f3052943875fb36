/** Checks the answers that k6 wrote out: applies each patch to the pod that was sent, and looks at the result. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Destination } from '../fleet/mix.ts';
import { type PreparedFleet, sentReview } from '../fleet/prepare.ts';
import { checkInjected, checkRevision, readAnswer } from '../k6/answer.ts';
import { classify } from '../k6/classify.ts';
import type { SampledAnswer } from '../k6/plan.ts';
import type { SampleFigures } from './record.ts';

const PROBLEMS_LIMIT = 5;

const decodeBase64 = (text: string): string => Buffer.from(text, 'base64').toString();

/** Answers that are no patch are counted elsewhere and not looked at here. */
export async function checkSample(
  file: string,
  fleet: PreparedFleet,
  destinations: readonly Destination[],
): Promise<SampleFigures> {
  let checked = 0;
  let wrong = 0;
  const problems: string[] = [];
  for await (const line of createInterface({ input: createReadStream(file) })) {
    if (line === '') continue;
    const { index, round, status, body } = JSON.parse(line) as SampledAnswer;
    if (classify(status, body) !== 'patched') continue;
    checked += 1;
    const { review, url } = sentReview(fleet, index, round);
    try {
      const destination = destinations[url];
      if (destination === undefined) throw new Error(`no destination ${url}`);
      const answer = readAnswer(review, body, decodeBase64);
      checkInjected(review, answer, destination.sidecar);
      if (destination.revision !== undefined) checkRevision(answer, destination.revision);
    } catch (error) {
      wrong += 1;
      const { uid } = review.request;
      if (problems.length < PROBLEMS_LIMIT)
        problems.push(`${uid}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { checked, wrong, problems };
}
