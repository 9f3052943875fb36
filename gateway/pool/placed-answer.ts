/**
 * A worker's answer where it lies, in memory that it shares with the gateway: it can be written to a connection from there without
 * becoming a string, which cost a copy and half of all that a request allocated.
 */
import type { Mailbox, Place } from '../../workers/mailbox.ts';

/** The body of an answer. */
export type AnswerText = string | PlacedAnswer;

/** Only good until it is released, when the next batch gets its place: whoever wants to keep it takes its text. */
export class PlacedAnswer {
  readonly #mailbox: Mailbox;
  readonly #place: Place;
  #released = false;

  constructor(mailbox: Mailbox, place: Place) {
    this.#mailbox = mailbox;
    this.#place = place;
  }

  /** Its length in UTF-8. */
  get bytes(): number {
    return this.#place.bytes;
  }

  /** The bytes themselves, for what is done with them before the next turn. Throws when it has been released. */
  view(): Buffer {
    this.#mustBeHeld();
    return this.#mailbox.view(this.#place);
  }

  /** Throws when it has been released: what lies there then is another pod's. */
  text(): string {
    this.#mustBeHeld();
    return this.#mailbox.read(this.#place);
  }

  release(): void {
    this.#released = true;
  }

  #mustBeHeld(): void {
    if (this.#released) throw new Error('the place of an answer was used after it had been given away');
  }
}

export function textOf(answer: AnswerText): string {
  return typeof answer === 'string' ? answer : answer.text();
}
