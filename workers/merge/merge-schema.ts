/**
 * What strategic merge has to know about a Go type, for each member: how it merges, by which key, and what lies below. Built
 * once from the pod schema; a merge only follows links.
 */
import { foldCase } from '../kube/fold-case.ts';
import { flattenFields, parseType, type SchemaField, type TypeExpression } from '../kube/pod-schema.ts';

/** A Go type as strategic merge sees it: only structs have fields to look up. */
export interface MergeType {
  /** The Go type, for messages. */
  readonly name: string;
  /** Own and inlined fields by JSON name; undefined for anything but a struct (a map of labels, a scalar). */
  readonly fields: ReadonlyMap<string, MergeField> | undefined;
  /** The same in declaration order: a member whose name differs in case only takes the first that fits. */
  readonly ordered: readonly MergeField[];
}

export interface MergeField {
  readonly jsonName: string;
  /** Whether lists merge (`merge`) or the patch's value stands (`replace`, or '' for lists, which then are atomic too). */
  readonly strategy: string;
  /** Member that identifies an element; '' for lists of scalars and atomic lists. */
  readonly mergeKey: string;
  /** What an object under this member is (a pointer's target). */
  readonly object: MergeType;
  /** What a list's elements are; undefined where a list can not stand (upstream answers with an error). */
  readonly element: MergeType | undefined;
}

const TYPES: ReadonlyMap<string, MergeType> = buildTypes('v1.Pod');

/** The schema of a v1.Pod: the default of strategicMergePatch. */
export const POD_MERGE_TYPE: MergeType = mergeType('v1.Pod');

/** Schema of a struct within a pod by its Go name, e.g. `v1.Container`. Throws for a name the schema does not hold. */
export function mergeType(goName: string): MergeType {
  const type = TYPES.get(goName);
  if (type === undefined) throw new Error(`no type ${goName} in the merge schema`);
  return type;
}

/**
 * The field that a member belongs to: the exact name, else the first that is equal under Go's case folding, as
 * apimachinery's lookup does; undefined for an unknown member, and for any type that has no fields.
 */
export function lookupField(type: MergeType, key: string): MergeField | undefined {
  return type.fields?.get(key) ?? foldedField(type, key);
}

function foldedField(type: MergeType, key: string): MergeField | undefined {
  const folded = foldCase(key);
  return type.ordered.find((field) => foldCase(field.jsonName) === folded);
}

interface Building {
  name: string;
  fields: Map<string, MergeField> | undefined;
  ordered: MergeField[];
}

function buildTypes(root: string): ReadonlyMap<string, MergeType> {
  const types = new Map<string, Building>();
  const build = (expression: TypeExpression, text: string): MergeType => {
    const target = expression.kind === 'pointer' ? expression.elem : expression;
    const name = expression.kind === 'pointer' ? text.slice(1) : text;
    const known = types.get(name);
    if (known !== undefined) return known;
    const type: Building = { name, fields: target.kind === 'struct' ? new Map() : undefined, ordered: [] };
    types.set(name, type); // before its fields: types may refer to each other
    if (target.kind === 'struct') {
      for (const field of flattenFields(target.name)) {
        const merged = buildField(field, build);
        type.fields?.set(field.jsonName, merged);
        type.ordered.push(merged);
      }
    }
    return type;
  };
  build(parseType(root), root);
  return types;
}

function buildField(field: SchemaField, build: (type: TypeExpression, text: string) => MergeType): MergeField {
  return {
    jsonName: field.jsonName,
    // `retainKeys` only says that a patch may carry the directive; the directive works without it.
    strategy: field.patchStrategies.find((strategy) => strategy !== 'retainKeys') ?? '',
    mergeKey: field.mergeKey,
    object: build(field.type, field.typeText),
    element: buildElement(field.type, field.typeText, build),
  };
}

/** A list under a pointer to anything is accepted upstream and its elements taken for the pointer's target. */
function buildElement(
  type: TypeExpression,
  text: string,
  build: (type: TypeExpression, text: string) => MergeType,
): MergeType | undefined {
  if (type.kind === 'slice') return build(type.elem, text.slice(2));
  if (type.kind !== 'pointer') return undefined;
  const target = type.elem;
  return target.kind === 'slice' ? build(target.elem, text.slice(3)) : build(target, text.slice(1));
}
