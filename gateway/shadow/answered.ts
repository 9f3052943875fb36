/** Answers to a review as results that can be compared. Pure. */
import { applyPatch } from '../../workers/jsonpatch/apply.ts';
import { parsePatch } from '../../workers/jsonpatch/parse-patch.ts';
import type { Outcome } from '../../workers/protocol.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../workers/template/value.ts';
import type { InjectionResult } from '../diff/compare-results.ts';
import { objectAt, textAt } from '../manifests/objects.ts';

/** Stands for reasons and codes where one side does not tell any. */
export const UNTOLD = 'reason not told';

/**
 * @param body an AdmissionReview with a response.
 * @param outcome what is known of it; null: what the answer says.
 * @throws TypeError for what is no answer, PatchError for a patch that does not fit.
 */
export function answeredResult(object: JsonObject, body: string, outcome: Outcome | null): InjectionResult {
  const parsed = JSON.parse(body) as JsonValue;
  const response = objectAt(isJsonObject(parsed) ? parsed : {}, 'response');
  const { allowed } = response;
  if (typeof allowed !== 'boolean') throw new TypeError('the answer does not say whether the object is allowed');
  const text = textAt(response, 'patch');
  const patch = text === '' || !allowed ? [] : parsePatch(JSON.parse(Buffer.from(text, 'base64').toString()));
  const message = textAt(objectAt(response, 'status'), 'message');
  return {
    outcome: outcome ?? saidOutcome(allowed, patch.length > 0, message),
    pod: patch.length === 0 ? object : (applyPatch(object, patch) as JsonObject),
  };
}

function saidOutcome(allowed: boolean, patched: boolean, message: string): Outcome {
  if (!allowed) return { kind: 'denied', code: UNTOLD, message };
  return patched ? { kind: 'patched' } : { kind: 'skipped', reason: UNTOLD };
}

/** A result as another injector would tell it: without reasons, and injected only where the pod was changed. */
export function untold(object: JsonObject, { outcome, pod }: InjectionResult): InjectionResult {
  const refused = outcome.kind === 'denied' || outcome.kind === 'failed';
  return { outcome: saidOutcome(!refused, pod !== object, refused ? outcome.message : ''), pod };
}
