/**
 * Errors of the template engine. Match `code`, not the message.
 */

export type TemplateErrorCode = 'TEMPLATE_SYNTAX' | 'TEMPLATE_EXEC' | 'TEMPLATE_LIMIT';

/** A place in a template's source; lines and columns count from 1, columns in UTF-16 units. */
export interface SourcePosition {
  readonly template: string;
  readonly line: number;
  readonly column: number;
  /** The lines around the place with a caret under it. */
  readonly frame: string;
}

const NOWHERE: SourcePosition = { template: '', line: 0, column: 0, frame: '' };

/**
 * What a template did wrong. `TEMPLATE_SYNTAX`: it does not parse. `TEMPLATE_EXEC`: Go's Execute would have returned an error.
 * `TEMPLATE_LIMIT`: it needs more steps, depth, output or time than it may have. `line` is 0 where no place in a template is known.
 */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  readonly code: TemplateErrorCode;
  /** The message without its place. */
  readonly detail: string;
  readonly template: string;
  readonly line: number;
  readonly column: number;
  readonly frame: string;
  constructor(code: TemplateErrorCode, detail: string, at: SourcePosition = NOWHERE, cause?: unknown) {
    super(at.line === 0 ? detail : `template: ${at.template}:${at.line}:${at.column}: ${detail}`, { cause });
    this.code = code;
    this.detail = detail;
    this.template = at.template;
    this.line = at.line;
    this.column = at.column;
    this.frame = at.frame;
  }
}

/** A TEMPLATE_LIMIT error; the engine adds the place where it has one. */
export function limitError(detail: string): TemplateError {
  return new TemplateError('TEMPLATE_LIMIT', detail);
}

const FRAME_CONTEXT_LINES = 2;
const FRAME_LINE_LENGTH = 160;

/** The position of an offset (UTF-16 units) in a template's text. Only called for errors, so it counts lines anew each time. */
export function positionAt(template: string, text: string, offset: number): SourcePosition {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  let line = 1;
  for (let at = before.indexOf('\n'); at >= 0; at = before.indexOf('\n', at + 1)) line++;
  const column = offset - lineStart + 1;
  return { template, line, column, frame: codeFrame(text, line, column) };
}

function codeFrame(text: string, line: number, column: number): string {
  const lines = text.split('\n');
  const first = Math.max(1, line - FRAME_CONTEXT_LINES);
  const last = Math.min(lines.length, line + FRAME_CONTEXT_LINES);
  const gutter = String(last).length;
  const out: string[] = [];
  // A long line is shown from a little before the caret, so that the caret stays in sight.
  const shift = column > FRAME_LINE_LENGTH ? column - FRAME_LINE_LENGTH / 2 : 0;
  for (let number = first; number <= last; number++) {
    const source = (lines[number - 1] ?? '').slice(shift, shift + FRAME_LINE_LENGTH).replaceAll('\t', ' ');
    out.push(`${number === line ? '>' : ' '} ${String(number).padStart(gutter)} | ${source}`.trimEnd());
    if (number === line) out.push(`  ${' '.repeat(gutter)} | ${' '.repeat(column - 1 - shift)}^`);
  }
  return out.join('\n');
}
