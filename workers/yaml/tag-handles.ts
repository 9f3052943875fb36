import type { TagToken } from './token.ts';

const DEFAULT_PREFIXES: readonly (readonly [string, string])[] = [
  ['!', '!'],
  ['!!', 'tag:yaml.org,2002:'],
];

/** What the handles of tags stand for in a document: `!!` and `!`, unless its %TAG directives say otherwise, and theirs. */
export class TagHandles {
  private readonly prefixes = new Map<string, string>(DEFAULT_PREFIXES);
  private readonly declared = new Set<string>();

  /** Takes a %TAG directive; false if its handle has one already. */
  declare(handle: string, prefix: string): boolean {
    if (this.declared.has(handle)) return false;
    this.declared.add(handle);
    this.prefixes.set(handle, prefix);
    return true;
  }

  /** The full tag, '' for none, or undefined for a handle that nobody declared. */
  resolve(tag: TagToken | null): string | undefined {
    if (tag === null) return '';
    if (tag.handle === '') return tag.suffix;
    const prefix = this.prefixes.get(tag.handle);
    return prefix === undefined ? undefined : prefix + tag.suffix;
  }
}
