/**
 * Texts between the gateway and a worker, in memory that both see. To post a text copies it four times on its way; here the gateway
 * puts the bytes of a batch's reviews into a compartment, and the worker the bytes of the answers into another, and only their
 * places are posted. A compartment belongs to one batch at a time. What finds no room is posted as it is.
 */
import { Buffer } from 'node:buffer';

/** Batches whose texts can be under way at once; others are posted. */
export const COMPARTMENTS = 4;
/** Room of a compartment in bytes: a batch of reviews or answers of usual size, several times over. */
export const COMPARTMENT_BYTES = 512 * 1024;

/** A text in a compartment, in UTF-8. */
export interface Place {
  readonly at: number;
  readonly bytes: number;
}

/** A text that is posted as it is, or where it lies. */
export type Letter = string | Place;

/** A letter has at most this many bytes for a character. */
const MAX_BYTES_A_CHARACTER = 3;

/** One direction: whoever writes, and whoever reads, has one over the same memory. */
export class Mailbox {
  readonly memory: SharedArrayBuffer;
  readonly #bytes: Buffer;
  #end = 0;
  #at = 0;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(COMPARTMENTS * COMPARTMENT_BYTES)) {
    this.memory = memory;
    this.#bytes = Buffer.from(memory);
  }

  /** Begins to write a batch's letters into its compartment; -1: it has none. */
  open(compartment: number): void {
    this.#at = compartment < 0 ? 0 : compartment * COMPARTMENT_BYTES;
    this.#end = compartment < 0 ? 0 : this.#at + COMPARTMENT_BYTES;
  }

  /** Puts bytes (UTF-8) in; null where there is no room. */
  putBytes(bytes: Buffer): Place | null {
    const at = this.#at;
    const { length } = bytes;
    if (length > this.#end - at) return null;
    if (length > 0) {
      // To copy a whole array Node asks V8, which goes to shared memory byte by byte, in three times the time; a part Node copies itself.
      const last = length - 1;
      bytes.copy(this.#bytes, at, 0, last);
      this.#bytes[at + last] = bytes[last] ?? 0;
    }
    this.#at += length;
    return { at, bytes: length };
  }

  /** Puts a text in, or gives it back where there is no room. */
  put(text: string): Letter {
    const at = this.#at;
    if (text.length * MAX_BYTES_A_CHARACTER > this.#end - at) return text;
    const bytes = this.#bytes.write(text, at);
    this.#at += bytes;
    return { at, bytes };
  }

  /** The bytes in a place: the memory itself. */
  view({ at, bytes }: Place): Buffer {
    return this.#bytes.subarray(at, at + bytes);
  }

  /** The text of a letter. Read it before the compartment is given to the next batch. */
  read(letter: Letter): string {
    return typeof letter === 'string' ? letter : this.#bytes.toString('utf8', letter.at, letter.at + letter.bytes);
  }
}
