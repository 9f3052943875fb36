/**
 * The source that the options name; those that stand in the file of `--config` are read by gateway/gitsync/source-file.ts.
 */
import { DEFAULT_SOURCE_NAME, type SourceSpec } from '../gitsync/source-spec.ts';
import type { FlagOptions } from './options.ts';

/** What `--source`, `--ref`, `--path` and `--interval` give; null when there is no `--source`. */
export function sourceOfOptions({ source, ref, path, interval }: FlagOptions): SourceSpec | null {
  if (source === null) return null;
  return {
    name: DEFAULT_SOURCE_NAME,
    url: source,
    ref: ref ?? undefined,
    path: path ?? undefined,
    intervalMs: interval,
  };
}
