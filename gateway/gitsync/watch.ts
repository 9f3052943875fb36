/** Tells when watched files may have changed, once things are quiet again. */
import { basename } from 'node:path';
import { watch } from 'chokidar';
import { WATCH_DEBOUNCE_MS } from './limits.ts';

export interface Watch {
  close(): Promise<void>;
}

/**
 * Watches files and folders, with everything below. Being told is a convenience: a source is looked at every interval anyway, so a
 * watch that fails is reported and otherwise given up.
 */
export async function watchPaths(
  paths: readonly string[],
  onChange: () => void,
  onError: (error: unknown) => void,
): Promise<Watch> {
  let timer: NodeJS.Timeout | undefined;
  const watcher = watch([...paths], {
    ignoreInitial: true,
    ignored: (path) => isIgnored(path, paths),
  });
  watcher.on('all', () => {
    clearTimeout(timer);
    timer = setTimeout(onChange, WATCH_DEBOUNCE_MS);
  });
  watcher.on('error', onError);
  await new Promise<void>((resolve) => watcher.on('ready', resolve));
  return {
    async close() {
      clearTimeout(timer);
      await watcher.close();
    },
  };
}

/** What reading a folder leaves out as well, but for the `..data` link that a mounted ConfigMap turns over. */
function isIgnored(path: string, watched: readonly string[]): boolean {
  if (watched.includes(path)) return false;
  const name = basename(path);
  return name === 'node_modules' || name.endsWith('.lock') || (name.startsWith('.') && !name.startsWith('..'));
}
