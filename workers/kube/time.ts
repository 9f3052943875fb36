const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d{1,2}):(\d\d):(\d\d)(?:[.,]\d+)?(?:Z|([+-])(\d\d):(\d\d))$/;
const CANONICAL = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
/** Canonical times that every month has; nearly all of those that the apiserver writes. */
const USUAL = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;
/** Longer texts are not looked at; a fraction of a second needs no more. */
const MAX_LENGTH = 100;
const MINUTE_MS = 60_000;
const ZERO_TIME = '0001-01-01T00:00:00Z';

/**
 * The form in which a metav1.Time is written that was read from this text (RFC 3339, as Go's time.Parse takes it): UTC, whole
 * seconds. null for Go's zero time, undefined for a text that is no time.
 */
export function canonicalTime(text: string): string | null | undefined {
  if (USUAL.test(text)) return text === ZERO_TIME ? null : text;
  const match = text.length > MAX_LENGTH ? null : RFC3339.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const offsetHour = Number(match[8] ?? 0);
  const offsetMinute = Number(match[9] ?? 0);
  if (hour > 23 || minute > 59 || second > 59 || offsetHour > 24 || offsetMinute > 60) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  // A day that the month has not got rolls over into the next.
  if (month < 1 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  if (CANONICAL.test(text)) return text === ZERO_TIME ? null : text;
  date.setUTCHours(hour, minute, second);
  const offset = (offsetHour * 60 + offsetMinute) * (match[7] === '-' ? -1 : 1);
  const utc = new Date(date.getTime() - offset * MINUTE_MS);
  const written = write(utc);
  return written === ZERO_TIME && !/[.,]\d*[1-9]/.test(text) ? null : written;
}

function write(date: Date): string {
  const year = date.getUTCFullYear();
  const digits = String(Math.abs(year)).padStart(4, '0');
  const rest = date.toISOString().slice(-20, -5);
  return `${year < 0 ? '-' : ''}${digits}${rest}Z`;
}
