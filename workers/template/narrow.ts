/**
 * V8 keeps a text in one byte a character where it can, but a part of a text in two bytes stays in two, and keeps the whole alive. One
 * typographic dash in a comment of a configuration would so make all that is rendered and answered twice as large.
 */
import { Buffer } from 'node:buffer';

const LATIN1 = /^[\u0000-\u00ff]*$/;

/**
 * As narrow, and one string for all that are equal: templates of many revisions have most of their text in common. V8 keeps one string for
 * equal names of members, for as long as somebody has it.
 */
export function shareText(text: string): string {
  return Object.keys({ [narrow(text)]: true })[0] ?? '';
}

/** The same text, as a copy of its own in one byte a character where that is possible. For texts that are kept. */
export function narrow(text: string): string {
  return LATIN1.test(text) ? Buffer.from(text, 'latin1').toString('latin1') : text;
}
