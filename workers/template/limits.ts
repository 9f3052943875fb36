/**
 * Named limits of the template engine. Go has few of them, for a Go program trusts its templates; here they keep one bad template or
 * one hostile pod from taking a worker down. Reaching one is always a TemplateError with code TEMPLATE_LIMIT.
 */

export interface TemplateLimits {
  /** Work of one render: loop iterations, calls, and what functions charge (items or UTF-16 units they make). */
  readonly steps: number;
  /** `template`, `include` and `tpl` inside one another. Go stops at 100,000, more than a JavaScript stack holds. */
  readonly templateDepth: number;
  /** Parentheses and control structures inside one another, while parsing. Go allows 10,000 parentheses. */
  readonly parseDepth: number;
  /** Length of a render's output in UTF-16 units. */
  readonly outputLength: number;
  /** Length of a template's source in UTF-16 units. */
  readonly sourceLength: number;
}

export const DEFAULT_LIMITS: TemplateLimits = {
  steps: 20_000_000,
  templateDepth: 1_000,
  parseDepth: 400,
  outputLength: 8 * 1024 * 1024,
  sourceLength: 4 * 1024 * 1024,
};

/** Steps between two looks at the clock that a caller lends (see `Expired`). */
export const STEPS_PER_DEADLINE_CHECK = 1_024;

/** Depth to which a value is printed or compared. Data that contains itself ends here; Go overflows its stack. */
export const MAX_VALUE_DEPTH = 1_000;

/** Length of one formatted text in UTF-16 units: `%1000000d` may occur many times in one format. */
export const MAX_FORMAT_LENGTH = 4 * 1024 * 1024;

/** Values that one comparison visits: shared data, compared part by part, may have more parts than there are atoms. */
export const MAX_COMPARED_VALUES = 2_000_000;

/** Compiled `tpl` texts that one template set keeps, and the length to which it keeps one. */
export const MAX_CACHED_TPL_TEXTS = 256;
export const MAX_CACHED_TPL_LENGTH = 16 * 1024;

/** Tells whether a render's time is up. Given by the caller, because workers/ reads no clock. Called about every thousand steps. */
export type Expired = () => boolean;
