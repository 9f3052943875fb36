/** Labels that have to fit what is around the pod: its namespace, the policy source's revisions, a vcluster's host. */
import { REVISION } from '../../workers/inject/istio/names.ts';
import { suggestion } from '../gitsync/nearest.ts';
import { askingEntries } from './check-injection.ts';
import type { Tell } from './lint.ts';
import type { Metadata } from './manifest.ts';

const ISTIO_INJECTION = 'istio-injection';
const INJECTION_VALUES: ReadonlySet<unknown> = new Set(['enabled', 'disabled']);
const VCLUSTER_MANAGED = 'vcluster.loft.sh/managed-by';

export function checkNamespace({ labels }: Metadata, tell: Tell): void {
  const injection = labels.get(ISTIO_INJECTION);
  const revision = labels.get(REVISION);
  if (injection !== undefined && typeof injection.value === 'string' && !INJECTION_VALUES.has(injection.value)) {
    const message = `${ISTIO_INJECTION} is ${JSON.stringify(injection.value)}, and must be "enabled" or "disabled"`;
    tell('INJECT_VALUE_INVALID', injection, 'value', message);
  }
  if (injection === undefined || revision === undefined) return;
  const message = `${REVISION}=${String(revision.value)} does nothing beside ${ISTIO_INJECTION}=${String(injection.value)}`;
  tell('NAMESPACE_LABELS_CONFLICT', revision, 'key', message);
}

/** `revisions`: names by label. `default` always stands for the default revision. */
export function checkRevision(
  { labels }: Metadata,
  revisions: ReadonlyMap<string, ReadonlySet<string>> | null,
  tell: Tell,
): void {
  for (const [label, names] of revisions ?? []) {
    const entry = labels.get(label);
    if (entry === undefined || typeof entry.value !== 'string') continue;
    if (entry.value === '' || entry.value === 'default' || names.has(entry.value)) continue;
    const message = `${label}=${entry.value} names no revision and no tag${suggestion(entry.value, names)}`;
    tell('REVISION_UNDEFINED', entry, 'value', message);
  }
}

export function checkVcluster(metadata: Metadata, vcluster: boolean, tell: Tell): void {
  if (!vcluster && !metadata.labels.has(VCLUSTER_MANAGED)) return;
  const revision = metadata.labels.get(REVISION);
  for (const entry of [...askingEntries(metadata), ...(revision === undefined ? [] : [revision])]) {
    const message = `vcluster copies ${entry.name} to the host's pod, which asks for a second injection there`;
    tell('VCLUSTER_SECOND_INJECTION', entry, 'key', message);
  }
}
