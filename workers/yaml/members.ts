import { setMember, type YamlObject, type YamlValue } from './value.ts';

/** What a mapping's key turned out to be: a member's name, the merge key, or (null) something that JSON has no name for. */
export const MERGE = Symbol('merge');
export type Key = string | typeof MERGE | null;

export type MemberProblem = 'duplicate' | 'not-a-mapping';

/**
 * Fills mappings. Keys that JSON cannot have (null, integers beyond int64) are errors upstream only where they are still there
 * when the value is made JSON: the mapping may have been overwritten by then. So they are noted, and looked for at the end.
 */
export class Members {
  private readonly uniqueKeys: boolean;
  private withNullKey: Set<YamlObject> | null = null;

  constructor(uniqueKeys: boolean) {
    this.uniqueKeys = uniqueKeys;
  }

  /** Sets a member or merges. `fromAlias`: the value is an alias's. Reports what is wrong with it, or null. */
  add(map: YamlObject, key: Key, value: YamlValue, fromAlias: boolean): MemberProblem | null {
    if (key === MERGE) return this.merge(map, value, fromAlias);
    if (key !== null) return this.set(map, key, value);
    this.noteNullKey(map);
    return null;
  }

  private set(map: YamlObject, key: string, value: YamlValue): MemberProblem | null {
    if (this.uniqueKeys && Object.hasOwn(map, key)) return 'duplicate';
    setMember(map, key, value);
    return null;
  }

  /** `<<`: members of a mapping, or of several in a list of which earlier ones win, are set as if they stood here. */
  private merge(map: YamlObject, value: YamlValue, fromAlias: boolean): MemberProblem | null {
    if (!Array.isArray(value) || fromAlias) return this.mergeOne(map, value);
    for (const item of value.toReversed()) {
      const problem = this.mergeOne(map, item);
      if (problem !== null) return problem;
    }
    return null;
  }

  private mergeOne(map: YamlObject, value: YamlValue): MemberProblem | null {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return 'not-a-mapping';
    for (const key of Object.keys(value)) {
      const problem = this.set(map, key, value[key] as YamlValue);
      if (problem !== null) return problem;
    }
    this.inheritNullKey(map, value);
    return null;
  }

  private noteNullKey(map: YamlObject): void {
    this.withNullKey ??= new Set();
    this.withNullKey.add(map);
  }

  /** For a mapping that is a copy of another, or has taken in its members. */
  inheritNullKey(map: YamlObject, from: YamlObject): void {
    if (this.withNullKey?.has(from)) this.noteNullKey(map);
  }

  get someNullKey(): boolean {
    return this.withNullKey !== null;
  }

  hasNullKey(map: YamlObject): boolean {
    return this.withNullKey?.has(map) ?? false;
  }
}
