/** What can be wrong with a strategic merge patch (or, rarely, with the object it meets). */
export type MergeErrorCode =
  /** `$patch` holds something else than what is allowed at that place. */
  | 'MERGE_DIRECTIVE'
  /** `$retainKeys` is not a list of strings, or leaves out a member that the patch sets. */
  | 'MERGE_RETAIN_KEYS'
  /** `$setElementOrder/…` is malformed, or the patch's elements do not follow it. */
  | 'MERGE_ELEMENT_ORDER'
  /** `$deleteFromPrimitiveList…` is malformed. */
  | 'MERGE_DELETE_LIST'
  /** An element of a list that merges by key has not got its key. */
  | 'MERGE_KEY_MISSING'
  /** A merge key, or an element of a list of scalars, is an object or a list. */
  | 'MERGE_KEY_TYPE'
  /** Elements of a merging list differ in type, or are null or lists. */
  | 'MERGE_LIST_ELEMENTS'
  /** Objects or lists on both sides of a member that the schema does not know, or that can not hold them. */
  | 'MERGE_UNKNOWN_FIELD'
  /** Nested deeper than MAX_MERGE_DEPTH. */
  | 'MERGE_DEPTH';

export class MergeError extends Error {
  override readonly name = 'MergeError';
  readonly code: MergeErrorCode;
  /** Where: member names and element positions, e.g. `spec.containers[0].env`. */
  readonly path: string;
  constructor(code: MergeErrorCode, path: string, detail: string) {
    super(path === '' ? detail : `${path}: ${detail}`);
    this.code = code;
    this.path = path;
  }
}
