import fastJsonPatch from 'fast-json-patch';
import { MAX_OPERATIONS } from './apply.ts';
import { type Operation, PatchError } from './operation.ts';

const OPERATIONS: ReadonlySet<unknown> = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test']);

/**
 * Takes a JSON value (a policy's patch) for a JSON Patch, as RFC 6902 writes it: stricter than `applyPatch`, which forgives what
 * the apiserver forgives. Throws PatchError PATCH_MALFORMED with the operation's index, PATCH_LIMIT beyond MAX_OPERATIONS.
 */
export function parsePatch(value: unknown): readonly Operation[] {
  if (!Array.isArray(value)) throw new PatchError('PATCH_MALFORMED', -1, 'a JSON patch is a list of operations');
  if (value.length > MAX_OPERATIONS) throw new PatchError('PATCH_LIMIT', -1, `more than ${MAX_OPERATIONS} operations`);
  for (const [index, operation] of value.entries()) checkOperation(operation, index);
  return value as Operation[];
}

function checkOperation(operation: unknown, index: number): void {
  try {
    fastJsonPatch.validator(operation as Parameters<typeof fastJsonPatch.validator>[0], index);
  } catch (error) {
    if (!(error instanceof fastJsonPatch.JsonPatchError)) throw error;
    throw new PatchError('PATCH_MALFORMED', index, REASONS.get(error.name) ?? error.name);
  }
  // The validator looks operations up in a plain object, so it knows `constructor` and the like too.
  if (!OPERATIONS.has((operation as Operation).op)) throw new PatchError('PATCH_MALFORMED', index, NO_OPERATION);
}

const NO_OPERATION = 'op is none of add, remove, replace, move, copy, test';

const REASONS: ReadonlyMap<string, string> = new Map([
  ['OPERATION_NOT_AN_OBJECT', 'it is not an object'],
  ['OPERATION_OP_INVALID', NO_OPERATION],
  ['OPERATION_PATH_INVALID', 'path is not a JSON pointer: empty, or starting with a slash'],
  ['OPERATION_FROM_REQUIRED', 'from is missing'],
  ['OPERATION_VALUE_REQUIRED', 'value is missing'],
]);
