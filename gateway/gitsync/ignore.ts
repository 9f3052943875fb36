/** Which files of a source are left out. */
import gitignore from 'ignore';
import { sourceError } from './problem.ts';

/** Takes a path from the top of the repository, with `/`. */
export type Ignores = (path: string) => boolean;

/** @param patterns in the syntax of `.gitignore`; undefined ignores nothing. Throws SourceError SOURCE_SPEC_INVALID. */
export function compileIgnore(patterns: string | undefined): Ignores {
  if (patterns === undefined) return () => false;
  try {
    const rules = gitignore().add(patterns);
    return (path) => path !== '' && gitignore.isPathValid(path) && rules.ignores(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw sourceError('SOURCE_SPEC_INVALID', '', `the source's ignore patterns can not be used: ${why}`);
  }
}
