/**
 * A template, specialized to data that many pods share (template/specialize.ts). Which data that is shows when pods come: the first
 * combination gets a variant at once, others when they come again, and when there are enough variants the rest of the pods
 * share one that takes only the revision's own data for constant.
 */
import { compileParsed, type ParsedTemplate, parseTemplateText, type TemplateSet } from '../../template/engine.ts';
import type { FuncMap } from '../../template/func.ts';
import { shareText } from '../../template/narrow.ts';
import { fieldOf } from '../../template/reflect.ts';
import type { Assumptions } from '../../template/specialize.ts';
import { GoRef, type GoType, type GoValue } from '../../template/value.ts';
import { KeptVariant, type VariantBudget } from './variant-budget.ts';

/** Fields of the data by name; equal means the same object or an equal scalar. */
export interface SharedFields {
  /** The same for all pods of a revision. */
  readonly always: readonly string[];
  /** The same for most pods. */
  readonly often: readonly string[];
  /** A map of which most pods have few keys, and what stands for it and its owner without any. */
  readonly sparse?: {
    /** By path from the root: `ObjectMeta.Annotations`, `ObjectMeta`. */
    readonly empty: ReadonlyMap<string, GoValue>;
    readonly keysOf: (data: GoRef) => object | undefined;
  };
}

export const NOTHING_SHARED: SharedFields = { always: [], often: [] };

/** Combinations of shared data that have variants of their own. Compiling one takes milliseconds, so there is no taking turns of these. */
export const MAX_FULL_VARIANTS = 4;
/** Combinations that are remembered until they come again. */
const MAX_CANDIDATES = 32;

interface Variant {
  /** The data, as it lies in the struct, that this variant is for. */
  readonly names: readonly string[];
  readonly held: readonly unknown[];
  /** For pods with few keys in the sparse map, which are most; null where there is no such map. */
  readonly sparse: SparseVariants | null;
  /** For all others. Of a combination of its own there is none beside the sparse ones: it would be as large as several of them. */
  readonly whole: KeptVariant | null;
}

interface SparseVariant {
  readonly kept: KeptVariant;
  /** Keys that a pod must not have for this variant; known when it was compiled. */
  readonly reliedOn: ReadonlySet<string>;
}

/** Combinations of keys with variants of their own, and keys in one. */
export const MAX_SPARSE_VARIANTS = 16;
const MAX_PRESENT_KEYS = 4;

/** Variants by the keys that pods have of those that the template asks for. */
class SparseVariants {
  readonly #make: (present: ReadonlySet<string>) => SparseVariant;
  readonly #none: SparseVariant;
  readonly #some = new Map<string, SparseVariant>();
  readonly #seen = new Set<string>();

  constructor(make: (present: ReadonlySet<string>) => SparseVariant) {
    this.#make = make;
    this.#none = make(new Set());
  }

  /** The variant for a pod with these keys; null for one that has none, or where there is no room for it. */
  choose(keys: object | undefined): TemplateSet | null {
    const none = this.#none;
    if (!none.kept.wasCompiled && none.kept.use() === null) return null;
    const present: string[] = [];
    for (const key in keys) if (none.reliedOn.has(key)) present.push(key);
    if (present.length === 0) return none.kept.use();
    if (present.length > MAX_PRESENT_KEYS) return null;
    const variant = this.#withKeys(present.sort());
    const set = variant?.kept.use() ?? null;
    if (variant === null || set === null) return null;
    // With some keys a template may ask for others.
    for (const key in keys) if (variant.reliedOn.has(key)) return null;
    return set;
  }

  #withKeys(present: readonly string[]): SparseVariant | null {
    const name = present.join('\n');
    const known = this.#some.get(name);
    if (known !== undefined) return known;
    if (this.#some.size >= MAX_SPARSE_VARIANTS) return null;
    if (!this.#seen.has(name)) {
      if (this.#seen.size >= MAX_CANDIDATES) this.#seen.clear();
      this.#seen.add(name);
      return null;
    }
    const variant = this.#make(new Set(present));
    this.#some.set(name, variant);
    return variant;
  }
}

export interface VariantOptions {
  readonly shared: SharedFields;
  readonly budget: VariantBudget;
  /** The text is known to be a template. */
  readonly checked: boolean;
}

export class TemplateVariants {
  readonly #text: string;
  readonly #funcs: FuncMap;
  readonly #shared: SharedFields;
  readonly #budget: VariantBudget;
  /** Made when it is needed: most pods have a variant, and most revisions no pods. */
  #general: TemplateSet | null = null;
  readonly #full: Variant[] = [];
  #base: Variant | null = null;
  readonly #candidates = new Set<unknown>();
  /** Variants of one request are made of the same trees; held weakly, since trees weigh far more than their text. */
  #parsed: WeakRef<ParsedTemplate> | null = null;

  /** Throws TemplateError with code TEMPLATE_SYNTAX, unless the text is known to be right: then it is parsed when it is needed. */
  constructor(text: string, funcs: FuncMap, { shared, budget, checked }: VariantOptions) {
    this.#text = shareText(text);
    this.#funcs = funcs;
    this.#shared = shared;
    this.#budget = budget;
    if (!checked) parseTemplateText('inject', this.#text, funcs);
  }

  /** The template to render this data with. */
  choose(data: GoValue): TemplateSet {
    if (this.#shared.always.length === 0 || !(data instanceof GoRef)) return this.#forAll();
    const variant = this.#variant(data);
    if (variant === null) return this.#forAll();
    const sparse = variant.sparse?.choose(this.#shared.sparse?.keysOf(data)) ?? null;
    if (sparse !== null) return sparse;
    const whole = variant.whole ?? this.#baseFor(data)?.whole;
    return whole?.use() ?? this.#forAll();
  }

  #forAll(): TemplateSet {
    this.#general ??= compileParsed(this.#parse(), this.#funcs, { parseAgain: () => this.#parse() });
    return this.#general;
  }

  #variant(data: GoRef): Variant | null {
    const held = data.data as Readonly<Record<string, unknown>>;
    for (const variant of this.#full) if (isFor(variant, held)) return variant;
    if (this.#full.length < MAX_FULL_VARIANTS && this.#deservesVariant(held)) {
      const variant = this.#make(data, [...this.#shared.always, ...this.#shared.often], false);
      this.#full.push(variant);
      return variant;
    }
    return this.#baseFor(data);
  }

  /** The variant that takes only the revision's own data for constant; null for data that is not the revision's. */
  #baseFor(data: GoRef): Variant | null {
    this.#base ??= this.#make(data, this.#shared.always, true);
    return isFor(this.#base, data.data as Readonly<Record<string, unknown>>) ? this.#base : null;
  }

  #deservesVariant(held: Readonly<Record<string, unknown>>): boolean {
    if (this.#full.length === 0) return true;
    // Scalars of a combination are few; what tells combinations apart are the objects.
    const mark = this.#shared.often.map((name) => held[name]).find((value) => typeof value === 'object') ?? null;
    if (this.#candidates.has(mark)) return true;
    if (this.#candidates.size >= MAX_CANDIDATES) this.#candidates.clear();
    this.#candidates.add(mark);
    return false;
  }

  #make(data: GoRef, names: readonly string[], withWhole: boolean): Variant {
    const constants = constantsOf(data, names);
    const held = data.data as Readonly<Record<string, unknown>>;
    const { sparse } = this.#shared;
    const makeSparse = (empty: ReadonlyMap<string, GoValue>) => (present: ReadonlySet<string>) => {
      const reliedOn = new Set<string>();
      return { kept: this.#keep({ constants, absent: { empty, present, reliedOn } }, data.type), reliedOn };
    };
    return {
      names,
      held: names.map((name) => held[name]),
      whole: withWhole || sparse === undefined ? this.#keep({ constants }) : null,
      sparse: sparse === undefined ? null : new SparseVariants(makeSparse(sparse.empty)),
    };
  }

  #keep(assumptions: Assumptions, root?: GoType): KeptVariant {
    return new KeptVariant(this.#budget, this.#text.length, () => this.#compile(assumptions, root));
  }

  /** `root`: the type of the data, where the variant is worth a function of its own. */
  #compile(assumptions: Assumptions, root?: GoType): TemplateSet {
    return compileParsed(this.#parse(), this.#funcs, {
      assumptions,
      parseAgain: () => this.#parse(),
      ...(root === undefined ? {} : { generated: { root } }),
    });
  }

  #parse(): ParsedTemplate {
    const known = this.#parsed?.deref();
    if (known !== undefined) return known;
    const parsed = parseTemplateText('inject', this.#text, this.#funcs);
    this.#parsed = new WeakRef(parsed);
    return parsed;
  }
}

function constantsOf(data: GoRef, names: readonly string[]): Map<string, GoValue> {
  const constants = new Map<string, GoValue>();
  for (const name of names) {
    const value = fieldOf(data, name);
    if (value !== undefined) constants.set(name, value);
  }
  return constants;
}

function isFor({ names, held }: Variant, data: Readonly<Record<string, unknown>>): boolean {
  for (let index = 0; index < names.length; index++) if (data[names[index] as string] !== held[index]) return false;
  return true;
}
