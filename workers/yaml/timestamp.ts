/**
 * Whether go-yaml v2 takes a text for a timestamp: `2001-12-14`, `2001-12-14 21:59:43.1`, or RFC 3339 with `T` or `t`; month,
 * day, hour, minute and second may have one digit. Such a text is a string in JSON all the same, but has to be quoted to stay
 * one, and satisfies `!!timestamp`.
 */
export function isTimestamp(text: string): boolean {
  const match = TIMESTAMP.exec(text);
  if (match === null) return false;
  const [, year, month, day, zonedHour, zonedMinute, zonedSecond, offsetHour, offsetMinute, hour, minute, second] =
    match;
  if (Number(month) < 1 || Number(month) > 12) return false;
  if (Number(day) < 1 || Number(day) > daysIn(Number(year), Number(month))) return false;
  if (Number(zonedHour ?? hour ?? 0) > 23) return false;
  if (Number(zonedMinute ?? minute ?? 0) > 59 || Number(zonedSecond ?? second ?? 0) > 59) return false;
  return Number(offsetHour ?? 0) <= 24 && Number(offsetMinute ?? 0) <= 60;
}

/** Go's time.Parse takes a comma for the point, and several spaces for one. */
const TIMESTAMP =
  /^(\d{4})-(\d\d?)-(\d\d?)(?:[Tt](\d\d?):(\d\d?):(\d\d?)(?:[.,]\d+)?(?:Z|[+-](\d\d):(\d\d))| +(\d\d?):(\d\d?):(\d\d?)(?:[.,]\d+)?)?$/;

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
