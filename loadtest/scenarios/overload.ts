/** Half the capacity, three times the capacity, half again: nothing may come late, and nothing may be left afterwards. */
import { type Check, quantile, type RunFigures } from '../report/record.ts';
import { inTime, LEAD_IN, type Scenario } from './scenario.ts';

const CALM = 0.5;
const FLOOD = 3;
/** What has to arrive of it, for a generator on the same machine may not be able to send all. */
const ARRIVED_FACTOR = 2;
const CALM_SECONDS = 6;
/** The flood's connections are opened before it, at half of the calm rate: handshakes would count as work otherwise. */
const LEAD_IN_SECONDS = 8;
const REFUSED_WITHIN_MS = 50;
const RECOVERY_SECONDS = 2;
/** Accepted work in the flood, as a part of the capacity. */
const ACCEPTED_SHARE = 0.9;
/** Part of the refusals that have to be in time; a busy machine's scheduler has a say in the rest. */
const REFUSED_SHARE = 0.99;
/** What a flood may add to the gateway's memory: its queue is bounded, and so are bodies. */
const MEMORY_LIMIT_MB = 512;

export const overload: Scenario = {
  about:
    'Finds the capacity in a closed loop, then offers three times as much: each answer in time or refused at once, and calm after it. --duration: of the flood; --rate: the capacity, where it need not be found.',
  defaults: { rate: 0, seconds: 30, timeoutSeconds: 2, p99LimitMs: 250, meshes: 0 },
  pods: 'usual',
  manyMeshes: false,
  before: 'capacity',
  patienceSeconds: 0.5,
  sample: 500,
  phases({ seconds }, capacity) {
    const calm = Math.max(1, Math.round(capacity * CALM));
    return [
      { name: LEAD_IN, rate: Math.max(1, Math.round(calm / 2)), seconds: LEAD_IN_SECONDS },
      { name: 'calm', rate: calm, seconds: CALM_SECONDS },
      { name: 'flood', rate: Math.max(1, Math.round(capacity * FLOOD)), seconds },
      { name: 'after', rate: calm, seconds: CALM_SECONDS },
    ];
  },
  thresholds: ({ p99LimitMs }) => ({
    answers_failed: ['count==0'],
    answers_denied: ['count==0'],
    answers_unpatched: ['count==0'],
    'latency{phase:calm}': [`p(99)<${p99LimitMs}`],
  }),
  judge(run) {
    const flood = run.phases.find(({ name }) => name === 'flood');
    if (flood === undefined) return { checks: [inTime(run)], findings: [] };
    const capacity = run.capacity ?? run.settings.rate;
    const accepted = flood.answers.patched / flood.seconds;
    const arrived = flood.latency.count / flood.seconds;
    const share = capacity > 0 ? accepted / capacity : 0;
    return {
      checks: [
        inTime(run),
        refusedAtOnce(run),
        {
          name: 'accepted work in the flood',
          limit: `≥ ${ACCEPTED_SHARE * 100} % of the capacity`,
          measured: `${(share * 100).toFixed(0)} % (${accepted.toFixed(0)}/s of ${capacity.toFixed(0)}/s)`,
          ok: share >= ACCEPTED_SHARE,
        },
        {
          name: 'load of the flood',
          limit: `≥ ${ARRIVED_FACTOR} times the capacity`,
          measured: `${(arrived / Math.max(1, capacity)).toFixed(1)} times`,
          ok: arrived >= ARRIVED_FACTOR * capacity,
        },
        recovered(run, flood.fromSeconds + flood.seconds),
        ...boundedMemory(run),
      ],
      findings: [
        `The flood brought ${arrived.toFixed(0)} reviews a second, ${(arrived / Math.max(1, capacity)).toFixed(1)} times the capacity of ${capacity.toFixed(0)}/s.`,
        ...(run.dropped > 0
          ? [
              `${run.dropped.toLocaleString('en')} more could not be sent: all of k6's clients were waiting, or it had no time.`,
            ]
          : []),
      ],
    };
  },
};

/** By the gateway's own clock where it tells, which leaves the busy generator out; otherwise by the generator's. */
function refusedAtOnce({ admin, refused }: RunFigures): Check {
  const name = 'refused at once';
  const limit = `${REFUSED_SHARE * 100} % of refusals within ${REFUSED_WITHIN_MS} ms of arrival`;
  if (refused.count === 0) return { name, limit, measured: 'nothing was refused', ok: true };
  const share = admin?.refusedIn50Ms ?? null;
  if (share !== null) return { name, limit, measured: `${(share * 100).toFixed(1)} %`, ok: share >= REFUSED_SHARE };
  const p99 = quantile(refused, 99);
  return {
    name,
    limit,
    measured: `99 % within ${p99.toFixed(1)} ms, as the client saw it`,
    ok: p99 <= REFUSED_WITHIN_MS,
  };
}

function recovered({ intervals, settings, intervalSeconds }: RunFigures, floodEnds: number): Check {
  const later = intervals.filter(({ fromSeconds }) => fromSeconds >= floodEnds + RECOVERY_SECONDS);
  const slow = later.findLast(
    ({ latency, answers }) => quantile(latency, 99) > settings.p99LimitMs || answers.refused + answers.missed > 0,
  );
  return {
    name: 'recovery after the flood',
    limit: `within ${RECOVERY_SECONDS} s p99 < ${settings.p99LimitMs} ms, and nothing refused`,
    measured:
      slow === undefined ? 'yes' : `still not after ${(slow.fromSeconds + intervalSeconds - floodEnds).toFixed(0)} s`,
    ok: later.length > 0 && slow === undefined,
  };
}

function boundedMemory({ admin }: RunFigures): readonly Check[] {
  if (admin === null) return [];
  const grown = admin.peakMemoryMb - admin.startMemoryMb;
  return [
    {
      name: 'memory added by the load',
      limit: `≤ ${MEMORY_LIMIT_MB} MB`,
      measured: `${grown.toFixed(0)} MB (peak ${admin.peakMemoryMb.toFixed(0)} MB)`,
      ok: grown <= MEMORY_LIMIT_MB,
    },
  ];
}
