/**
 * dario.cat/mergo as sprig's merge functions use it: the sources' members fill in what the target has not (merge), or replace it
 * (mergeOverwrite); dicts within dicts are merged likewise. Lists are values. "Has not" includes false, 0, "" and empty lists.
 */
import { FuncError } from '../../func.ts';
import { indirect, isTrue, kindOf, mapData, sortStrings, typeString } from '../../reflect.ts';
import type { GoValue } from '../../value.ts';
import { GoRef } from '../../value.ts';
import type { Dict } from '../dict.ts';
import { copyDict, dictData, isOwned, newDict } from '../dict.ts';

/** mergo's "different argument types", which plain `merge` answers with "". */
class MergeMismatch extends FuncError {}

/** Dicts within dicts, in both target and source. A target that contains itself ends here. */
const MAX_MERGE_DEPTH = 1_000;

function isEmpty(value: GoValue | undefined): boolean {
  const target = indirect(value);
  return target.nil || !isTrue(target.value);
}

/** A typed map takes only values of its element type; Go panics otherwise. */
function checkAssignable(target: GoValue, value: GoValue): void {
  if (!(target instanceof GoRef) || target.type.kind !== 'map' || target.type.elem.kind === 'interface') return;
  if (target.type.elem.kind !== kindOf(value)) {
    throw new FuncError(
      `reflect.Set: value of type ${typeString(value)} is not assignable to type ${target.type.elem.kind}`,
    );
  }
}

/** Merges into the dict under `key` of an owned dict, which gets an owned copy first if that dict is foreign. */
function mergeMember(parent: Dict, key: string, source: GoValue, overwrite: boolean, depth: number): void {
  const target = parent[key] as GoValue;
  const data = dictData(target);
  if (data === null) return;
  let owned = data;
  let changed = target;
  if (!isOwned(data)) {
    owned = copyDict(data);
    changed = target instanceof GoRef ? new GoRef(target.type, owned) : owned;
    parent[key] = changed;
  }
  mergeMembers(owned, changed, source, overwrite, depth + 1);
}

function mergeMembers(data: Dict, target: GoValue, source: GoValue, overwrite: boolean, depth: number): void {
  if (depth > MAX_MERGE_DEPTH) throw new FuncError('dicts are nested too deeply to merge');
  const members = mapData(source);
  if (members === null) return;
  for (const key of sortStrings(Object.keys(members))) {
    const value = (members[key] ?? null) as GoValue;
    const present = Object.hasOwn(data, key) ? (data[key] as GoValue) : undefined;
    if (value === null) {
      if (overwrite) data[key] = value;
      continue;
    }
    const bothMaps = kindOf(value) === 'map' && kindOf(present) === 'map';
    if (bothMaps && present !== value) mergeMember(data, key, value, overwrite, depth);
    if (!overwrite && present !== undefined && kindOf(present) === 'ptr') checkPointer(present, value);
    const filled = present !== undefined && !isEmpty(present);
    if (filled && (bothMaps || !overwrite)) continue;
    checkAssignable(target, value);
    data[key] = value;
  }
}

/** mergo compares types where the target holds a pointer (a version) and the source a dict or struct. */
function checkPointer(present: GoValue, value: GoValue): void {
  const kind = kindOf(value);
  if ((kind === 'map' || kind === 'struct') && typeString(present) !== `*${typeString(value)}`) {
    throw new MergeMismatch('src and dst must be of same type');
  }
}

/** sprig's mustMerge and mustMergeOverwrite. Returns the target, or an owned copy of it when it is foreign. */
export function mergeDictStrictly(target: GoValue, sources: readonly GoValue[], overwrite: boolean): GoValue {
  const given = dictData(target);
  let merged = target;
  let data = given ?? newDict();
  if (given === null || !isOwned(given)) {
    if (sources.every((source) => dictData(source) === null)) return target;
    data = given === null ? data : copyDict(given);
    merged = data;
  }
  for (const source of sources) mergeMembers(data, merged, source, overwrite, 0);
  return merged;
}

/** sprig's merge and mergeOverwrite: "" where types do not fit. */
export function mergeDict(target: GoValue, sources: readonly GoValue[], overwrite: boolean): GoValue {
  try {
    return mergeDictStrictly(target, sources, overwrite);
  } catch (error) {
    if (error instanceof MergeMismatch) return '';
    throw error;
  }
}
