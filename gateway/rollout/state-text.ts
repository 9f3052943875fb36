/** The rollouts' states as they are stored: a line of JSON with format, shape, length and checksum, then the states' JSON. */
import { createHash } from 'node:crypto';
import type { RolloutState } from './state.ts';

export type RolloutStates = ReadonlyMap<string, RolloutState>;

const FORMAT = 'meshgate-rollouts';
/** Raised when a state's shape changes. */
const SHAPE = 1;

interface Header {
  readonly format: string;
  readonly shape: number;
  readonly bytes: number;
  readonly sha256: string;
}

export function encodeStates(states: RolloutStates): Buffer {
  const payload = Buffer.from(JSON.stringify([...states]));
  const header: Header = { format: FORMAT, shape: SHAPE, bytes: payload.length, sha256: sha256(payload) };
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), payload]);
}

/** `problem`: why they can not be used, as the end of a sentence. */
export function decodeStates(bytes: Buffer): { states: RolloutStates } | { problem: string } {
  const end = bytes.indexOf(0x0a);
  const payload = bytes.subarray(end + 1);
  try {
    const header = JSON.parse(bytes.toString('utf8', 0, Math.max(0, end))) as Partial<Header>;
    if (header.format !== FORMAT) return { problem: 'is no state of this gateway' };
    if (header.shape !== SHAPE) return { problem: `has shape ${String(header.shape)}; this gateway reads ${SHAPE}` };
    if (payload.length !== header.bytes || sha256(payload) !== header.sha256) return { problem: 'is damaged' };
    return { states: new Map(JSON.parse(payload.toString()) as [string, RolloutState][]) };
  } catch {
    return { problem: 'is damaged' };
  }
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
