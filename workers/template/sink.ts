/**
 * Where a render's output goes. Literal text and values arrive apart, so that a caller can tell a render's path through the template by
 * the ids of its literals, and put the values into a structure that it parsed once.
 */

/** A piece of text that stands in the template itself. */
export interface TextLiteral {
  /** Small, dense and stable within its template set: two renders that take the same path write the same ids. */
  readonly id: number;
  readonly text: string;
}

export interface Sink {
  text(literal: TextLiteral): void;
  /**
   * What an action printed, possibly ''. Text cut inside a character may hold lone surrogates that stand for bytes: pass the joined
   * output through repairText.
   */
  value(text: string): void;
}

/** Collects the output as one string. */
export class StringSink implements Sink {
  out = '';
  text(literal: TextLiteral): void {
    this.out += literal.text;
  }
  value(text: string): void {
    this.out += text;
  }
}
