/**
 * Helm's functions against what Helm's own engine made of templates that use them (test/vectors/helm).
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { compileTemplate } from '../../workers/template/engine.ts';
import { TemplateError } from '../../workers/template/errors.ts';
import { helmFuncs } from '../../workers/template/funcs/helm.ts';
import type { GoValue } from '../../workers/template/value.ts';

const VECTORS = join(import.meta.dirname, '..', 'vectors', 'helm');
const MISMATCHES_SHOWN = 20;

interface HelmCase {
  readonly template: string;
  readonly output?: string;
  readonly error?: string;
}

/** The named templates of the recorded chart. */
const HELPERS = readFileSync(join(VECTORS, 'helpers.tpl'), 'utf8');

const funcs = helmFuncs();

function answer({ template }: HelmCase, values: GoValue): { readonly output: string } | { readonly error: string } {
  try {
    const set = compileTemplate('c/templates/case', template, funcs, { missingKey: 'zero' });
    set.add('c/templates/_helpers.tpl', HELPERS);
    const output = set.render({
      Values: values,
      Chart: { Name: 'c', Version: '1.0.0' },
      Template: { Name: 'c/templates/case', BasePath: 'c/templates' },
    });
    return { output: output.replaceAll('<no value>', '') };
  } catch (cause) {
    if (!(cause instanceof TemplateError)) throw cause;
    return { error: cause.message };
  }
}

test("templates with Helm's functions give what Helm gave", () => {
  const values = JSON.parse(readFileSync(join(VECTORS, 'data.json'), 'utf8')) as GoValue;
  const cases = readFileSync(join(VECTORS, 'vectors.ndjson'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as HelmCase);
  assert.ok(cases.length > 1_000);
  const wrong: string[] = [];
  for (const each of cases) {
    const ours = answer(each, values);
    const agrees = 'output' in ours ? ours.output === each.output : each.error !== undefined;
    if (!agrees) wrong.push(`${JSON.stringify(each)}\n  ours: ${JSON.stringify(ours)}`);
  }
  assert.equal(
    wrong.length,
    0,
    `${wrong.length} of ${cases.length} differ:\n${wrong.slice(0, MISMATCHES_SHOWN).join('\n')}`,
  );
});
