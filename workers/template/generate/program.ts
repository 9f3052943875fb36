/**
 * The text of a generated function while it is written. Nothing of a template comes into it: it consists of the words that this
 * folder's files write, and of numbers. Names, texts, functions and types are constants, which the code knows as k0, k1 …
 */
import type { CompiledTemplate, Run, Slot } from '../run.ts';
import { NORMAL } from '../run.ts';
import type { Site } from '../site.ts';
import type { GoType } from '../value.ts';
import { SUPPORT } from './support.ts';

/** Lines of code of one template, beyond which it is not generated. */
export const MAX_LINES = 4_000;

/** Thrown where a template does something that is left to closures. */
export class NotGenerated extends Error {
  override readonly name = 'NotGenerated';
}

/**
 * What an expression gives, as code without side effects. `slot`: any value, or undefined. `data`: the plain data of a value of that type,
 * which needs no GoRef around it until something wants one.
 */
export type Held =
  | { readonly code: string; readonly known: 'slot' | 'text' | 'bool' }
  | { readonly code: string; readonly known: 'data'; readonly type: GoType };

/** What an exception is located by: the place of what ran, and the function that it called. */
interface Place {
  readonly site: Site;
  readonly called: string | null;
}

export type Generated = (run: Run, dot: Slot) => void;

export class Program {
  readonly #constants: unknown[] = [];
  readonly #places: Place[] = [];
  #lines: string[] = [];
  #count = 0;
  #names = 0;
  /** Reads that were done already where the next line stands, by what they read. */
  #done = new Map<string, Held>();

  /** The name of a constant. */
  constant(value: unknown): string {
    // 0 and -0 are two numbers that are found for one another.
    const known = typeof value === 'number' ? -1 : this.#constants.indexOf(value);
    return `k${known >= 0 ? known : this.#constants.push(value) - 1}`;
  }

  /** A name that nothing has yet. */
  name(): string {
    return `t${this.#names++}`;
  }

  line(code: string): void {
    if (++this.#count > MAX_LINES) throw new NotGenerated();
    this.#lines.push(code);
  }

  /** Names an expression's result. */
  temporary(expression: string): string {
    const name = this.name();
    this.line(`const ${name}=${expression};`);
    return name;
  }

  /** Says what an exception of the next lines is to be located by; `called`: the function whose error it may be. */
  at(site: Site, called: string | null = null): void {
    // No closure: one that is made where a template is read keeps the writer and the tree for as long as the function.
    this.line(`at=${this.#places.push({ site, called })};`);
  }

  /** A block of its own: what is declared and read in it is forgotten behind it. */
  block(head: string, write: () => void, tail = '}'): void {
    const before = this.#done;
    this.#done = new Map(before);
    this.line(`${head}{`);
    write();
    this.line(tail);
    this.#done = before;
  }

  /** What was read under a key, or is read now. */
  once(key: string, read: () => Held): Held {
    const known = this.#done.get(key);
    if (known !== undefined) return known;
    const held = read();
    this.#done.set(key, held);
    return held;
  }

  /** Makes the function. `guard` stands before everything else. Throws EvalError where the process allows no code from text. */
  finish(guard: string, variables: readonly string[]): CompiledTemplate {
    const constants = this.#constants.map((_, index) => `k${index}=k[${index}]`);
    const support = Object.keys(SUPPORT).join(',');
    const source = [
      `const {${support}}=s;`,
      ...(constants.length === 0 ? [] : [`const ${constants.join(',')};`]),
      'return (r,d)=>{',
      guard,
      ...(variables.length === 0 ? [] : [`let ${variables.join(',')};`]),
      'let at=0;try{',
      ...this.#lines,
      '}catch(e){throw place(at,e);}',
      '};',
    ].join('\n');
    const make = new Function('s', 'k', 'place', source) as (...args: readonly unknown[]) => Generated;
    return templateOf(make(SUPPORT, this.#constants, locating(this.#places)));
  }
}

function locating(places: readonly Place[]): (at: number, cause: unknown) => unknown {
  return (at, cause) => {
    const place = places[at - 1];
    if (place === undefined) return cause;
    return place.called === null ? place.site.located(cause) : place.site.calling(place.called, cause);
  };
}

function templateOf(generated: Generated): CompiledTemplate {
  return {
    slotCount: 1,
    body: ({ run }, dot) => {
      generated(run, dot);
      return NORMAL;
    },
  };
}
