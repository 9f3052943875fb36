import type { RE2JS } from 're2js';
import { re2 } from '../../lazy-packages.ts';
import { limitError, runtimeError } from './error.ts';
import { MAX_CACHED_PATTERNS, MAX_PATTERN_LENGTH } from './limits.ts';

/** Regular expressions in Go's syntax, which match in time linear in the text (re2js). Compiled ones are kept. */
export class Patterns {
  readonly #kept = new Map<string, RE2JS>();

  /** Throws CelError: CEL_RUNTIME for a wrong pattern, CEL_LIMIT for one that is too long. */
  compile(pattern: string): RE2JS {
    const kept = this.#kept.get(pattern);
    if (kept !== undefined) return kept;
    if (pattern.length > MAX_PATTERN_LENGTH) {
      throw limitError(`a regular expression is longer than ${MAX_PATTERN_LENGTH}`);
    }
    let compiled: RE2JS;
    try {
      compiled = re2().compile(pattern);
    } catch (error) {
      throw runtimeError(error instanceof Error ? error.message : 'error parsing regexp');
    }
    if (this.#kept.size >= MAX_CACHED_PATTERNS) this.#kept.clear();
    this.#kept.set(pattern, compiled);
    return compiled;
  }
}
