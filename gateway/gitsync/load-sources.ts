import { composeTrees } from './compose.ts';
import type { Environment } from './git-command.ts';
import { openOrigin } from './origin.ts';
import type { SourceSpec } from './source-spec.ts';
import type { SourceTree } from './tree.ts';

export interface LoadOptions {
  /** For what is fetched; one folder for all of them. */
  readonly stateDir: string;
  readonly environment: Environment;
  readonly signal: AbortSignal;
}

/** The newest of each source, once, as one tree. Throws SourceError when one can not be read. */
export async function loadSources(
  sources: readonly SourceSpec[],
  { stateDir, environment, signal }: LoadOptions,
): Promise<SourceTree> {
  const parts = await Promise.all(
    sources.map(async (source) => {
      const found = await openOrigin({ source, stateDir, environment, onRepair: () => undefined }).resolve(signal);
      return { name: source.name, tree: await found.load(signal), allow: source.allow };
    }),
  );
  return composeTrees(parts);
}
