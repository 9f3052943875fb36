/**
 * What gitsync tells, as log lines.
 */
import type { SyncEvent } from '../gitsync/source.ts';
import type { Logger } from './logger.ts';

export function logSyncEvent(logger: Logger, event: SyncEvent): void {
  const { type, ...fields } = event;
  switch (event.type) {
    case 'unchanged':
      logger.debug(fields, 'source unchanged');
      return;
    case 'published':
      logger.info(fields, 'snapshot published');
      for (const { message, ...rest } of event.warnings) logger.warn({ ...rest, snapshot: event.revision }, message);
      return;
    case 'served-from-state':
      logger.warn(fields, 'serving the last good snapshot from the state folder');
      return;
    case 'rolled-back':
      logger.warn(fields, 'rolled back; the snapshot serves until Git moves on');
      return;
    case 'rejected':
      logger.error(fields, 'the source was not published; what served before goes on serving');
      return;
    case 'state-ignored':
    case 'state-not-saved':
    case 'repaired':
    case 'insecure-transport':
    case 'watch-failed':
    case 'listener-failed':
      logger.warn(fields, type.replaceAll('-', ' '));
  }
}
