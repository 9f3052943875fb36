/** What an injector leaves in a pod that tells which revision it had: all that a cluster knows of it later. */
import { parse } from 'yaml';
import type { RevisionSource } from '../../workers/protocol.ts';
import { member, textAt } from './kube-objects.ts';

const ISTIO_STATUS = 'sidecar.istio.io/status';
const LINKERD_CREATED_BY = 'linkerd.io/created-by';
const TEMPLATE_STATUS = 'meshgate.dev/status';

/** The mark that a revision's pods have. Two revisions of a mesh may leave the same. */
export function markOf({ name, spec }: RevisionSource): string {
  switch (spec.provider) {
    case 'istio':
      return spec.revision || 'default';
    case 'linkerd':
      return `linkerd/proxy-injector ${spec.version ?? linkerdVersion(spec.values)}`;
    case 'template':
      return name;
  }
}

/** The mark of a pod for a mesh; empty where nothing of that kind was injected. */
export function readMark(
  annotations: Readonly<Record<string, string>>,
  provider: RevisionSource['spec']['provider'],
  mesh: string,
): string {
  switch (provider) {
    case 'istio':
      return textAt(json(annotations[ISTIO_STATUS]), 'revision');
    case 'linkerd':
      return annotations[LINKERD_CREATED_BY] ?? '';
    case 'template':
      return textAt(json(annotations[TEMPLATE_STATUS]), mesh, 'revision');
  }
}

function linkerdVersion(values: string): string {
  try {
    return String(member(parse(values), 'linkerdVersion') ?? '');
  } catch {
    return '';
  }
}

function json(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
