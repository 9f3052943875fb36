/** A rollout for tests, sealed as one from a file. */
import { type Rollout, sealRollout } from './rollout.ts';

export function rolloutOf(changes: Partial<Rollout> = {}): Rollout {
  const content = {
    name: 'r',
    mesh: 'm',
    from: 'v1',
    to: 'v2',
    namespaceSelector: null,
    objectSelector: null,
    intervalMs: 1_000,
    threshold: 2,
    steps: [10, 50],
    iterations: 1,
    metrics: [],
    webhooks: [],
    skipAnalysis: false,
    suspend: false,
    ...changes,
  };
  return sealRollout(content, ['1', '2']);
}
