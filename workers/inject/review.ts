/**
 * The wire: an AdmissionReview in, an AdmissionReview out (admission.k8s.io, v1 and v1beta1, answered in the version asked).
 */
import { Buffer } from 'node:buffer';
import { encodePatch } from '../jsonpatch/encode-patch.ts';
import type { Operation } from '../jsonpatch/operation.ts';
import type { ClusterContext, PeekedReview } from '../protocol.ts';
import type { JsonObject, JsonValue } from '../template/value.ts';
import { parseYaml } from '../yaml/parse.ts';
import type { InjectRequest } from './provider.ts';
import { type FailCode, REASONS } from './reason.ts';

const GROUP = 'admission.k8s.io/';
/** The apiserver's contract for one warning, in characters. */
const WARNING_LENGTH = 120;
/** And for all warnings of one answer. */
const WARNINGS_LENGTH = 4_096;

export type ReviewVersion = 'v1' | 'v1beta1';

/** What an answer has to repeat of the review it answers. */
export interface ReviewIdentity {
  readonly version: ReviewVersion;
  /** Empty when the review did not say it. */
  readonly uid: string;
}

export type Decoded =
  | {
      readonly ok: true;
      readonly identity: ReviewIdentity;
      readonly request: ReviewRequest;
      /** The review's `request` as it came. */
      readonly raw: JsonObject;
      /** Whether it came as JSON. */
      readonly json: boolean;
    }
  | { readonly ok: false; readonly identity: ReviewIdentity; readonly code: FailCode; readonly message: string };

/** A decoded request; `object` is missing (null) when the review holds none, which is for the provider's answer to say. */
export type ReviewRequest = Omit<InjectRequest, 'object'> & { readonly object: JsonObject | null };

const UNKNOWN: ReviewIdentity = { version: 'v1', uid: '' };

function failure(code: FailCode, identity: ReviewIdentity, detail?: string): Decoded {
  const { sentence } = REASONS[code];
  return { ok: false, identity, code, message: detail === undefined ? sentence : `${sentence}: ${detail}` };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Half of a surrogate pair written as an escape: no text in UTF-8, and the template engine keeps raw bytes in that range. */
const LONE_SURROGATE = /\\u[dD][89a-fA-F]/;

/** Go's decoder turns such halves into U+FFFD, so we do. */
function repairSurrogates(this: unknown, _key: string, value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (isObject(value)) {
    const broken = Object.keys(value).some((key) => !key.isWellFormed());
    return broken ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key.toWellFormed(), item])) : value;
  }
  return value;
}

/** The first character that is not JSON's white space. */
function firstCharacter(text: string): string {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code !== 32 && (code < 9 || code > 13)) return text.charAt(index);
  }
  return '';
}

function parseBody(text: string): { readonly review: JsonValue; readonly json: boolean } {
  const first = firstCharacter(text);
  if (first === '{' || first === '[') {
    try {
      const reviver = text.includes('\\u') && LONE_SURROGATE.test(text) ? repairSurrogates : undefined;
      return { review: JSON.parse(text, reviver), json: true };
    } catch {
      // A flow mapping in YAML begins like this too.
    }
  }
  return { review: parseYaml(text), json: false };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A field that has to be text when it is there; undefined when it is something else. */
function textField(object: JsonObject, key: string): string | undefined {
  const value = object[key];
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : undefined;
}

/**
 * Reads a review as received (JSON, or YAML as Istio's webhook takes it too). Method, operation, kind and subresource are not
 * judged here. Never throws; a review that can not be read gives a coded failure with as much identity as could be told:
 * REVIEW_EMPTY, REVIEW_MALFORMED, REVIEW_UNSUPPORTED, REQUEST_MISSING, UID_MISSING.
 */
export function decodeReview(text: string, params: Readonly<Record<string, string>>, cluster: ClusterContext): Decoded {
  if (text === '') return failure('REVIEW_EMPTY', UNKNOWN);
  let parsed: ReturnType<typeof parseBody>;
  try {
    parsed = parseBody(text);
  } catch (error) {
    return failure('REVIEW_MALFORMED', UNKNOWN, messageOf(error));
  }
  const { review, json } = parsed;
  if (!isObject(review)) return failure('REVIEW_MALFORMED', UNKNOWN, 'not an object');
  const { apiVersion, kind, request } = review;
  if (kind !== 'AdmissionReview' || (apiVersion !== `${GROUP}v1` && apiVersion !== `${GROUP}v1beta1`)) {
    return failure('REVIEW_UNSUPPORTED', UNKNOWN);
  }
  const version = apiVersion === `${GROUP}v1` ? 'v1' : 'v1beta1';
  if (request === undefined || request === null) return failure('REQUEST_MISSING', { version, uid: '' });
  if (!isObject(request)) return failure('REVIEW_MALFORMED', { version, uid: '' }, 'request is not an object');
  return decodeRequest(request, json, version, params, cluster);
}

function decodeRequest(
  request: JsonObject,
  json: boolean,
  version: ReviewVersion,
  params: Readonly<Record<string, string>>,
  cluster: ClusterContext,
): Decoded {
  const uid = textField(request, 'uid') ?? '';
  const identity: ReviewIdentity = { version, uid };
  const wrong = (field: string) => failure('REVIEW_MALFORMED', identity, `request.${field} has the wrong type`);
  if (textField(request, 'uid') === undefined) return wrong('uid');
  if (uid === '') return failure('UID_MISSING', identity);
  const namespace = textField(request, 'namespace');
  if (namespace === undefined) return wrong('namespace');
  const operation = textField(request, 'operation');
  if (operation === undefined) return wrong('operation');
  const kindField = request['kind'] ?? {};
  if (!isObject(kindField)) return wrong('kind');
  const group = textField(kindField, 'group');
  const kindVersion = textField(kindField, 'version');
  const kind = textField(kindField, 'kind');
  if (group === undefined || kindVersion === undefined || kind === undefined) return wrong('kind');
  const object = request['object'] ?? null;
  if (object !== null && !isObject(object)) return wrong('object');
  return {
    ok: true,
    identity,
    raw: request,
    json,
    request: { uid, kind: { group, version: kindVersion, kind }, namespace, operation, object, params, cluster },
  };
}

/**
 * Whether a review is what the gateway took it for when it had seen its beginning: JSON, with the version, uid and namespace that it peeked
 * at. Else (members that stand twice, something behind the end) the gateway has to read it in full before anything is done with it.
 */
export function confirmsPeek(decoded: Decoded, { apiVersion, uid, namespace, label }: PeekedReview): boolean {
  if (!decoded.ok || !decoded.json) return false;
  const { identity, request } = decoded;
  if (identity.uid !== uid || request.namespace !== namespace || GROUP + identity.version !== apiVersion) return false;
  return label === null || labelOf(request.object, label.name) === label.value;
}

/** A label of a pod; '' where it is not there or no text. */
export function labelOf(pod: JsonObject | null, name: string): string {
  const labels = memberOf(pod === null ? undefined : memberOf(pod, 'metadata'), 'labels');
  const value = memberOf(labels, name);
  return typeof value === 'string' ? value : '';
}

function memberOf(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** What is to be said about a review. Texts are any length; warnings are cut to the apiserver's contract. */
export interface Answer {
  readonly allowed: boolean;
  readonly patch?: readonly Operation[];
  /** Present on a denial: HTTP status and the sentence the user reads. */
  readonly status?: { readonly code: number; readonly message: string };
  readonly warnings?: readonly string[];
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

/** A warning no longer than the contract allows, cut between characters. */
export function fitWarning(warning: string): string {
  const characters = [...warning.slice(0, 2 * (WARNING_LENGTH + 1))];
  return characters.length <= WARNING_LENGTH ? warning : `${characters.slice(0, WARNING_LENGTH - 1).join('')}…`;
}

/** Patches up to a third of this are encoded in one buffer that stays: a buffer for each would cost more than its encoding. */
const SCRATCH_BYTES = 64 * 1024;
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

/** A character of a string takes at most this many bytes in UTF-8. */
const MAX_BYTES_A_CHARACTER = 3;

function base64(text: string): string {
  if (text.length * MAX_BYTES_A_CHARACTER > scratch.length) return Buffer.from(text).toString('base64');
  return scratch.toString('base64', 0, scratch.write(text));
}

/** Warnings cut to the contract: each, and all of them together; what does not fit is counted in the last one. */
export function fitWarnings(warnings: readonly string[]): readonly string[] {
  const fitted: string[] = [];
  let total = 0;
  for (const warning of warnings.map(fitWarning)) {
    if (total + warning.length > WARNINGS_LENGTH - WARNING_LENGTH) {
      return [...fitted, `${warnings.length - fitted.length} more warnings are not shown`];
    }
    total += warning.length;
    fitted.push(warning);
  }
  return fitted;
}

/**
 * The body that answers a review: same apiVersion, kind and uid; `patch` (base64 of the JSON patch) and `patchType` together
 * or, for an empty or missing patch, not at all.
 */
export function encodeReview(identity: ReviewIdentity, answer: Answer): string {
  let body = `{"kind":"AdmissionReview","apiVersion":"${GROUP}${identity.version}","response":{"uid":${JSON.stringify(identity.uid)},"allowed":${answer.allowed}`;
  if (answer.status !== undefined) {
    body += `,"status":{"metadata":{},"status":"Failure","message":${JSON.stringify(answer.status.message)},"code":${answer.status.code}}`;
  }
  if (answer.patch !== undefined && answer.patch.length > 0) {
    const patch = base64(encodePatch(answer.patch));
    body += `,"patch":"${patch}","patchType":"JSONPatch"`;
  }
  if (answer.auditAnnotations !== undefined) {
    body += `,"auditAnnotations":${JSON.stringify(answer.auditAnnotations)}`;
  }
  if (answer.warnings !== undefined && answer.warnings.length > 0) {
    body += `,"warnings":${JSON.stringify(fitWarnings(answer.warnings))}`;
  }
  return `${body}}}`;
}
