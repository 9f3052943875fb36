/**
 * A revision whose texts are bytes outside V8's heap. A hundred of Istio's are 11 MB, twice that where a character is not Latin-1; as texts they
 * made the heap of whoever only keeps them and hands them on grow by half with each commit, and be collected three times.
 */
import { Buffer } from 'node:buffer';
import type { CompileSource, RevisionSource } from './protocol.ts';

/** Shorter texts stay as they are. */
const MIN_LENGTH = 256;

/** Can be cloned. */
export interface PackedRevision extends Pick<RevisionSource, 'digest' | 'mesh' | 'name' | 'vcluster'> {
  /** The spec without what is in `texts`. */
  readonly rest: Readonly<Record<string, unknown>>;
  /** Where in `texts` the members are that are missing from `rest`, in bytes. */
  readonly places: readonly (readonly [member: string, from: number, to: number])[];
  /** UTF-8. */
  readonly texts: Uint8Array;
}

/** A revision as one thread or process tells it to another. */
export type ToldRevision = RevisionSource | PackedRevision;
/** The same of all that is compiled ahead of requests. */
export type ToldSource = CompileSource | PackedRevision;

export function packRevision({ spec, ...names }: RevisionSource): PackedRevision {
  const rest: Record<string, unknown> = {};
  const places: [string, number, number][] = [];
  const parts: Buffer[] = [];
  let length = 0;
  for (const [member, value] of Object.entries(spec)) {
    // A text that is not well-formed is not what it was after a way through UTF-8.
    if (typeof value !== 'string' || value.length < MIN_LENGTH || !value.isWellFormed()) {
      rest[member] = value;
      continue;
    }
    const bytes = Buffer.from(value);
    places.push([member, length, length + bytes.length]);
    parts.push(bytes);
    length += bytes.length;
  }
  return { ...names, rest, places, texts: Buffer.concat(parts) };
}

/** The revision, with the texts as texts. */
export function unpackRevision(told: ToldRevision): RevisionSource {
  if (!('texts' in told)) return told;
  const { rest: _, places: __, texts: ___, ...names } = told;
  return { ...names, spec: unpackSpec(told) };
}

function unpackSpec({ rest, places, texts }: PackedRevision): RevisionSource['spec'] {
  const bytes = Buffer.from(texts.buffer, texts.byteOffset, texts.byteLength);
  const members = places.map(([member, from, to]) => [member, bytes.toString('utf8', from, to)] as const);
  // What was packed was such a spec.
  return { ...rest, ...Object.fromEntries(members) } as unknown as RevisionSource['spec'];
}

const PACKED = Symbol('packed');

interface KeptRevision extends RevisionSource {
  readonly [PACKED]: PackedRevision;
}

/**
 * A revision whose texts are made each time that somebody asks for its `spec`. The bytes are copied into memory that all threads share, so that
 * telling them to a worker copies nothing.
 */
export function keepPacked(packed: PackedRevision): RevisionSource {
  const texts = new Uint8Array(new SharedArrayBuffer(packed.texts.byteLength));
  texts.set(packed.texts);
  const shared = { ...packed, texts };
  const { rest: _, places: __, texts: ___, ...names } = shared;
  const kept = {
    ...names,
    get spec() {
      return unpackSpec(shared);
    },
  };
  // Not enumerable, so that a copy is an ordinary revision.
  return Object.defineProperty(kept, PACKED, { value: shared });
}

/** What to tell a thread of this process. */
export function toldToThread(source: RevisionSource): ToldRevision;
export function toldToThread(source: CompileSource): ToldSource;
export function toldToThread(source: CompileSource): ToldSource {
  return PACKED in source ? (source as KeptRevision)[PACKED] : source;
}
