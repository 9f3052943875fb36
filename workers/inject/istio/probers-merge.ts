/** Reading back the probers that an earlier injection gave to the agent. */

import { goType } from '../../kube/pod-types.ts';
import { normalizeTyped, TypedPodError } from '../../kube/typed-pod.ts';
import { FuncError } from '../../template/func.ts';
import { marshalGoJson, parseGoJson } from '../../template/gojson.ts';
import { GoRef, type JsonObject, type JsonValue } from '../../template/value.ts';
import type { Handler } from './pod.ts';
import { encodeProbers, type Probers } from './probes.ts';

const ACTIONS = [
  ['httpGet', goType('v1.HTTPGetAction')],
  ['tcpSocket', goType('v1.TCPSocketAction')],
  ['grpc', goType('v1.GRPCAction')],
] as const;
const MEMBERS = [...ACTIONS.map(([name]) => name), 'timeoutSeconds'];

/** The members of a prober, by the names Go's decoder finds them under. */
function membersOf(prober: JsonObject): JsonObject {
  const members: JsonObject = {};
  for (const key of Object.keys(prober)) {
    const name = MEMBERS.find((member) => member.toLowerCase() === key.toLowerCase());
    if (name !== undefined) members[name] = prober[key] ?? null;
  }
  return members;
}

/** A prober has the members of a probe, so that type can check it. */
function readProber(prober: JsonValue): Handler | null {
  if (prober === null) return null;
  if (typeof prober !== 'object' || Array.isArray(prober)) throw new FuncError('a prober is not an object');
  return normalizeTyped('v1.Probe', membersOf(prober)) as Handler;
}

/**
 * The handlers by path at the agent, of an environment variable's value; undefined where Istio's decoder would not take it.
 * A null prober stays null.
 */
export function decodeProbers(text: string): ReadonlyMap<string, Handler | null> | undefined {
  try {
    const value = parseGoJson(text);
    if (value === null) return new Map();
    if (typeof value !== 'object' || Array.isArray(value)) return undefined;
    return new Map(Object.entries(value as JsonObject).map(([path, prober]) => [path, readProber(prober)]));
  } catch (error) {
    if (error instanceof FuncError || error instanceof TypedPodError) return undefined;
    throw error;
  }
}

function encode(handler: Handler | null): string {
  if (handler === null) return 'null';
  const parts: string[] = [];
  for (const [name, type] of ACTIONS) {
    const action = handler[name];
    if (action !== undefined) parts.push(`"${name}":${marshalGoJson(new GoRef(type, action))}`);
  }
  if (handler.timeoutSeconds) parts.push(`"timeoutSeconds":${handler.timeoutSeconds}`);
  return `{${parts.join(',')}}`;
}

/** Both sets as one value, where the existing ones win; undefined when they do not read. */
export function mergeProbers(existing: string, probers: Probers): string | undefined {
  const previous = decodeProbers(existing);
  if (previous === undefined) return undefined;
  const merged: Probers = new Map(probers);
  for (const [path, handler] of previous) merged.set(path, encode(handler));
  return encodeProbers(merged);
}
