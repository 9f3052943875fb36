/**
 * The script that k6 runs, for every scenario: sends the prepared reviews as the plan says, classes each answer, and writes a
 * sample of them out for the runner to check. What differs between scenarios is in the plan.
 *
 * Environment: PLAN (path of plan.json), SUMMARY (path of the file to write the figures to).
 */
import { SharedArray } from 'k6/data';
import exec from 'k6/execution';
import http from 'k6/http';
import { Counter, Trend } from 'k6/metrics';
import type { Options } from 'k6/options';
import { type Answered, classify } from './classify.ts';
import { QUANTILES, thresholdsOf } from './measures.ts';
import {
  bodyInRound,
  type Plan,
  type PreparedReview,
  type SampledAnswer,
  secondsOf,
  TIMEOUTS_SECONDS,
} from './plan.ts';

const plan = JSON.parse(open(String(__ENV.PLAN))) as Plan;
const reviews = new SharedArray<PreparedReview>('reviews', () =>
  open(plan.reviews)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as PreparedReview),
);
const reviewCount = reviews.length;
const totalSeconds = secondsOf(plan.load);

/** Longer than any timeout of a webhook: an answer that comes too late is measured, not cut off. */
const REQUEST_LIMIT = '40s';
/** What is still under way at the end may finish. */
const GRACEFUL_STOP = '35s';

function executor(): NonNullable<Options['scenarios']> {
  const { load } = plan;
  if (load.kind === 'closed') {
    return {
      load: { executor: 'constant-vus', vus: load.clients, duration: `${load.seconds}s`, gracefulStop: GRACEFUL_STOP },
    };
  }
  const clients = { preAllocatedVUs: plan.clientsAtStart, maxVUs: plan.clientsAtMost, gracefulStop: GRACEFUL_STOP };
  const [first, ...others] = load.phases;
  if (first !== undefined && others.length === 0) {
    const { rate, seconds } = first;
    return { load: { executor: 'constant-arrival-rate', rate, timeUnit: '1s', duration: `${seconds}s`, ...clients } };
  }
  const stages = load.phases.flatMap(({ rate, seconds }) => [
    { target: rate, duration: '0s' },
    { target: rate, duration: `${seconds}s` },
  ]);
  const startRate = first?.rate ?? 1;
  return { load: { executor: 'ramping-arrival-rate', startRate, timeUnit: '1s', stages, ...clients } };
}

export const options: Options = {
  scenarios: executor(),
  insecureSkipTLSVerify: true,
  summaryTrendStats: ['count', 'avg', 'min', 'max', ...QUANTILES.map((quantile) => `p(${quantile})`)],
  systemTags: ['scenario'],
  thresholds: thresholdsOf(plan),
};

const latency = new Trend('latency', true);
const refusedLatency = new Trend('latency_refused', true);
const counters: Readonly<Record<Answered, Counter>> = {
  patched: new Counter('answers_patched'),
  unpatched: new Counter('answers_unpatched'),
  missed: new Counter('answers_missed'),
  refused: new Counter('answers_refused'),
  denied: new Counter('answers_denied'),
  failed: new Counter('answers_failed'),
};

const late = TIMEOUTS_SECONDS.map((seconds) => [seconds * 1_000, new Counter(`later_than_${seconds}`)] as const);

/** Ends of the phases in seconds from the start, with their names. */
const phaseEnds: readonly (readonly [number, string])[] = (() => {
  if (plan.load.kind === 'closed') return [];
  let at = 0;
  return plan.load.phases.map(({ name, seconds }) => {
    at += seconds;
    return [at, name] as const;
  });
})();

/** The arrival's place in the curves and in the phases; tags are set anew only when it changes. */
let place = '';
function tagArrival(): void {
  const at = Math.min(exec.instance.currentTestRunDuration / 1_000, totalSeconds - 0.001);
  const interval = String(Math.floor(at / plan.intervalSeconds));
  const phase = (phaseEnds.find(([end]) => at < end) ?? [0, ''])[1];
  if (place === interval + phase) return;
  place = interval + phase;
  exec.vu.metrics.tags.interval = interval;
  if (phase !== '') exec.vu.metrics.tags.phase = phase;
}

const parameters = { headers: { 'Content-Type': 'application/json' }, timeout: REQUEST_LIMIT };

export function setup(): { startedAtMs: number } {
  return { startedAtMs: Date.now() - exec.instance.currentTestRunDuration };
}

export default function send(): void {
  tagArrival();
  const iteration = exec.scenario.iterationInTest;
  const index = iteration % reviewCount;
  const round = Math.floor(iteration / reviewCount);
  const review = reviews[index];
  if (review === undefined) throw new Error('there are no reviews');
  const [url, name, body] = review;
  const response = http.post(plan.urls[url] ?? '', bodyInRound(body, name, round), parameters);
  const { blocked, connecting, tls_handshaking, duration } = response.timings;
  const took = blocked + connecting + tls_handshaking + duration;
  latency.add(took);
  for (const [limitMs, counter] of late) {
    if (took <= limitMs) break;
    counter.add(1);
  }
  const text = String(response.body ?? '');
  const answered = classify(response.status, text);
  counters[answered].add(1);
  if (answered === 'refused' || answered === 'missed') refusedLatency.add(took);
  if (iteration % plan.sampleEvery === 0) {
    const sample: SampledAnswer = { index, round, status: response.status, body: text };
    console.log(JSON.stringify(sample));
  }
}

export function handleSummary(data: unknown): Record<string, string> {
  return { [String(__ENV.SUMMARY)]: JSON.stringify(data) };
}
