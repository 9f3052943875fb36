/**
 * What gitsync tells, as log lines.
 */
import type { SyncEvent } from '../gitsync/source.ts';
import type { Logger } from './logger.ts';

/** Warnings of one snapshot that get a line each. The log is written synchronously: a hundred lines can fill the pipe that it goes to. */
const LOGGED_WARNINGS = 20;

export function logSyncEvent(logger: Logger, event: SyncEvent): void {
  const { type, ...fields } = event;
  switch (event.type) {
    case 'unchanged':
      logger.debug(fields, 'source unchanged');
      return;
    case 'published':
      logPublished(logger, event);
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

function logPublished(logger: Logger, event: Extract<SyncEvent, { readonly type: 'published' }>): void {
  const { type: _, warnings, ...fields } = event;
  logger.info({ ...fields, warnings: warnings.length }, 'snapshot published');
  const snapshot = event.revision;
  for (const { message, ...rest } of warnings.slice(0, LOGGED_WARNINGS)) logger.warn({ ...rest, snapshot }, message);
  const left = warnings.length - LOGGED_WARNINGS;
  if (left > 0) logger.warn({ snapshot, warnings: left }, 'further warnings of the snapshot are in the status');
}
