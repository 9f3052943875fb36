/** How a decision about a pod came to be, step by step: for people, and for tools that ask on their behalf. */
import type { ReasonCode } from './reason.ts';

export interface Step {
  /** Name of the rule; stable, for tools. */
  readonly rule: string;
  /** What the rule looked at, e.g. `namespace: kube-system`. */
  readonly saw: string;
  /** `next`: the rule leaves it to the following ones. */
  readonly effect: 'next' | 'inject' | 'skip' | 'deny';
  /** Present where the rule ends the injection. */
  readonly code?: ReasonCode;
  /** Why, as a clause: `namespace kube-system is always ignored`. */
  readonly says: string;
}
