/**
 * What a gateway and its listening processes say to each other, over Node's IPC with structured clones.
 */
import type { Address } from '../config/address.ts';
import type { GatewayOptions } from '../config/options.ts';
import type { Assignment } from '../rollout/assignment.ts';
import type { Tally } from '../rollout/revision-tally.ts';
import type { OwnerChange } from '../routing/owner-changes.ts';
import type { Credentials } from '../server/credentials.ts';
import type { ClusterSnapshot, Snapshot } from '../snapshot.ts';
import type { TapEvent, TapOrder } from '../tap/tapped-review.ts';
import type { ServiceStats } from './admission-service.ts';

/** The first word of a process, when it listens to messages. */
export const HELLO = 'meshgate:hello';

export interface StartArgument {
  readonly options: Pick<GatewayOptions, 'workers' | 'workerMemory' | 'logLevel' | 'otlpEndpoint'>;
  readonly ticketKeys: Buffer;
}

/** What can be asked of a process: argument and answer by method. */
export interface Methods {
  start: { argument: StartArgument; answer: null };
  adopt: { argument: Snapshot; answer: null };
  assign: { argument: readonly Assignment[]; answer: null };
  setCluster: { argument: ClusterSnapshot; answer: null };
  changeOwners: { argument: readonly OwnerChange[]; answer: null };
  tallies: { argument: null; answer: readonly Tally[] };
  listen: { argument: { readonly address: Address; readonly credentials: Credentials }; answer: number };
  setCredentials: { argument: Credentials; answer: null };
  setTap: { argument: readonly TapOrder[]; answer: null };
  beginDrain: { argument: null; answer: null };
  close: { argument: number; answer: number };
  stop: { argument: null; answer: null };
  stats: { argument: null; answer: ServiceStats };
  metrics: { argument: null; answer: object[] };
}

export type Method = keyof Methods;

export interface Call<M extends Method = Method> {
  readonly id: number;
  readonly method: M;
  readonly argument: Methods[M]['argument'];
}

/** What a process says unasked: a copy of a review, or what was not copied. */
export interface TapMessage {
  readonly tap: TapEvent;
}

export type CallResult =
  | { readonly id: number; readonly ok: true; readonly answer: unknown }
  | { readonly id: number; readonly ok: false; readonly code: string; readonly message: string };
