/**
 * Protobuf durations: read in Go's notation (`1h30m`, `1.5s`), written in protobuf's JSON notation (`1.500s`).
 */
import { FuncError } from '../../../template/func.ts';
import { parseDuration } from '../../../template/funcs/sprig/duration.ts';
import type { Message } from './message.ts';

/** A google.protobuf.Duration. Both members have the same sign; absent means zero. */
export interface Duration extends Message {
  readonly seconds?: number;
  readonly nanos?: number;
}

const NANOS_PER_SECOND = 1_000_000_000n;

/** Nanoseconds of a duration as Go's time.ParseDuration reads it, or null where that fails (also beyond 64 bits). */
export function parseGoDuration(text: string): bigint | null {
  try {
    return parseDuration(text);
  } catch (error) {
    if (error instanceof FuncError) return null;
    throw error;
  }
}

/** The protobuf form of a number of nanoseconds. */
export function durationOfNanos(nanos: bigint): Duration {
  return { seconds: Number(nanos / NANOS_PER_SECOND), nanos: Number(nanos % NANOS_PER_SECOND) };
}

/** Nanoseconds of a duration message; 0 for an absent one, as Go's AsDuration of a nil pointer. */
export function nanosOf(duration: Duration | undefined): bigint {
  if (duration === undefined) return 0n;
  return BigInt(duration.seconds ?? 0) * NANOS_PER_SECOND + BigInt(duration.nanos ?? 0);
}

/** Protobuf's JSON notation: seconds with 0, 3, 6 or 9 digits of a fraction. */
export function encodeDuration(duration: Duration): string {
  const seconds = duration.seconds ?? 0;
  const nanos = duration.nanos ?? 0;
  const sign = seconds < 0 || nanos < 0 ? '-' : '';
  const fraction = String(Math.abs(nanos)).padStart(9, '0');
  const kept = fraction.endsWith('000000000') ? '' : fraction.replace(/(000){1,2}$/, '');
  return `${sign}${Math.abs(seconds)}${kept === '' ? '' : `.${kept}`}s`;
}
