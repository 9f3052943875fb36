/**
 * Tokens of the scanner. One departs from YAML's own list: a simple key (`name:`) is a single token with its colon, for that
 * is what nearly every line of a manifest begins with. Where a token is the first of a block collection, the scanner says so
 * by its `opens` instead of by a token of its own.
 */
export const STREAM_END = 0;
/** `---` */
export const DOCUMENT_START = 1;
/** `...` */
export const DOCUMENT_END = 2;
export const DIRECTIVE = 3;
/** The innermost block collection ends: the next token stands left of it. */
export const BLOCK_END = 4;
/** `- `; may open a block sequence. */
export const ENTRY = 5;
/** `name:` with the key's properties, or `*alias :`; may open a block mapping. */
export const SIMPLE_KEY = 6;
/** `? `; may open a block mapping. */
export const KEY = 7;
/** `: ` that ends no simple key; may open a block mapping. */
export const VALUE = 8;
export const SCALAR = 9;
export const ALIAS = 10;
export const ANCHOR = 11;
export const TAG = 12;
export const FLOW_SEQUENCE_START = 13;
export const FLOW_SEQUENCE_END = 14;
export const FLOW_MAPPING_START = 15;
export const FLOW_MAPPING_END = 16;
export const FLOW_ENTRY = 17;

/** A tag before its handle is looked up: `!!str` is `!!` and `str`; `!<uri>` and `!` have no handle. */
export interface TagToken {
  readonly handle: string;
  readonly suffix: string;
}

/** A `%YAML` or `%TAG` line. */
export type Directive =
  | { readonly name: 'YAML'; readonly major: number; readonly minor: number }
  | { readonly name: 'TAG'; readonly handle: string; readonly prefix: string };
