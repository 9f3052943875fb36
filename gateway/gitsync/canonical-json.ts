/** One text for equal values, whatever the order of their members: what digests are made over. */
import { createHash } from 'node:crypto';

/** JSON with members sorted by name (UTF-16 order); members that are undefined are left out, as JSON does. */
export function canonicalJson(value: unknown): string {
  let json = '';
  writeCanonical(value, (piece) => {
    json += piece;
  });
  return json;
}

/** Small pieces are joined up to this length before they are hashed. */
const JOINED_LENGTH = 16 * 1024;

/** sha256 in hex over the canonical JSON. */
export function digestOf(value: unknown): string {
  const hash = createHash('sha256');
  let joined = '';
  // Texts of revisions have a hundred kilobytes: to join all of them would copy each once more.
  writeCanonical(value, (piece) => {
    if (joined.length + piece.length < JOINED_LENGTH) {
      joined += piece;
      return;
    }
    hash.update(joined).update(piece);
    joined = '';
  });
  return hash.update(joined).digest('hex');
}

function writeCanonical(value: unknown, write: (piece: string) => void): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      write(index === 0 ? '[' : ',');
      writeCanonical(item ?? null, write);
    }
    write(value.length === 0 ? '[]' : ']');
  } else if (typeof value === 'object' && value !== null) {
    const members = value as Record<string, unknown>;
    const names = Object.keys(members)
      .filter((name) => members[name] !== undefined)
      .sort();
    for (const [index, name] of names.entries()) {
      write(`${index === 0 ? '{' : ','}${JSON.stringify(name)}:`);
      writeCanonical(members[name], write);
    }
    write(names.length === 0 ? '{}' : '}');
  } else write(JSON.stringify(value) ?? 'null');
}
