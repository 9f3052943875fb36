/** A member's name as it stands in a JSON pointer (RFC 6901). */
export function escapeSegment(name: string): string {
  if (name.includes('~')) name = name.replaceAll('~', '~0');
  return name.includes('/') ? name.replaceAll('/', '~1') : name;
}

/** The reverse. `~` before anything but 0 and 1 stands for itself. */
export function unescapeSegment(segment: string): string {
  return segment.includes('~') ? segment.replaceAll('~1', '/').replaceAll('~0', '~') : segment;
}
