/**
 * Tables of templates and what they give, for the tests of template functions.
 */
import assert from 'node:assert/strict';
import { compileTemplate } from '../engine.ts';
import { TemplateError } from '../errors.ts';
import type { FuncMap } from '../func.ts';
import type { GoValue } from '../value.ts';
import { sprigFuncs } from './sprig.ts';

/** In place of an output: the template is an error. */
export const FAILS: unique symbol = Symbol('fails');

function outcome(template: string, funcs: FuncMap, data: GoValue): string | typeof FAILS {
  try {
    return compileTemplate('test', template, funcs).render(data);
  } catch (error) {
    if (error instanceof TemplateError && error.code !== 'TEMPLATE_LIMIT') return FAILS;
    throw error;
  }
}

/** Asserts what each template gives. Anything but an error of the template itself is a failure. */
export function renders(
  cases: readonly (readonly [template: string, expected: string | typeof FAILS])[],
  funcs: FuncMap = sprigFuncs(),
  data: GoValue = {},
): void {
  for (const [template, expected] of cases) assert.equal(outcome(template, funcs, data), expected, template);
}
