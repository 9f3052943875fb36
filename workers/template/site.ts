/**
 * The place of a piece of a template, for the errors that it can cause when it runs.
 */
import type { Source, Span } from './ast.ts';
import { positionAt, TemplateError } from './errors.ts';
import { FuncError } from './func.ts';

/** What `missingkey` says about a key that a map does not have: nothing (`<no value>`), the element type's zero, or an error. */
export type MissingKey = 'default' | 'zero' | 'error';

export class Site {
  private readonly source: Source;
  private readonly template: string;
  /** Not the span itself: it is a piece of the tree, which nothing needs once it is compiled. */
  private readonly start: number;
  private readonly end: number;

  constructor(source: Source, template: string, span: Span) {
    this.source = source;
    this.template = template;
    this.start = span.start;
    this.end = span.end;
  }

  /** The part of the template, as it is written. */
  get context(): string {
    return this.source.text.slice(this.start, this.end);
  }

  /** Throws what Go's Execute would return. */
  fail(message: string): never {
    throw this.error(message);
  }

  /** An exception out of a function, with its place: FuncError and limits without one get it, others stay as they are. */
  calling(name: string, cause: unknown): unknown {
    if (cause instanceof FuncError) return this.error(`error calling ${name}: ${cause.message}`, cause);
    return this.located(cause);
  }

  /** A TemplateError that does not know its place yet, with this one. */
  located(cause: unknown): unknown {
    if (!(cause instanceof TemplateError) || cause.line !== 0) return cause;
    return new TemplateError(cause.code, cause.detail, this.position(), cause);
  }

  private error(message: string, cause?: unknown): TemplateError {
    const detail = `executing ${JSON.stringify(this.template)} at <${this.context}>: ${message}`;
    return new TemplateError('TEMPLATE_EXEC', detail, this.position(), cause);
  }

  private position() {
    return positionAt(this.source.name, this.source.text, this.start);
  }
}
