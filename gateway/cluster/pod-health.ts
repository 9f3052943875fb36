/** What a pod's status says about how it does. */
import { at, listAt, numberAt, textAt } from './kube-objects.ts';

export interface PodHealth {
  readonly ready: boolean;
  /** Why it will not become ready by itself, in Kubernetes' words (`ImagePullBackOff`); empty where nothing says so. */
  readonly failure: string;
  /** When a container last ended to be started again, in milliseconds since 1970; 0: none has. */
  readonly restartedMs: number;
}

/** Reasons of a waiting container that it does not get out of without a change. */
const STUCK: ReadonlySet<string> = new Set([
  ...['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull', 'ImageInspectError'],
  ...[
    'CrashLoopBackOff',
    'CreateContainerConfigError',
    'CreateContainerError',
    'RunContainerError',
    'PostStartHookError',
  ],
]);
/** A pod that failed for these was sent away by its node: no fault of what is in it. */
const SENT_AWAY: ReadonlySet<string> = new Set([
  'Evicted',
  'NodeShutdown',
  'Terminated',
  'Preempting',
  'NodeLost',
  'UnexpectedAdmissionError',
]);

/** Null for a pod that says nothing: it is on its way out, or was sent away. */
export function healthOf(pod: unknown): PodHealth | null {
  if (textAt(pod, 'metadata', 'deletionTimestamp') !== '') return null;
  const status = at(pod, 'status');
  const phase = textAt(status, 'phase');
  if (phase === 'Failed' && SENT_AWAY.has(textAt(status, 'reason'))) return null;
  const containers = [...listAt(status, 'initContainerStatuses'), ...listAt(status, 'containerStatuses')];
  const condition = listAt(status, 'conditions').find((each) => textAt(each, 'type') === 'Ready');
  return {
    ready: phase === 'Succeeded' || textAt(condition, 'status') === 'True',
    failure: phase === 'Failed' ? 'Failed' : (containers.map(stuckBy).find((reason) => reason !== '') ?? ''),
    restartedMs: Math.max(0, ...containers.map(restartOf)),
  };
}

function stuckBy(container: unknown): string {
  const reason = textAt(container, 'state', 'waiting', 'reason');
  return STUCK.has(reason) ? reason : '';
}

function restartOf(container: unknown): number {
  if (numberAt(container, 'restartCount') === 0) return 0;
  const finished = Date.parse(textAt(container, 'lastState', 'terminated', 'finishedAt'));
  return Number.isNaN(finished) ? 0 : finished;
}
