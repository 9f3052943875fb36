/** A template's output as what it means: the overlay that is merged into a pod. */
import { compileTemplate, type TemplateSet } from '../../template/engine.ts';
import type { FuncMap } from '../../template/func.ts';
import { repairText } from '../../template/gostring.ts';
import type { GoValue, JsonObject } from '../../template/value.ts';
import { YamlError } from '../../yaml/error.ts';
import { parseYaml } from '../../yaml/parse.ts';
import { joinPath, type Path, PathRecorder, samePath } from './path.ts';
import { type OverlayPlan, planOverlay } from './plan.ts';
import { plainOverlay, type RenderedOverlay } from './typed-lists.ts';
import { VariantBudget } from './variant-budget.ts';
import { NOTHING_SHARED, type SharedFields, TemplateVariants } from './variants.ts';

/**
 * Renders and reads the overlay. The result is not the caller's to change: it may be shared between calls. Throws
 * TemplateError, or YamlError where the output is no mapping. Empty output is an empty overlay.
 */
export type Overlay = (data: GoValue) => RenderedOverlay;

/** Paths through one template that are remembered, and plans for all and for one of them. A plan takes tens of kilobytes. */
export const MAX_PATHS = 512;
export const MAX_PLANS = 256;
export const MAX_PLANS_OF_PATH = 16;
/** A plan costs several parses, so the first render of a path has none. */
const RENDERS_BEFORE_PLAN = 2;

/** One path through a template, with plans for the values that are fixed in it. */
interface KnownPath {
  readonly path: Path;
  renders: number;
  /** The last used one first. */
  readonly plans: OverlayPlan[];
}

export interface OverlayOptions {
  /** What the data of many pods has in common. Default: nothing. */
  readonly shared?: SharedFields;
  /** The text is known to be a template: it is only parsed when it is rendered. Default: false. */
  readonly checked?: boolean;
  /** For the variants of this template and others. Default: one of its own. */
  readonly budget?: VariantBudget | undefined;
}

/** Compiles a template. Throws TemplateError with code TEMPLATE_SYNTAX. */
export function compileOverlay(text: string, funcs: FuncMap, options: OverlayOptions = {}): Overlay {
  const { shared = NOTHING_SHARED, checked = false, budget = new VariantBudget() } = options;
  const variants = new TemplateVariants(text, funcs, { shared, checked, budget });
  const seeds = new WeakMap<TemplateSet, number>();
  let lastSeed = 0;
  const memory = new PathMemory();
  return (data) => {
    const set = variants.choose(data);
    let seed = seeds.get(set);
    if (seed === undefined) {
      seed = ++lastSeed;
      seeds.set(set, seed);
    }
    const recorder = new PathRecorder(seed);
    set.renderTo(recorder, data);
    return memory.overlay(recorder);
  };
}

/** The same without anything remembered between renders: every output is parsed. What the other is measured and tested against. */
export function compileParsedOverlay(text: string, funcs: FuncMap): Overlay {
  const set = compileTemplate('inject', text, funcs);
  return (data) => plainOverlay(parseOverlay(set.render(data)));
}

/** Plans by path, for all variants of a template; the longest unused path first. */
class PathMemory {
  readonly #paths = new Map<number, KnownPath>();
  #plans = 0;

  overlay(recorder: PathRecorder): RenderedOverlay {
    const known = this.#known(recorder);
    for (let index = 0; index < known.plans.length; index++) {
      const plan = known.plans[index] as OverlayPlan;
      const filled = plan.fill(recorder.values);
      if (filled === null) continue;
      if (index > 0) known.plans.unshift(...known.plans.splice(index, 1));
      return filled;
    }
    const parsed = parseOverlay(repairText(joinPath(recorder.path, recorder.values)));
    if (++known.renders >= RENDERS_BEFORE_PLAN) this.#plan(known, recorder, parsed);
    return plainOverlay(parsed);
  }

  #known({ hash, path }: PathRecorder): KnownPath {
    const found = this.#paths.get(hash);
    const known = found !== undefined && samePath(found.path, path) ? found : { path, renders: 0, plans: [] };
    if (found !== undefined && found !== known) this.#plans -= found.plans.length;
    this.#paths.delete(hash);
    this.#paths.set(hash, known);
    if (this.#paths.size > MAX_PATHS) this.#forgetOldest();
    return known;
  }

  /** Renders with unusual values would make plans that are never used again; a path gets one after a few such renders. */
  #plan(known: KnownPath, { path, values }: PathRecorder, parsed: JsonObject): void {
    known.renders = -known.plans.length;
    const plan = tryPlan(path, values, parsed);
    if (plan === null) return;
    known.plans.unshift(plan);
    if (known.plans.length > MAX_PLANS_OF_PATH) known.plans.pop();
    else this.#plans++;
    // The path in use is the newest, and has no more plans than are allowed.
    while (this.#plans > MAX_PLANS) this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const [hash, { plans }] of this.#paths) {
      this.#paths.delete(hash);
      this.#plans -= plans.length;
      return;
    }
  }
}

/** The parser stops at the end of the first document; looking for holes may find an error behind it. */
function tryPlan(path: Path, values: readonly string[], parsed: JsonObject): OverlayPlan | null {
  try {
    return planOverlay(path, values, parsed);
  } catch (error) {
    if (error instanceof YamlError) return null;
    throw error;
  }
}

function parseOverlay(text: string): JsonObject {
  const value = parseYaml(text) ?? {};
  if (typeof value !== 'object' || Array.isArray(value)) throw new YamlError('YAML_TYPE', 'not a mapping');
  return value;
}
