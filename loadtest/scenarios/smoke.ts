/**
 * Smoke: distinct pods at a constant rate for 20 s. Every answer is decoded and its patch applied; one wrong or failed answer, or
 * a p99 above a tenth of the timeout the apiserver would have given, fails the run.
 *
 * Environment: TARGET (URL of the injection path), SIDECAR (name of the container to expect), RATE (per second), SECONDS, SEED.
 */

import { check } from 'k6';
import encoding from 'k6/encoding';
import http from 'k6/http';
import { Trend } from 'k6/metrics';
import type { Options } from 'k6/options';
import { distinctReviews } from '../fleet/fleet.ts';
import { checkInjected, readAnswer } from '../k6/answer.ts';

const TIMEOUT_SECONDS = 10;
const rate = Number(__ENV.RATE ?? 50);
const seconds = Number(__ENV.SECONDS ?? 20);
const target = `${__ENV.TARGET}?timeout=${TIMEOUT_SECONDS}s`;
const sidecar = __ENV.SIDECAR ?? 'istio-proxy';

export const options: Options = {
  scenarios: {
    smoke: {
      executor: 'constant-arrival-rate',
      rate,
      timeUnit: '1s',
      duration: `${seconds}s`,
      preAllocatedVUs: 16,
      maxVUs: 64,
    },
  },
  insecureSkipTLSVerify: true,
  summaryTrendStats: ['avg', 'p(50)', 'p(95)', 'p(99)', 'p(99.9)', 'max'],
  thresholds: {
    http_req_failed: ['rate==0'],
    checks: ['rate==1'],
    http_req_duration: [`p(99)<${TIMEOUT_SECONDS * 100}`],
    iterations: [`count>=${Math.floor(rate * seconds * 0.98)}`],
    dropped_iterations: ['count==0'],
  },
};

const budgetShare = new Trend('budget_share_percent');
// Each virtual user has its own stretch of the fleet.
const reviews = distinctReviews({ seed: Number(__ENV.SEED ?? 1) * 1_000 + __VU });

export default function smoke(): void {
  const review = reviews.next().value;
  const response = http.post(target, JSON.stringify(review), { headers: { 'Content-Type': 'application/json' } });
  budgetShare.add(response.timings.duration / (TIMEOUT_SECONDS * 10));
  let problem = '';
  try {
    const answer = readAnswer(review, String(response.body), (text) => encoding.b64decode(text, 'std', 's'));
    checkInjected(review, answer, sidecar);
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
    console.error(`${review.request.uid}: ${problem}`);
  }
  check(response, {
    'status is 200': (each) => each.status === 200,
    'the patch applies and gives an injected pod': () => problem === '',
  });
}
