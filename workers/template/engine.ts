/**
 * Go's text/template: compile once, render often.
 *
 * A set is a family of templates that can call one another by name. Compiling turns text into closures; rendering shares nothing
 * between runs but them, so a set may render while it renders (a function may call back).
 */
import type { Tree } from './ast.ts';
import { isEmptyBody } from './ast.ts';
import { compileTree } from './compile.ts';
import type { CompileEnvironment } from './compile-pipe.ts';
import { TemplateError } from './errors.ts';
import type { FuncMap, GoFunc } from './func.ts';
import { builtinFuncs } from './funcs/builtin.ts';
import { ownCopy } from './funcs/dict.ts';
import { generateTree } from './generate/generator.ts';
import { repairText } from './gostring.ts';
import type { Delimiters } from './lex.ts';
import type { Expired, TemplateLimits } from './limits.ts';
import { DEFAULT_LIMITS, MAX_CACHED_TPL_LENGTH, MAX_CACHED_TPL_TEXTS } from './limits.ts';
import { shareText } from './narrow.ts';
import { parseTemplate } from './parse.ts';
import type { CompiledTemplate, ParsedText, TemplateCell, TemplateSource } from './run.ts';
import { Run } from './run.ts';
import type { Sink, TextLiteral } from './sink.ts';
import { StringSink } from './sink.ts';
import type { MissingKey } from './site.ts';
import type { Assumptions } from './specialize.ts';
import { NO_ASSUMPTIONS, specialize } from './specialize.ts';
import { templatesWithin } from './tree-facts.ts';
import type { GoType, GoValue } from './value.ts';

export interface TemplateOptions {
  /** Go's `missingkey` option. */
  readonly missingKey?: MissingKey;
  readonly limits?: Partial<TemplateLimits>;
  /** Delimiters of actions; `{{` and `}}` when absent or empty. */
  /** What is known of the data of every render: what depends on it alone is worked out now (specialize.ts). */
  readonly assumptions?: Assumptions;
  /** The main template becomes one JavaScript function (generate/generator.ts), for data of the root's type; null for any data. */
  readonly generated?: { readonly root: GoType | null };
  readonly leftDelim?: string;
  readonly rightDelim?: string;
}

export interface TemplateSet {
  /** The name of the main template. */
  readonly name: string;
  /**
   * Executes the main template. Throws TemplateError: TEMPLATE_EXEC where Go's Execute returns an error, TEMPLATE_LIMIT when a limit
   * is reached or `expired` says so. Any other exception is a fault of a function.
   */
  render(data: GoValue, expired?: Expired): string;
  /** Executes a template of the set by its name. */
  renderNamed(name: string, data: GoValue, expired?: Expired): string;
  /** Executes the main template, or the named one, into a sink. */
  renderTo(sink: Sink, data: GoValue, expired?: Expired, name?: string): void;
  /**
   * Parses further text into the set: a template of that name, and those it defines. They replace what had their names before, but a
   * template of nothing but space replaces none. Throws TEMPLATE_SYNTAX and leaves the set as it was.
   */
  add(name: string, text: string): void;
  has(name: string): boolean;
  /** Names of the defined templates, sorted. */
  names(): readonly string[];
}

/**
 * Parses and compiles a template. `funcs` are added to Go's builtins and win over them. Throws TemplateError: TEMPLATE_SYNTAX where
 * Go's Parse returns an error, TEMPLATE_LIMIT for text that is too long or nested too deeply.
 */
export function compileTemplate(
  name: string,
  text: string,
  funcs: FuncMap,
  options: TemplateOptions = {},
): TemplateSet {
  const set = new CompiledSet(name, {
    funcs,
    missingKey: options.missingKey ?? 'default',
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    assumptions: options.assumptions ?? NO_ASSUMPTIONS,
    generated: options.generated ?? null,
    delimiters: { left: options.leftDelim || '{{', right: options.rightDelim || '}}' },
  });
  set.add(name, text);
  return set;
}

/** A text's trees, of which sets can be compiled that differ in their assumptions. */
export interface ParsedTemplate {
  readonly name: string;
  readonly trees: ReadonlyMap<string, Tree>;
  /** It names a function that changes dicts. */
  readonly mutates: boolean;
}

/** The first half of compileTemplate: throws what that would throw. */
export function parseTemplateText(name: string, text: string, funcs: FuncMap): ParsedTemplate {
  const delimiters = { left: '{{', right: '}}' };
  let mutates = false;
  const isFunction = (word: string): boolean => {
    const func = funcs.get(word) ?? builtinFuncs().get(word);
    if (func?.mutates === true) mutates = true;
    return func !== undefined;
  };
  const trees = guardStack(() => parseTemplate(name, text, { delimiters, isFunction, limits: DEFAULT_LIMITS }));
  return { name, trees, mutates };
}

export interface CompileParsedOptions extends Pick<TemplateOptions, 'assumptions' | 'generated'> {
  /** Parses the same text once more: then the set does not keep its trees, which are larger than what is compiled of them. */
  readonly parseAgain?: () => ParsedTemplate;
}

/** The second half, with the functions that it was parsed for. */
export function compileParsed(parsed: ParsedTemplate, funcs: FuncMap, options: CompileParsedOptions = {}): TemplateSet {
  const set = new CompiledSet(parsed.name, {
    funcs,
    missingKey: 'default',
    limits: DEFAULT_LIMITS,
    assumptions: options.assumptions ?? NO_ASSUMPTIONS,
    generated: options.generated ?? null,
    delimiters: { left: '{{', right: '}}' },
  });
  set.addParsed(parsed);
  if (options.parseAgain !== undefined) set.forgetTrees(options.parseAgain);
  return set;
}

interface Settings {
  readonly funcs: FuncMap;
  readonly missingKey: MissingKey;
  readonly limits: TemplateLimits;
  readonly assumptions: Assumptions;
  readonly generated: { readonly root: GoType | null } | null;
  readonly delimiters: Delimiters;
}

class Cell implements TemplateCell {
  readonly name: string;
  private readonly environment: CompileEnvironment;
  private definition: Tree | null = null;
  private template: CompiledTemplate | null = null;
  /** Its body as closures, beside the generated function. */
  private closures: CompiledTemplate | null = null;
  /** Where the definition was forgotten. */
  private treeAgain: (() => Tree) | null = null;
  isDefined = false;

  constructor(name: string, environment: CompileEnvironment) {
    this.name = name;
    this.environment = environment;
  }

  /** Null also where it was forgotten. */
  get tree(): Tree | null {
    return this.definition;
  }

  define(tree: Tree): void {
    this.isDefined = true;
    this.definition = tree;
    this.template = null;
    this.closures = null;
    this.treeAgain = null;
  }

  /** Makes the template a generated function, where that can be done. `treeAgain`: its tree once it is forgotten. */
  generate(root: GoType | null, treeAgain: () => Tree): void {
    if (this.definition === null || this.template !== null) return;
    this.template = generateTree(this.definition, this.environment, root, () => {
      this.closures ??= compileTree(this.definition ?? treeAgain(), this.environment);
      return this.closures;
    });
  }

  /** Keeps what is compiled alone; `treeAgain`: the tree, for what is not and is called all the same. */
  forgetTree(treeAgain: () => Tree): void {
    if (this.definition === null) return;
    this.definition = null;
    this.treeAgain = treeAgain;
  }

  compiled(): CompiledTemplate | null {
    if (this.template === null) {
      const tree = this.definition ?? this.treeAgain?.() ?? null;
      if (tree !== null) this.template = compileTree(tree, this.environment);
    }
    return this.template;
  }
}

class CompiledSet implements TemplateSet, TemplateSource, CompileEnvironment {
  readonly name: string;
  private readonly settings: Settings;
  private readonly cells = new Map<string, Cell>();
  private readonly tplTexts = new Map<string, ParsedText>();
  private literals = 0;
  /** A text of the set names a function that changes dicts. */
  private mutates = false;
  private parseAgain: (() => ParsedTemplate) | null = null;

  constructor(name: string, settings: Settings) {
    this.name = name;
    this.settings = settings;
  }

  get missingKey(): MissingKey {
    return this.settings.missingKey;
  }

  function(name: string): GoFunc | undefined {
    return this.settings.funcs.get(name) ?? builtinFuncs().get(name);
  }

  isBuiltin(name: string): boolean {
    return !this.settings.funcs.has(name);
  }

  declaredCell(name: string): Cell {
    const known = this.cells.get(name);
    if (known !== undefined) return known;
    const cell = new Cell(name, this);
    this.cells.set(name, cell);
    return cell;
  }

  cell(name: string): Cell | undefined {
    return this.cells.get(name);
  }

  literal(text: string): TextLiteral {
    return { id: this.literals++, text: shareText(text) };
  }

  has(name: string): boolean {
    return this.cells.get(name)?.isDefined === true;
  }

  names(): readonly string[] {
    return [...this.cells.values()]
      .filter((cell) => cell.isDefined)
      .map((cell) => cell.name)
      .sort();
  }

  add(name: string, text: string): void {
    guardStack(() => this.specializeAll(name, this.parse(name, text)));
  }

  addParsed({ name, trees, mutates }: ParsedTemplate): void {
    this.mutates ||= mutates;
    guardStack(() => this.specializeAll(name, trees));
  }

  /** Forgets the trees of the one text that it was made of, which can be had again. */
  forgetTrees(parseAgain: () => ParsedTemplate): void {
    this.parseAgain = parseAgain;
    for (const cell of this.cells.values()) cell.forgetTree(() => this.treeAgain(cell.name));
  }

  render(data: GoValue, expired?: Expired): string {
    return this.renderNamed(this.name, data, expired);
  }

  renderNamed(name: string, data: GoValue, expired?: Expired): string {
    const sink = new StringSink();
    this.renderTo(sink, data, expired, name);
    return repairText(sink.out);
  }

  renderTo(sink: Sink, data: GoValue, expired?: Expired, name = this.name): void {
    const compiled = this.cells.get(name)?.compiled() ?? null;
    if (compiled === null) {
      const message = `no template ${JSON.stringify(name)} associated with template ${JSON.stringify(this.name)}`;
      throw new TemplateError('TEMPLATE_EXEC', message);
    }
    // Data may be shared between renders; templates that change dicts see their changes on a copy of their own.
    const own = this.mutates ? ownCopy(data) : data;
    guardStack(() => new Run(this, sink, this.settings.limits, expired).call(compiled, own ?? undefined));
  }

  /** A text without definitions of its own becomes one more template; one with definitions gets a copy of the set to change. */
  compileText(text: string): ParsedText {
    const known = this.tplTexts.get(text);
    if (known !== undefined) return known;
    const trees = this.parse(this.name, text);
    const set = trees.size > 1 ? this.copy() : this;
    for (const tree of trees.values()) if (tree.name !== this.name) set.declaredCell(tree.name).define(tree);
    const cell = new Cell(this.name, set);
    const main = trees.get(this.name);
    if (main !== undefined) cell.define(main);
    const parsed = { cell, source: set };
    if (text.length > MAX_CACHED_TPL_LENGTH) return parsed;
    // The map keeps insertion order, so the first key is the oldest.
    const [oldest] = this.tplTexts.keys();
    if (this.tplTexts.size >= MAX_CACHED_TPL_TEXTS && oldest !== undefined) this.tplTexts.delete(oldest);
    this.tplTexts.set(text, parsed);
    return parsed;
  }

  private parse(name: string, text: string): ReadonlyMap<string, Tree> {
    return parseTemplate(name, text, {
      delimiters: this.settings.delimiters,
      isFunction: (word) => this.noteFunction(word),
      limits: this.settings.limits,
    });
  }

  private specializeAll(name: string, parsed: ReadonlyMap<string, Tree>): void {
    const trees = this.specialized(name, parsed);
    this.define(trees);
    if (this.settings.generated !== null) {
      this.cells.get(name)?.generate(this.settings.generated.root, () => this.treeAgain(name));
    }
    // Now, not at the first call: literals get their ids in the order of the text. What nothing calls any more, as most of what is written
    // into its caller, waits for a call.
    const called = templatesWithin(trees, name);
    for (const tree of trees.values()) if (called.has(tree.name)) this.declaredCell(tree.name).compiled();
  }

  private specialized(name: string, parsed: ReadonlyMap<string, Tree>): ReadonlyMap<string, Tree> {
    const site = { environment: this, source: this, limits: this.settings.limits };
    return specialize(parsed, name, this.settings.assumptions, site);
  }

  private noteFunction(name: string): boolean {
    const func = this.function(name);
    if (func?.mutates === true) this.mutates = true;
    return func !== undefined;
  }

  private define(trees: ReadonlyMap<string, Tree>): void {
    for (const tree of trees.values()) {
      const cell = this.declaredCell(tree.name);
      if (!cell.isDefined || !isEmptyBody(tree.body)) cell.define(tree);
    }
  }

  private treesAgain(): ReadonlyMap<string, Tree> | null {
    const again = this.parseAgain?.();
    return again === undefined ? null : this.specialized(again.name, again.trees);
  }

  private treeAgain(name: string): Tree {
    const tree = this.treesAgain()?.get(name);
    if (tree === undefined) throw new Error(`the tree of template ${JSON.stringify(name)} is gone`);
    return tree;
  }

  private copy(): CompiledSet {
    const copy = new CompiledSet(this.name, this.settings);
    const forgotten = this.treesAgain();
    for (const cell of this.cells.values()) {
      const tree = cell.tree ?? forgotten?.get(cell.name) ?? null;
      if (cell.isDefined && tree !== null) copy.declaredCell(cell.name).define(tree);
    }
    return copy;
  }
}

/** JavaScript's stack and string length end before a template's own limits do, where nesting and recursion meet. */
function guardStack<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof RangeError)
      throw new TemplateError('TEMPLATE_LIMIT', `template needs too much: ${cause.message}`, undefined, cause);
    throw cause;
  }
}
