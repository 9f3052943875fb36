/**
 * Whether the gateway is ready: a snapshot serves, a worker is warm, the certificate is valid, and it is not shutting down.
 */
import type { Problem, SourceStatus } from '../snapshot.ts';

export interface ReadinessInputs {
  /** Revision of the snapshot that serves requests; null before there is one. */
  readonly serving: string | null;
  readonly poolReady: boolean;
  readonly certificateValidTo: Date | null;
  readonly draining: boolean;
  readonly source: SourceStatus;
  readonly now: Date;
}

export interface Readiness {
  readonly ready: boolean;
  readonly checks: {
    readonly snapshot: { readonly ok: boolean; readonly serving: string | null; readonly fromState: boolean };
    readonly pool: { readonly ok: boolean };
    readonly certificate: { readonly ok: boolean; readonly validTo: string | null };
    readonly running: { readonly ok: boolean };
  };
  /** The newest commit that was looked at, and why it does not serve; it does not make the gateway unready. */
  readonly observed: string | null;
  readonly problems: readonly Problem[];
}

export function assessReadiness(inputs: ReadinessInputs): Readiness {
  const { serving, certificateValidTo, source } = inputs;
  const checks = {
    snapshot: { ok: serving !== null, serving, fromState: source.fromState },
    pool: { ok: inputs.poolReady },
    certificate: {
      ok: certificateValidTo !== null && certificateValidTo > inputs.now,
      validTo: certificateValidTo?.toISOString() ?? null,
    },
    running: { ok: !inputs.draining },
  };
  const ready = checks.snapshot.ok && checks.pool.ok && checks.certificate.ok && checks.running.ok;
  return { ready, checks, observed: source.observed, problems: source.problems };
}
