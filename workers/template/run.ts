/**
 * One render: its budgets, its sink, and what it lends to functions.
 */
import { limitError } from './errors.ts';
import type { CallContext } from './func.ts';
import { FuncError } from './func.ts';
import { normalizeBytes } from './gostring.ts';
import type { Expired, TemplateLimits } from './limits.ts';
import { STEPS_PER_DEADLINE_CHECK } from './limits.ts';
import type { Sink, TextLiteral } from './sink.ts';
import { StringSink } from './sink.ts';
import type { GoValue } from './value.ts';

/** A value, or nothing at all: Go's zero reflect.Value. */
export type Slot = GoValue | undefined;

/** How a statement ended: normally, or by `break` or `continue`, which end the statements around it too. */
export const NORMAL = 0;
export const BREAK = 1;
export const CONTINUE = 2;
export type Flow = typeof NORMAL | typeof BREAK | typeof CONTINUE;

/** The variables of one executing template. Slot 0 is `$`. */
export interface Frame {
  readonly run: Run;
  readonly slots: Slot[];
}

export type Execute = (frame: Frame, dot: Slot) => Flow;
/** `final` is the result of the command before it in the pipeline; only commands that were compiled to take it look at it. */
export type Evaluate = (frame: Frame, dot: Slot, final?: Slot) => Slot;

export interface CompiledTemplate {
  readonly body: Execute;
  readonly slotCount: number;
}

/** A template by name, for all who call it: filled, and refilled, when a text that defines it is parsed. */
export interface TemplateCell {
  readonly name: string;
  /** Null until the template is defined. Compiles at the first call where the set is lazy. */
  compiled(): CompiledTemplate | null;
}

/** What a run needs of its template set. */
export interface TemplateSource {
  cell(name: string): TemplateCell | undefined;
  /** Parses a text as `tpl` does. */
  compileText(text: string): ParsedText;
}

/** A parsed text: the template that executes it, and the templates that it can include, its own definitions among them. */
export interface ParsedText {
  readonly cell: TemplateCell;
  readonly source: TemplateSource;
}

export class Run implements CallContext {
  sink: Sink;
  /** Steps until the next refuel(). Callers may count down themselves and call it below zero. */
  fuel = 0;
  private stepsLeft: number;
  private outputLeft: number;
  private depth = 0;
  private readonly maxDepth: number;
  private source: TemplateSource;
  private readonly expired: Expired | undefined;

  constructor(source: TemplateSource, sink: Sink, limits: TemplateLimits, expired: Expired | undefined) {
    this.source = source;
    this.sink = sink;
    this.stepsLeft = limits.steps;
    this.outputLeft = limits.outputLength;
    this.maxDepth = limits.templateDepth;
    this.expired = expired;
  }

  charge(amount: number): void {
    // A negative or senseless amount, computed from a template's numbers, must not buy time.
    if (amount > 0) this.fuel -= amount;
    if (this.fuel < 0) this.refuel();
  }

  /** Takes the next steps from the budget and looks at the time. */
  refuel(): void {
    if (this.expired?.() === true) throw limitError('template ran out of time');
    this.stepsLeft += this.fuel;
    this.fuel = 0;
    if (this.stepsLeft < 0) throw limitError('template took too many steps');
    this.fuel = Math.min(this.stepsLeft, STEPS_PER_DEADLINE_CHECK);
    this.stepsLeft -= this.fuel;
  }

  text(literal: TextLiteral): void {
    this.outputLeft -= literal.text.length;
    if (this.outputLeft < 0) throw limitError('template output is too long');
    this.sink.text(literal);
  }

  value(text: string): void {
    this.outputLeft -= text.length;
    if (this.outputLeft < 0) throw limitError('template output is too long');
    this.sink.value(text);
  }

  /** Executes a template with its own variables; `$` and dot are `data`. */
  call(template: CompiledTemplate, data: Slot): void {
    if (this.depth >= this.maxDepth) throw limitError(`exceeded maximum template depth (${this.maxDepth})`);
    this.depth++;
    const slots: Slot[] = new Array(template.slotCount);
    slots[0] = data;
    template.body({ run: this, slots }, data);
    this.depth--;
  }

  include(name: string, data: GoValue): string {
    const cell = this.source.cell(name);
    const compiled = cell?.compiled() ?? null;
    if (compiled === null) throw new FuncError(`template: no template ${JSON.stringify(name)}`);
    return this.capture(compiled, data);
  }

  tpl(text: string, data: GoValue): string {
    this.charge(text.length);
    const { cell, source } = this.source.compileText(text);
    const compiled = cell.compiled();
    if (compiled === null) return '';
    const outer = this.source;
    this.source = source;
    try {
      return this.capture(compiled, data);
    } finally {
      this.source = outer;
    }
  }

  private capture(template: CompiledTemplate, data: GoValue): string {
    const { sink, depth } = this;
    const inner = new StringSink();
    this.sink = inner;
    try {
      this.call(template, data ?? undefined);
    } finally {
      this.sink = sink;
      this.depth = depth;
    }
    return normalizeBytes(inner.out);
  }
}
