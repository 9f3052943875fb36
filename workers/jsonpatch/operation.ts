import type { JsonValue } from '../template/value.ts';

/** One step of a JSON Patch (RFC 6902). */
export type Operation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: JsonValue }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move' | 'copy'; readonly from: string; readonly path: string };

export type PatchErrorCode =
  /** Not a list of operations, or one of them is not one. */
  | 'PATCH_MALFORMED'
  /** A path leads nowhere, or to a place that can not hold what is asked. */
  | 'PATCH_PATH'
  /** An index of a list is no number or lies outside. */
  | 'PATCH_INDEX'
  /** A `test` found another value. */
  | 'PATCH_TEST'
  /** One of the limits: MAX_OPERATIONS, MAX_COPIED_BYTES, MAX_JSON_DEPTH. */
  | 'PATCH_LIMIT';

export class PatchError extends Error {
  override readonly name = 'PatchError';
  readonly code: PatchErrorCode;
  /** Position of the operation in the patch; -1 where the fault is not in one. */
  readonly index: number;
  constructor(code: PatchErrorCode, index: number, detail: string) {
    super(index < 0 ? detail : `operation ${index}: ${detail}`);
    this.code = code;
    this.index = index;
  }
}
