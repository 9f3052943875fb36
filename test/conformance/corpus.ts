/**
 * The recorded answers of the real injectors and libraries. They are not part of this repository: MESHGATE_CORPUS names their
 * folder, which by default is `shared/corpus` beside the checkout.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export function corpusPath(...segments: string[]): string {
  const root = process.env.MESHGATE_CORPUS ?? join(import.meta.dirname, '..', '..', '..', 'shared', 'corpus');
  return join(root, ...segments);
}

/** What to give a test as `skip`: false where the corpus is there, or where CI is set, so that the test fails without it. */
export function corpusSkip(): false | string {
  if (existsSync(corpusPath('README.md')) || process.env.CI) return false;
  return `did not run: no corpus at ${corpusPath()} (set MESHGATE_CORPUS)`;
}

/** The values of an .ndjson file. Only "\n" ends a line: strings may hold other line separators. */
export function readCorpusLines(...segments: string[]): unknown[] {
  const lines = readFileSync(corpusPath(...segments), 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as unknown);
}
