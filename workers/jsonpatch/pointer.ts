/** A member's name as it stands in a JSON pointer (RFC 6901). */
export function escapeSegment(name: string): string {
  if (name.includes('~')) name = name.replaceAll('~', '~0');
  return name.includes('/') ? name.replaceAll('/', '~1') : name;
}

/** The reverse. `~` before anything but 0 and 1 stands for itself. */
export function unescapeSegment(segment: string): string {
  return segment.includes('~') ? segment.replaceAll('~1', '/').replaceAll('~0', '~') : segment;
}

/** Places that one thread remembers; with more it begins anew. Keys are the users', so there may be any number. */
export const MAX_PLACES = 4_096;
/** Longer names are not remembered. */
const MAX_NAME = 512;

/**
 * A place in a document. Places of one name are one object as long as they are remembered, so their text is made once, and whoever keeps
 * something by that text finds it without looking at its characters again.
 */
export class Place {
  static #root = new Place('');
  static #count = 0;
  /** The JSON pointer. */
  readonly text: string;
  #children: Map<string | number, Place> | null = null;

  private constructor(text: string) {
    this.text = text;
  }

  /** The whole document. */
  static root(): Place {
    if (Place.#count > MAX_PLACES) {
      Place.#root = new Place('');
      Place.#count = 0;
    }
    return Place.#root;
  }

  /** A member by its name, or an element by its index. */
  child(segment: string | number): Place {
    this.#children ??= new Map();
    const known = this.#children.get(segment);
    if (known !== undefined) return known;
    const child = new Place(`${this.text}/${typeof segment === 'number' ? segment : escapeSegment(segment)}`);
    if (typeof segment === 'string' && segment.length > MAX_NAME) return child;
    if (++Place.#count <= MAX_PLACES) this.#children.set(segment, child);
    return child;
  }
}
