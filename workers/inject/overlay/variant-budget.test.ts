import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileTemplate } from '../../template/engine.ts';
import { KeptVariant, VariantBudget } from './variant-budget.ts';

/** Variants of templates of 10 units of text, and how often each was compiled. */
function variantsOf(budget: VariantBudget, count: number): { variants: KeptVariant[]; compiled: number[] } {
  const compiled = Array.from({ length: count }, () => 0);
  const variants = compiled.map((_, index) => {
    return new KeptVariant(budget, 10, () => {
      compiled[index] = (compiled[index] ?? 0) + 1;
      return compileTemplate('variant', String(index), new Map());
    });
  });
  return { variants, compiled };
}

test('the longest unused variant makes room, and is compiled again when it comes back', () => {
  const { variants, compiled } = variantsOf(new VariantBudget(20), 3);
  const [a, b, c] = variants as [KeptVariant, KeptVariant, KeptVariant];
  assert.equal(a.use()?.render(null), '0');
  b.use();
  a.use();
  assert.equal(c.use()?.render(null), '2');
  assert.deepEqual(
    variants.map(({ isCompiled }) => isCompiled),
    [true, false, true],
  );
  assert.equal(b.use()?.render(null), '1');
  assert.ok(!a.isCompiled && a.wasCompiled);
  assert.deepEqual(compiled, [1, 2, 1]);
});

test('where there are more kinds than room, variants are not compiled in turn all the time', () => {
  const { variants, compiled } = variantsOf(new VariantBudget(20), 3);
  const renders = 30_000;
  let without = 0;
  for (let i = 0; i < renders; i++) if (variants[i % 3]?.use() === null) without++;
  const total = compiled.reduce((sum, count) => sum + count, 0);
  assert.ok(total > 64 && total < 64 + renders / 250, `${total} were compiled`);
  assert.ok(without > renders / 4, `${without} renders had no variant`);
});

test('a template that is larger than the whole budget has no variant', () => {
  const { variants } = variantsOf(new VariantBudget(9), 1);
  assert.equal(variants[0]?.use(), null);
});
