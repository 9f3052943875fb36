/**
 * Variables at compile time: each declaration gets a slot of the frame, so that nothing is looked up by name when the template runs.
 */

export interface Binding {
  readonly name: string;
  readonly slot: number;
  /** Declared in an argument that `and` or `or` may skip: until it was evaluated, an outer variable of that name is meant. */
  readonly conditional: boolean;
}

export class Scope {
  private readonly bindings: Binding[] = [{ name: '$', slot: 0, conditional: false }];
  private slots = 1;
  private conditionalDepth = 0;

  /** Slots that a frame of the template needs. */
  get slotCount(): number {
    return this.slots;
  }

  /** Declares a variable, which is visible until its block is left. */
  declare(name: string): number {
    const slot = this.slots++;
    this.bindings.push({ name, slot, conditional: this.conditionalDepth > 0 });
    return slot;
  }

  /** Compiles a block: what is declared in it ends with it. */
  block<T>(compile: () => T): T {
    const mark = this.bindings.length;
    const compiled = compile();
    this.bindings.length = mark;
    return compiled;
  }

  /** Compiles what may be skipped when the template runs; gives the slots declared in it. */
  conditionally<T>(compile: () => T): { readonly compiled: T; readonly declared: readonly number[] } {
    const mark = this.bindings.length;
    this.conditionalDepth++;
    const compiled = compile();
    this.conditionalDepth--;
    return { compiled, declared: this.bindings.slice(mark).map((binding) => binding.slot) };
  }

  /**
   * The slots a name may mean, innermost first: one, unless conditional declarations come before it. Empty, or ending with a
   * conditional one, where the variable may be undefined.
   */
  resolve(name: string): readonly Binding[] {
    const found: Binding[] = [];
    for (let i = this.bindings.length - 1; i >= 0; i--) {
      const binding = this.bindings[i];
      if (binding?.name !== name) continue;
      found.push(binding);
      if (!binding.conditional) break;
    }
    return found;
  }
}
