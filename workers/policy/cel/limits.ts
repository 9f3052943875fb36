/**
 * Named limits of CEL: what an expression may be, and what one evaluation may do. Work is counted, not timed, so that an expression
 * ends the same way on every machine. A limit that is reached is a CelError CEL_LIMIT, which no operator of CEL absorbs.
 */

/** Length of an expression in UTF-16 units. */
export const MAX_EXPRESSION_LENGTH = 16 * 1024;
/** Nodes of an expression's syntax tree, and their nesting. */
export const MAX_AST_NODES = 4_000;
export const MAX_AST_DEPTH = 100;
/** Elements of a list or map that an expression writes out, and arguments of a call. */
export const MAX_LITERAL_ELEMENTS = 1_000;
export const MAX_CALL_ARGUMENTS = 16;

/**
 * Steps of one evaluation, as the apiserver's per-call limit: a call, a selection, or an element that is looped over is a step, and
 * functions add what they read or make (UNITS_PER_STEP).
 */
export const MAX_STEPS_PER_EXPRESSION = 1_000_000;
/** Steps of everything that is evaluated for one review. */
export const MAX_STEPS_PER_REVIEW = 5_000_000;
/** Characters or bytes that a function reads or makes for one step. */
export const UNITS_PER_STEP = 16;
/** Length of a text that an expression makes, in UTF-16 units. */
export const MAX_TEXT_LENGTH = 1024 * 1024;
/** Elements of a list that an expression makes. */
export const MAX_LIST_LENGTH = 100_000;
/** Length of a regular expression. Matching is linear in the text, times this. */
export const MAX_PATTERN_LENGTH = 1_000;
/** Compiled patterns that one compiled expression keeps; those made from data must not fill the memory. */
export const MAX_CACHED_PATTERNS = 64;
/** Time zones that one compiled expression keeps. */
export const MAX_CACHED_ZONES = 16;
/** Steps for making a zone from the zone data (a third of a millisecond), and for asking it (a fortieth). */
export const STEPS_PER_ZONE = 5_000;
export const STEPS_PER_ZONE_LOOKUP = 250;
/** Nesting to which values are compared and written. */
export const MAX_VALUE_DEPTH = 200;
