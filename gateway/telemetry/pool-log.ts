/**
 * What the pool loses, as log lines.
 */
import { type QuarantineEntry, STRIKES } from '../pool/quarantine.ts';
import type { Logger } from './logger.ts';

/** `culprit`: whose review the worker was at, where that is known; `others`: reviews that another worker does. */
export function logWorkerLost(logger: Logger, error: unknown, culprit: QuarantineEntry | null, others: number): void {
  const fields = { err: error, code: 'WORKER_CRASHED', others };
  if (culprit === null) {
    logger.error(fields, 'a worker ended and is replaced');
    return;
  }
  const { mesh, revision, namespace, name, fingerprint, strikes, untilMs } = culprit;
  const workload = { mesh, revision, namespace, workload: name, fingerprint, strikes };
  logger.error({ ...fields, ...workload }, 'a worker ended over a review and is replaced');
  if (strikes < STRIKES) return;
  const until = new Date(untilMs).toISOString();
  logger.error({ code: 'POD_QUARANTINED', ...workload, until }, 'the workload is in quarantine');
}
