/**
 * Templates against what Go's text/template made of them: cases recorded for this repository (builtins, types, errors), and the
 * corpus (builtins and sprig over JSON data).
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { compileTemplate } from '../../workers/template/engine.ts';
import { TemplateError } from '../../workers/template/errors.ts';
import type { FuncMap } from '../../workers/template/func.ts';
import { sprigFuncs } from '../../workers/template/funcs/sprig.ts';
import type { GoValue } from '../../workers/template/value.ts';
import { corpusPath, corpusSkip, readCorpusLines } from './corpus.ts';
import type { TemplateCase } from './gotemplate-fixture.ts';
import { buildData, fixtureFuncs } from './gotemplate-fixture.ts';

const VECTORS = join(import.meta.dirname, '..', 'vectors', 'gotemplate');
const MISMATCHES_SHOWN = 20;

type Answer = { readonly output: string } | { readonly error: string };

function render(testCase: TemplateCase, funcs: FuncMap, data: GoValue): Answer {
  try {
    const set = compileTemplate('main', testCase.template, funcs, { missingKey: testCase.missingKey ?? 'default' });
    for (const [name, text] of Object.entries(testCase.named ?? {})) set.add(name, text);
    return { output: set.render(data) };
  } catch (cause) {
    // Anything else is a fault of the engine, which no recorded error excuses.
    if (!(cause instanceof TemplateError)) throw cause;
    return { error: cause.message };
  }
}

/** An error has to be an error; its words need not agree. */
function agrees(testCase: TemplateCase, answer: Answer): boolean {
  return 'output' in answer ? answer.output === testCase.output : testCase.error !== undefined;
}

function assertAll(cases: readonly TemplateCase[], funcs: FuncMap, dataOf: (testCase: TemplateCase) => GoValue): void {
  const wrong: string[] = [];
  for (const testCase of cases) {
    const answer = render(testCase, funcs, dataOf(testCase));
    if (!agrees(testCase, answer)) wrong.push(`${JSON.stringify(testCase)}\n  ours: ${JSON.stringify(answer)}`);
  }
  assert.equal(
    wrong.length,
    0,
    `${wrong.length} of ${cases.length} differ:\n${wrong.slice(0, MISMATCHES_SHOWN).join('\n')}`,
  );
}

test('recorded cases give what Go gave', () => {
  const lines = readFileSync(join(VECTORS, 'vectors.ndjson'), 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  const cases = lines.map((line) => JSON.parse(line) as TemplateCase);
  assert.ok(cases.length > 1_000);
  const shared = buildData(JSON.parse(readFileSync(join(VECTORS, 'data.json'), 'utf8')));
  assertAll(cases, fixtureFuncs, ({ data }) => (data === undefined ? shared : buildData(data)));
});

test('templates of the corpus give what Go and sprig gave', { skip: corpusSkip() }, () => {
  const cases = readCorpusLines('gotemplate', 'vectors.ndjson') as TemplateCase[];
  assert.ok(cases.length > 1_000);
  const data = JSON.parse(readFileSync(corpusPath('gotemplate', 'data.json'), 'utf8')) as GoValue;
  assertAll(cases, sprigFuncs(), () => data);
});
