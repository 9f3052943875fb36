/**
 * Specializing and generating change nothing: every recorded template, with some or all of its data taken for constant, gives what Go
 * gave, as closures and as a function.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { compileTemplate, type TemplateOptions } from '../../workers/template/engine.ts';
import { TemplateError } from '../../workers/template/errors.ts';
import { sprigFuncs } from '../../workers/template/funcs/sprig.ts';
import type { GoValue } from '../../workers/template/value.ts';
import { corpusPath, corpusSkip, readCorpusLines } from './corpus.ts';

interface Vector {
  readonly template: string;
  readonly output?: string;
  readonly error?: string;
}

const MISMATCHES_SHOWN = 10;

function render(text: string, data: GoValue, options: TemplateOptions): { text?: string; error?: string } {
  try {
    return { text: compileTemplate('main', text, sprigFuncs(), options).render(data) };
  } catch (error) {
    if (error instanceof TemplateError) return { error: error.message };
    throw error;
  }
}

const CHOICES: readonly (readonly [string, (index: number) => boolean])[] = [
  ['no field', () => false],
  ['all fields', () => true],
  ['every other field', (index) => index % 2 === 0],
  ['the other fields', (index) => index % 2 === 1],
];

for (const [name, chosen] of CHOICES) {
  test(`templates specialized to ${name} of their data answer as recorded`, { skip: corpusSkip() }, () => {
    const data = JSON.parse(readFileSync(corpusPath('gotemplate', 'data.json'), 'utf8')) as Record<string, GoValue>;
    const constants = new Map(Object.entries(data).filter((_, index) => chosen(index)));
    const vectors = readCorpusLines('gotemplate', 'vectors.ndjson') as Vector[];
    const wrong = vectors.filter(({ template, output }) => {
      const closures = render(template, data, { assumptions: { constants } });
      const generated = render(template, data, { assumptions: { constants }, generated: { root: null } });
      return closures.text !== output || generated.text !== output || generated.error !== closures.error;
    });
    assert.deepEqual(wrong.slice(0, MISMATCHES_SHOWN), []);
  });
}
