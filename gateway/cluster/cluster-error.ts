/** What went wrong between the gateway and a cluster's API, with a code of the registry. */
import { type ErrorCode, GatewayError } from '../errors.ts';

export type ClusterErrorCode = Extract<ErrorCode, `CLUSTER_${string}`>;

export class ClusterError extends GatewayError {
  /** HTTP status of the answer; 0 where there was none. */
  readonly status: number;
  /** How long the apiserver asks to wait, in milliseconds; 0 where it does not. */
  readonly retryAfterMs: number;
  constructor(
    code: ClusterErrorCode,
    message: string,
    { status = 0, retryAfterMs = 0, cause }: { status?: number; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(code, message, cause === undefined ? undefined : { cause });
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Whether an error is an answer with this status. */
export function isStatus(error: unknown, status: number): boolean {
  return error instanceof ClusterError && error.status === status;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
