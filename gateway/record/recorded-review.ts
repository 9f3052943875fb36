/** The form of a recorded review: an AdmissionReview as any other, with a member `meshgate` that says how it was answered. Pure. */
import type { ClusterContext, Outcome } from '../../workers/protocol.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../workers/template/value.ts';
import type { TappedReview } from '../tap/tapped-review.ts';
import { redactAnnotations, redactReview } from './redact.ts';

export const RECORD_MEMBER = 'meshgate';

export interface ReviewRecord {
  /** When it was answered, ISO 8601. */
  readonly at: string;
  readonly mesh: string;
  readonly revision: string;
  /** Whether the URL named the revision. */
  readonly explicit: boolean;
  /** KEY/VALUE pairs of the URL. */
  readonly params: Readonly<Record<string, string>>;
  /** What was known of the cluster. */
  readonly cluster: ClusterContext;
  readonly outcome: Outcome;
  readonly durationMs: number;
  readonly redacted: boolean;
}

/** One line of JSON; null for a review that is no JSON object. */
export function encodeRecord(tapped: Omit<TappedReview, 'orders' | 'answer'>, redact: boolean): string | null {
  const review = parseObject(Buffer.from(tapped.review).toString());
  if (review === null) return null;
  const { mesh, revision, explicit, params, cluster, outcome, answeredAt, durationMs } = tapped;
  const record: ReviewRecord = {
    at: new Date(answeredAt).toISOString(),
    mesh,
    revision,
    explicit,
    params,
    cluster: redact ? redactCluster(cluster) : cluster,
    outcome,
    durationMs: Math.round(durationMs * 1_000) / 1_000,
    redacted: redact,
  };
  return JSON.stringify({ ...(redact ? redactReview(review) : review), [RECORD_MEMBER]: record });
}

/** What was recorded with a review (JSON); null for a review that was not recorded. */
export function recordOf(review: string): ReviewRecord | null {
  const record = parseObject(review)?.[RECORD_MEMBER];
  if (!isJsonObject(record)) return null;
  const { mesh, cluster, outcome } = record;
  // Written by hand it may be anything; what is not as it should be is taken for a review alone.
  if (typeof mesh !== 'string' || !isJsonObject(cluster) || !isJsonObject(outcome)) return null;
  if (!isJsonObject(cluster['owners']) || !Array.isArray(cluster['nodes'])) return null;
  const { params } = record;
  const pairs = isJsonObject(params) ? Object.entries(params).filter(([, value]) => typeof value === 'string') : [];
  return { ...(record as unknown as ReviewRecord), params: Object.fromEntries(pairs) as Record<string, string> };
}

function redactCluster(cluster: ClusterContext): ClusterContext {
  const { namespace } = cluster;
  if (namespace === null) return cluster;
  return {
    ...cluster,
    namespace: { ...namespace, annotations: redactAnnotations(namespace.annotations) as Record<string, string> },
  };
}

function parseObject(text: string): JsonObject | null {
  try {
    const value = JSON.parse(text) as JsonValue;
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}
