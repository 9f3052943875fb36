/**
 * How much of templates a worker keeps compiled for certain data (variants.ts): all templates of all its revisions share one budget. Where it
 * is spent, the variant that was not used for longest makes room, but not all the time: pods of more kinds than there is room for would
 * have variants compiled, which takes milliseconds, for a render that they save a tenth of one.
 */
import type { TemplateSet } from '../../template/engine.ts';

/** What the templates of all variants may have of text together, in UTF-16 units; Istio's take two to three times as much of the heap. */
export const MAX_VARIANT_TEXT = 4_000_000;
/** Variants that may be replaced at once, as when a commit changes all revisions, and renders until one more may. */
const MAX_REPLACED_AT_ONCE = 64;
const RENDERS_PER_REPLACED = 500;

export class VariantBudget {
  readonly #maxText: number;
  /** Held weakly: what belongs to revisions that are forgotten goes with them. */
  #kept: WeakRef<KeptVariant>[] = [];
  #renders = 0;
  #replaceable = MAX_REPLACED_AT_ONCE;
  #replaceableAt = 0;
  /** Before this render there is nothing to be had. */
  #refusedUntil = 0;

  constructor(maxText = MAX_VARIANT_TEXT) {
    this.#maxText = maxText;
  }

  /** Counts a render, and returns its number. */
  count(): number {
    return ++this.#renders;
  }

  /** Makes room for one more variant. False where there is none to be had now. */
  admit(variant: KeptVariant): boolean {
    if (variant.textLength > this.#maxText || this.#renders < this.#refusedUntil) return false;
    const kept = this.#known();
    let text = kept.reduce((sum, each) => sum + each.textLength, variant.textLength);
    if (text > this.#maxText) {
      kept.sort((a, b) => a.usedAt - b.usedAt);
      while (text > this.#maxText) {
        if (!this.#mayReplace()) return false;
        const oldest = kept.shift();
        if (oldest === undefined) return false;
        oldest.forget();
        text -= oldest.textLength;
      }
    }
    this.#kept = [...kept, variant].map((each) => new WeakRef(each));
    return true;
  }

  #known(): KeptVariant[] {
    return this.#kept.map((each) => each.deref()).filter((each): each is KeptVariant => each?.isCompiled === true);
  }

  #mayReplace(): boolean {
    const due = Math.floor((this.#renders - this.#replaceableAt) / RENDERS_PER_REPLACED);
    this.#replaceable = Math.min(MAX_REPLACED_AT_ONCE, this.#replaceable + due);
    this.#replaceableAt += due * RENDERS_PER_REPLACED;
    if (this.#replaceable === 0) {
      this.#refusedUntil = this.#replaceableAt + RENDERS_PER_REPLACED;
      return false;
    }
    this.#replaceable -= 1;
    return true;
  }
}

/** A variant that is compiled when it is used, and may be forgotten when it has not been for a while. */
export class KeptVariant {
  readonly #budget: VariantBudget;
  readonly #compile: () => TemplateSet;
  #set: TemplateSet | null = null;
  #wasCompiled = false;
  /** Length of the template's text. */
  readonly textLength: number;
  /** The number of the last render. */
  usedAt = 0;

  constructor(budget: VariantBudget, textLength: number, compile: () => TemplateSet) {
    this.#budget = budget;
    this.textLength = textLength;
    this.#compile = compile;
  }

  get isCompiled(): boolean {
    return this.#set !== null;
  }

  /** Whether it ever was. */
  get wasCompiled(): boolean {
    return this.#wasCompiled;
  }

  /** The compiled variant; null where there is no room for it. */
  use(): TemplateSet | null {
    this.usedAt = this.#budget.count();
    if (this.#set === null && this.#budget.admit(this)) {
      this.#set = this.#compile();
      this.#wasCompiled = true;
    }
    return this.#set;
  }

  forget(): void {
    this.#set = null;
  }
}
