/** Carries out a plan: asks webhooks and metrics in Flagger's order, and stops where the answer is known. */
import { isCounted, readCounted } from './built-in-metrics.ts';
import { type HookAnswer, judge, type Measured, type Reading } from './check.ts';
import type { ChangeOfRepository, Outbound } from './outbound.ts';
import type { Plan } from './plan.ts';
import { asksPromotion, type Happening } from './reduce.ts';
import type { Metric, Rollout, WebhookType } from './rollout.ts';
import type { RolloutState } from './state.ts';
import type { Counts } from './tally-window.ts';

/** Metrics of what else a gateway knows; each says why it has no data. */
export interface FurtherMetrics {
  /** Told when an interval of a rollout begins, also before the first step: what measures it has to be at work from now on. Never rejects. */
  readonly begin: (rollout: Rollout) => Promise<void>;
  /** Share of the shadowed reviews whose answers differ in a way that is not allowed, in percent. */
  readonly differenceRate: (rollout: Rollout, metric: Metric) => Promise<Reading>;
  /** Share of the pods with the new revision that are ready, in percent. */
  readonly readiness: (rollout: Rollout) => Promise<Reading>;
}

export const NO_FURTHER_METRICS: FurtherMetrics = {
  begin: async () => undefined,
  differenceRate: async () => ({ value: null, reason: 'no reviews are shadowed', baseline: null }),
  readiness: async () => ({ value: null, reason: 'no cluster is watched', baseline: null }),
};

export interface Sources {
  readonly outbound: Pick<Outbound, 'query' | 'callWebhook' | 'openChange'>;
  /** What a promotion leaves to commit; null where that is not known. */
  readonly change: ChangeOfRepository | null;
  readonly further: FurtherMetrics;
  /** Counts of both revisions in the time that a metric looks at. */
  readonly counts: (metric: Metric) => Counts;
}

type Checked = Extract<Happening, { readonly type: 'checked' }>;

/** Never rejects but for a fault of our own. */
export async function investigate(
  rollout: Rollout,
  state: RolloutState,
  plan: Plan,
  sources: Sources,
): Promise<Checked> {
  const hooks = hooksOf(rollout, state, sources);
  const { generation } = state;
  const nothing: Measured = { readings: [], hooks: [] };
  const result = { type: 'checked', generation, rollback: null, measured: nothing, gate: null, opened: null } as const;
  if (plan.opens) return { ...result, opened: await openChange(rollout, state, sources) };
  if (plan.rollback) {
    const asks = (await hooks('rollback', ({ ok }) => ok)).find(({ ok }) => ok);
    if (asks !== undefined) return { ...result, rollback: asks.name };
  }
  const answers = plan.hooks === null ? [] : await hooks(plan.hooks, ({ ok }) => !ok);
  const refused = answers.some(({ ok }) => !ok);
  const readings =
    plan.metrics && !refused ? await Promise.all(rollout.metrics.map((each) => read(each, rollout, sources))) : [];
  const measured = { readings, hooks: answers };
  if (plan.gate === null) return { ...result, measured };
  if (plan.gate === 'confirm-promotion') {
    const passed = judge(rollout, measured).kind === 'passed';
    if (!passed || !asksPromotion(rollout, state)) return { ...result, measured };
  } else if (rollout.skipAnalysis) return { ...result, measured };
  const shut = (await hooks(plan.gate, ({ ok }) => !ok)).find(({ ok }) => !ok);
  const gate = shut === undefined ? null : { open: false, message: `webhook ${shut.name} (${shut.message})` };
  return { ...result, measured, gate };
}

async function openChange(rollout: Rollout, state: RolloutState, sources: Sources): Promise<HookAnswer | null> {
  const webhook = rollout.webhooks.find(({ type }) => type === 'open-change');
  if (webhook === undefined) return null;
  const { outbound, change } = sources;
  if (change !== null) return outbound.openChange(webhook, rollout, state, change);
  return { name: webhook.name, ok: false, message: 'the file that defines the mesh is not known' };
}

function hooksOf(rollout: Rollout, state: RolloutState, { outbound }: Sources) {
  /** Calls the webhooks of a type one after the other until one is decisive. */
  return async (type: WebhookType, decisive: (answer: HookAnswer) => boolean): Promise<readonly HookAnswer[]> => {
    const answers: HookAnswer[] = [];
    for (const webhook of rollout.webhooks) {
      if (webhook.type !== type) continue;
      const answer = await outbound.callWebhook(webhook, rollout, state);
      answers.push(answer);
      if (decisive(answer)) break;
    }
    return answers;
  };
}

async function read(metric: Metric, rollout: Rollout, { outbound, further, counts }: Sources): Promise<Reading> {
  const { name, mesh, from, to } = rollout;
  const { prometheus, intervalMs } = metric;
  if (prometheus !== null) {
    const interval = intervalMs % 1_000 === 0 ? `${intervalMs / 1_000}s` : `${Math.round(intervalMs)}ms`;
    return outbound.query(prometheus, { mesh, from, to, rollout: name, interval });
  }
  if (isCounted(metric.name)) {
    return readCounted(metric.name, metric, counts(metric));
  }
  return metric.name === 'readiness' ? further.readiness(rollout) : further.differenceRate(rollout, metric);
}
