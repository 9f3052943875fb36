/**
 * The error registry: every code that can leave the gateway, whose fault it is, whether trying again helps, and the HTTP status of
 * the answer. Codes are matched, never text, and never reused. What becomes of a pod has its codes in workers/inject/reason.ts, and
 * what is wrong with policy files in gateway/gitsync/problem.ts; `errorEntry` and docs/reference/errors.md cover them all.
 */
import { type FailCode, type Fault, reasonOf } from '../workers/inject/reason.ts';

export interface ErrorEntry {
  /** `upstream`: who sent the request; `user`: who started the command. */
  readonly fault: Fault;
  /** Whether the same request may succeed when it is sent again. */
  readonly retry: boolean;
  /** HTTP status of the answer, and `response.status.code` where the answer is an AdmissionReview. */
  readonly status: number;
  readonly message: string;
}

function entry(fault: Fault, status: number, retry: boolean, message: string): ErrorEntry {
  return { fault, retry, status, message };
}

/** What can become of a request before or beside its injection. */
export const REQUEST_ERRORS = {
  // What is wrong with a request as HTTP.
  PATH_UNKNOWN: entry('upstream', 404, false, 'No mesh answers this path.'),
  MESH_UNKNOWN: entry('upstream', 404, false, 'There is no mesh of this name.'),
  REVISION_NOT_FOUND: entry('upstream', 404, false, 'The mesh has no revision and no tag of this name.'),
  POLICY_NOT_FOUND: entry('upstream', 404, false, 'There is no pod policy of this name.'),
  METHOD_NOT_ALLOWED: entry('upstream', 405, false, 'Admission reviews are sent with POST.'),
  REQUEST_TIMEOUT: entry('upstream', 408, true, 'The request did not arrive completely in time.'),
  BODY_TOO_LARGE: entry('upstream', 413, false, 'The body is larger than 6 MiB.'),
  CONTENT_TYPE_UNSUPPORTED: entry('upstream', 415, false, 'The Content-Type must be application/json.'),
  HEADERS_TOO_LARGE: entry('upstream', 431, false, 'The header fields are too large.'),
  HTTP_MALFORMED: entry('upstream', 400, false, 'This is not a well-formed HTTP request.'),
  CLIENT_GONE: entry('upstream', 499, true, 'The caller closed the connection before the answer was ready.'),
  // What is asked of the admin port.
  HOOK_REFUSED: entry('upstream', 401, false, 'The call of the webhook is not signed with the shared secret.'),
  HOOK_SECRET_INVALID: entry(
    'user',
    503,
    true,
    'The file of --hook-token-file does not hold a secret of 16 to 4096 characters.',
  ),
  ADMIN_REFUSED: entry('upstream', 401, false, "The request does not bear the token of the gateway's state folder."),
  ADMIN_BODY_INVALID: entry('upstream', 400, false, 'The body of the request is not what the page takes.'),
  RECORDING_ACTIVE: entry('upstream', 409, true, 'A recording is running already.'),
  SHADOW_REFUSED: entry('upstream', 409, false, 'A shadow of this kind can not be started.'),
  SHADOW_UNKNOWN: entry('upstream', 404, false, 'There is no shadow of this name.'),
  // What keeps the gateway from doing its work.
  NOT_READY: entry('internal', 503, true, 'No policy snapshot is loaded yet.'),
  QUEUE_FULL: entry('internal', 503, true, 'Too many requests wait for a worker.'),
  DEADLINE_UNREACHABLE: entry(
    'internal',
    503,
    true,
    'So much waits for a worker that the timeout would be over first.',
  ),
  OVERLOADED: entry(
    'internal',
    503,
    true,
    'More requests arrive than can be done, so only as many wait as are done soon.',
  ),
  POD_QUARANTINED: entry(
    'user',
    503,
    false,
    'Pods of this workload ended workers, so no more of them are tried for a while.',
  ),
  DEADLINE_EXCEEDED: entry('internal', 504, true, 'The request could not be done within its timeout.'),
  WORKER_CRASHED: entry('internal', 500, true, 'The worker that held the request ended unexpectedly.'),
} as const satisfies Record<string, ErrorEntry>;

/** What keeps a command from running. */
export const COMMAND_ERRORS = {
  OPTION_UNKNOWN: entry('user', 400, false, 'There is no option of this name.'),
  OPTION_INVALID: entry('user', 400, false, 'An option has a value that it can not have.'),
  CONFIG_FILE_INVALID: entry(
    'user',
    400,
    false,
    'The configuration file can not be read or is not a mapping of options.',
  ),
  CLUSTER_CONFIG_INVALID: entry('user', 400, false, 'The kubeconfig or service account can not be used.'),
  CLUSTER_UNREACHABLE: entry('internal', 503, true, "The cluster's API gives no answer."),
  CLUSTER_REFUSED: entry('user', 403, false, 'The cluster does not allow what the gateway has to do there.'),
  CLUSTER_FAILED: entry('internal', 502, true, "The cluster's API answers with an error."),
  CERTIFICATE_INVALID: entry('user', 500, false, 'The certificate and key can not be used.'),
  WORKERS_FAILED: entry('internal', 500, true, 'No worker thread could be started.'),
  PROCESS_ENDED: entry('internal', 500, true, 'A process of the gateway ended unexpectedly.'),
  LISTEN_FAILED: entry('user', 500, true, 'The address can not be listened on.'),
  GATEWAY_NOT_RUNNING: entry('user', 503, true, 'No running gateway was found.'),
  ROLLOUT_UNKNOWN: entry('user', 404, false, 'There is no rollout of this name.'),
  ROLLOUT_REFUSED: entry('user', 409, false, 'The rollout is not where this can be done.'),
  ROLLOUT_UNSAVED: entry('internal', 503, true, 'What was asked could not be stored, so it was not done.'),
} as const satisfies Record<string, ErrorEntry>;

const ERRORS = { ...REQUEST_ERRORS, ...COMMAND_ERRORS };

/** A code that a request can fail with, in the gateway or in a worker. */
export type ErrorCode = keyof typeof ERRORS | FailCode;

/** An error with a code of the registry; `message` is a whole sentence for a person. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string = errorEntry(code).message, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const FALLBACK = entry('internal', 500, false, 'The gateway met an error of its own.');

/** The entry of a code, also of one that came as text from a worker; a code that is in no table counts as INTERNAL. */
export function errorEntry(code: string): ErrorEntry {
  if (Object.hasOwn(ERRORS, code)) return ERRORS[code as keyof typeof ERRORS];
  const reason = reasonOf(code);
  return reason === undefined ? FALLBACK : entry(reason.fault, reason.status, reason.retry, sentence(reason.sentence));
}

/** A message as a sentence; what a worker says of a failure is only the middle of one. */
export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?…]$/.test(text) ? '' : '.'}`;
}
