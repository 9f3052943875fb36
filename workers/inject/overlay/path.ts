/**
 * A render's way through its template: which literals it wrote, and what its actions printed between them. Renders that take the
 * same way differ only in the printed values.
 */
import type { Sink, TextLiteral } from '../../template/sink.ts';

/** The literals of a way in order; null stands for a printed value. */
export type Path = readonly (TextLiteral | null)[];

const HASH_FACTOR = 31;

export class PathRecorder implements Sink {
  readonly path: (TextLiteral | null)[] = [];
  readonly values: string[] = [];
  /** Equal for equal paths of one template set. */
  hash: number;

  /** `seed` tells template sets apart, whose literals have the same ids. */
  constructor(seed: number) {
    this.hash = seed;
  }

  text(literal: TextLiteral): void {
    this.path.push(literal);
    this.hash = (Math.imul(this.hash, HASH_FACTOR) + literal.id + 1) | 0;
  }

  value(text: string): void {
    this.path.push(null);
    this.values.push(text);
    this.hash = Math.imul(this.hash, HASH_FACTOR) | 0;
  }
}

/** The text of a path with these values in it. */
export function joinPath(path: Path, values: readonly string[]): string {
  let text = '';
  let value = 0;
  for (const literal of path) text += literal === null ? values[value++] : literal.text;
  return text;
}

export function samePath(a: Path, b: Path): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}
