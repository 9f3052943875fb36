import { MergeError, type MergeErrorCode } from './merge-error.ts';

/** Deepest nesting that a merge follows. The API's own types end near depth 15; only unknown fields nest deeper. */
export const MAX_MERGE_DEPTH = 500;

/** One merge on its way down: keeps the path for errors, and bounds the depth. */
export class MergeRun {
  readonly #path: (string | number)[] = [];

  enter(segment: string | number): void {
    this.#path.push(segment);
    if (this.#path.length > MAX_MERGE_DEPTH) this.fail('MERGE_DEPTH', `nested deeper than ${MAX_MERGE_DEPTH} levels`);
  }

  leave(): void {
    this.#path.pop();
  }

  fail(code: MergeErrorCode, detail: string): never {
    let text = '';
    for (const segment of this.#path) {
      if (typeof segment === 'number') text += `[${segment}]`;
      else text += text === '' ? segment : `.${segment}`;
    }
    throw new MergeError(code, text, detail);
  }
}
