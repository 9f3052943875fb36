/**
 * The syntax tree of a template. Spans are offsets in the source, in UTF-16 units.
 */
import type { Constant } from './constant.ts';
import type { GoValue } from './value.ts';

export interface Span {
  readonly start: number;
  readonly end: number;
}

/** One named template: the main text, a `define` or a `block`. */
export interface Tree {
  readonly name: string;
  /** The text it was parsed from, with the name that errors give it. */
  readonly source: Source;
  readonly body: readonly Statement[];
}

export interface Source {
  readonly name: string;
  readonly text: string;
}

export type Statement =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly pipe: Pipe }
  | Conditional
  | RangeStatement
  | TemplateStatement
  | { readonly kind: 'break' }
  | { readonly kind: 'continue' };

/** `if` or `with`; the branches are its own and those of `else if` or `else with`. */
export interface Conditional {
  readonly kind: 'if' | 'with';
  readonly branches: readonly { readonly pipe: Pipe; readonly body: readonly Statement[] }[];
  readonly otherwise: readonly Statement[];
}

export interface RangeStatement {
  readonly kind: 'range';
  readonly pipe: Pipe;
  readonly body: readonly Statement[];
  readonly otherwise: readonly Statement[];
}

export interface TemplateStatement extends Span {
  readonly kind: 'template';
  readonly name: string;
  readonly pipe: Pipe | null;
}

export interface Pipe extends Span {
  /** Variables it declares, or assigns when `assign` is set; two at most, two only in a range. Names have their `$`. */
  readonly variables: readonly string[];
  readonly assign: boolean;
  readonly commands: readonly Command[];
}

/** A function, method or value with its arguments. */
export interface Command extends Span {
  readonly word: Operand;
  readonly args: readonly Operand[];
}

export type Operand =
  | (Span & { readonly kind: 'dot' })
  | (Span & { readonly kind: 'nil' })
  | (Span & { readonly kind: 'bool'; readonly value: boolean })
  | (Span & { readonly kind: 'string'; readonly value: string })
  | (Span & { readonly kind: 'number'; readonly value: Constant })
  | (Span & { readonly kind: 'field'; readonly path: readonly string[] })
  | (Span & { readonly kind: 'variable'; readonly name: string; readonly path: readonly string[] })
  | (Span & { readonly kind: 'function'; readonly name: string })
  | (Span & { readonly kind: 'chain'; readonly base: Operand; readonly path: readonly string[] })
  | (Span & { readonly kind: 'pipe'; readonly pipe: Pipe })
  /** A value that was worked out beforehand (specialize.ts); no text parses to it. */
  | (Span & { readonly kind: 'value'; readonly value: GoValue | undefined });

// Space as Go's unicode.IsSpace knows it.
const ONLY_SPACE = /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*$/;

/** Whether a body holds nothing but space: such a template neither replaces another one nor clashes with it. */
export function isEmptyBody(body: readonly Statement[]): boolean {
  return body.every((statement) => statement.kind === 'text' && ONLY_SPACE.test(statement.text));
}
