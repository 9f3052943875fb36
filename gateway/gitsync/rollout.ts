/** From a RevisionRollout document to what the controller follows. */
import { compileLabelSelector } from '../../workers/kube/label-selector.ts';
import { parseDuration } from '../config/duration.ts';
import { unknownVariables } from '../rollout/prometheus-query.ts';
import {
  BUILT_IN_METRICS,
  DEFAULT_ON_MISSING,
  type Metric,
  type MetricSpec,
  type Rollout,
  type ShadowPart,
  sealRollout,
  type Webhook,
} from '../rollout/rollout.ts';
import { planSteps } from '../rollout/steps.ts';
import { compileAllowed } from '../shadow/allowed-differences.ts';
import { DEFAULT_ROLLOUT_SHADOW, type RolloutShadow } from '../shadow/rollout-shadows.ts';
import { SHADOW_LIMITS } from '../shadow/shadow-spec.ts';
import type { Mesh, Problem } from '../snapshot.ts';
import { suggestion } from './nearest.ts';
import { fieldProblem } from './policy-file.ts';
import type { Placed } from './policy-set.ts';
import type { FieldPath } from './yaml-document.ts';

const DEFAULT_INTERVAL_MS = 60_000;
/** Shorter ones would judge by the requests of a moment. */
const MIN_INTERVAL_MS = 100;
const MAX_INTERVAL_MS = 24 * 3_600_000;
const DEFAULT_THRESHOLD = 2;
const DEFAULT_WEBHOOK_TIMEOUT_MS = 10_000;
const MAX_WEBHOOK_TIMEOUT_MS = 60_000;

type Report = (path: FieldPath, message: string, part?: 'key' | 'value') => void;

/** Fills in defaults. Null where the mesh or a revision is missing (which policy-check.ts reports) or anything is wrong. */
export function buildRollout(
  { file, document }: Placed<'RevisionRollout'>,
  meshes: ReadonlyMap<string, Mesh>,
  prefix: string,
): { rollout: Rollout | null; problems: readonly Problem[] } {
  const { name, spec } = document;
  const problems: Problem[] = [];
  const report: Report = (path, message, part = 'value') => {
    problems.push(fieldProblem('FIELD_INVALID', prefix + file, document, path, message, part));
  };
  const { analysis = {} } = spec;
  const planned = planSteps(analysis);
  if (!planned.ok) report(['spec', 'analysis', planned.field], planned.message, 'key');
  const intervalMs = interval(analysis.interval, DEFAULT_INTERVAL_MS, ['spec', 'analysis', 'interval'], report);
  const metrics = (analysis.metrics ?? []).map((each, index) => {
    return buildMetric(each, intervalMs, ['spec', 'analysis', 'metrics', index], report);
  });
  const webhooks = (analysis.webhooks ?? []).map((each, index): Webhook => {
    const timeoutMs = each.timeout === undefined ? DEFAULT_WEBHOOK_TIMEOUT_MS : (parseDuration(each.timeout) ?? 0);
    if (timeoutMs < 1 || timeoutMs > MAX_WEBHOOK_TIMEOUT_MS) {
      const at = ['spec', 'analysis', 'webhooks', index, 'timeout'];
      report(at, `the timeout ${each.timeout} is not between 1ms and ${MAX_WEBHOOK_TIMEOUT_MS / 60_000}m`);
    }
    return { name: each.name, type: each.type ?? 'rollout', url: each.url, timeoutMs, metadata: each.metadata ?? {} };
  });
  const opening = webhooks.flatMap(({ type }, index) => (type === 'open-change' ? [index] : []));
  if (opening[1] !== undefined) {
    const message = 'there are two webhooks of the type open-change: a change is opened once';
    report(['spec', 'analysis', 'webhooks', opening[1], 'type'], message);
  }
  for (const field of ['namespaceSelector', 'objectSelector'] as const) {
    if (spec[field] === undefined) continue;
    const compiled = compileLabelSelector(spec[field]);
    if (!compiled.ok) report(['spec', field, ...compiled.error.path], `spec.${field}: ${compiled.error.message}`);
  }
  const shadow = spec.shadow === undefined ? null : buildShadow(spec.shadow, report);
  const mesh = meshes.get(spec.mesh);
  const digests = [spec.from, spec.to].map((each) => mesh?.revisions.get(each)?.digest);
  const known = digests.filter((each) => each !== undefined);
  if (!planned.ok || problems.length > 0 || known.length < digests.length) return { rollout: null, problems };
  const content = {
    name,
    mesh: spec.mesh,
    from: spec.from,
    to: spec.to,
    namespaceSelector: spec.namespaceSelector ?? null,
    objectSelector: spec.objectSelector ?? null,
    intervalMs,
    threshold: analysis.threshold ?? DEFAULT_THRESHOLD,
    steps: planned.steps,
    iterations: planned.iterations,
    metrics,
    webhooks,
    skipAnalysis: spec.skipAnalysis ?? false,
    suspend: spec.suspend ?? false,
    ...(shadow === null ? {} : { shadow }),
  };
  return { rollout: sealRollout(content, known), problems };
}

function buildShadow({ sample, perSecond, allowedDifferences, upstream }: ShadowPart, report: Report): RolloutShadow {
  const { sample: anySample, perSecond: anyRate } = DEFAULT_ROLLOUT_SHADOW;
  for (const [index, allowed] of (allowedDifferences ?? []).entries()) {
    try {
      compileAllowed([allowed]);
    } catch (error) {
      const why = error instanceof RangeError ? error.message.replace(/^allowed difference 1: /, '') : String(error);
      report(['spec', 'shadow', 'allowedDifferences', index], `the allowed difference can not be used: ${why}`);
    }
  }
  const timeoutMs =
    upstream?.timeout === undefined ? DEFAULT_WEBHOOK_TIMEOUT_MS : (parseDuration(upstream.timeout) ?? 0);
  if (timeoutMs < 1 || timeoutMs > SHADOW_LIMITS.upstreamTimeoutMs) {
    const most = `${SHADOW_LIMITS.upstreamTimeoutMs / 1_000}s`;
    report(
      ['spec', 'shadow', 'upstream', 'timeout'],
      `the timeout ${upstream?.timeout} is not between 1ms and ${most}`,
    );
  }
  return {
    sample: sample ?? anySample,
    perSecond: perSecond ?? anyRate,
    allowedDifferences: allowedDifferences ?? [],
    upstream: upstream === undefined ? null : { url: upstream.url, caFile: upstream.caFile ?? null, timeoutMs },
  };
}

function interval(text: string | undefined, fallback: number, path: FieldPath, report: Report): number {
  if (text === undefined) return fallback;
  const ms = parseDuration(text) ?? 0;
  if (ms < MIN_INTERVAL_MS || ms > MAX_INTERVAL_MS) {
    report(path, `the interval ${text} is not between ${MIN_INTERVAL_MS}ms and ${MAX_INTERVAL_MS / 3_600_000}h`);
  }
  return ms;
}

function buildMetric(spec: MetricSpec, intervalMs: number, path: FieldPath, report: Report): Metric {
  const { name, thresholdRange, query, prometheus } = spec;
  const { min, max } = thresholdRange;
  if (min === undefined && max === undefined) {
    report([...path, 'thresholdRange'], `metric ${name} has neither min nor max, so that everything would pass`);
  } else if (min !== undefined && max !== undefined && min > max) {
    report([...path, 'thresholdRange'], `metric ${name} has a min above its max, so that nothing would pass`);
  }
  if ((query === undefined) !== (prometheus === undefined)) {
    report(path, `metric ${name} needs both query and prometheus, or neither of them`, 'key');
  }
  if (query === undefined && !(BUILT_IN_METRICS as readonly string[]).includes(name)) {
    const known = suggestion(name, BUILT_IN_METRICS) || `; there are ${BUILT_IN_METRICS.join(', ')}`;
    report([...path, 'name'], `${JSON.stringify(name)} is no built-in metric, and has no query${known}`);
  }
  for (const variable of unknownVariables(query ?? '')) {
    report([...path, 'query'], `the query has {{ ${variable} }}, which stands for nothing`);
  }
  return {
    name,
    thresholdRange,
    intervalMs: interval(spec.interval, intervalMs, [...path, 'interval'], report),
    minSamples: spec.minSamples ?? 1,
    onMissing: spec.onMissing ?? DEFAULT_ON_MISSING,
    prometheus: query === undefined || prometheus === undefined ? null : { address: prometheus.address, query },
  };
}
