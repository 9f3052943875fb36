import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TemplateOptions, TemplateSet } from './engine.ts';
import { compileTemplate } from './engine.ts';
import { TemplateError } from './errors.ts';
import type { GoFunc } from './func.ts';
import { deepEqual } from './go-equal.ts';
import { MAX_VALUE_DEPTH } from './limits.ts';
import type { GoValue } from './value.ts';
import { ANY, INT, STRING } from './value.ts';

const FUNCS = new Map<string, GoFunc>([
  ['include', { params: [STRING, ANY], call: ([name, data = null], context) => context.include(String(name), data) }],
  ['tpl', { params: [STRING, ANY], call: ([text, data = null], context) => context.tpl(String(text), data) }],
  [
    'charge',
    {
      params: [INT],
      call: ([amount], context) => {
        context.charge(Number(amount));
        return '';
      },
    },
  ],
]);

function compile(text: string, limits: TemplateOptions['limits'] = {}): TemplateSet {
  return compileTemplate('main', text, FUNCS, { limits });
}

function assertLimit(run: () => unknown, message: RegExp): void {
  assert.throws(run, (cause) => {
    assert.ok(cause instanceof TemplateError, String(cause));
    assert.equal(cause.code, 'TEMPLATE_LIMIT');
    assert.match(cause.message, message);
    return true;
  });
}

test('steps: rounds, calls and what functions charge', () => {
  const rounds = compile('{{ range 1000 }}{{ end }}', { steps: 999 });
  assertLimit(() => rounds.render(null), /main:1:10: template took too many steps/);
  assert.equal(compile('{{ range 1000 }}{{ end }}', { steps: 1000 }).render(null), '');
  assertLimit(
    () => compile('{{ range 9223372036854775807 }}{{ end }}', { steps: 5_000 }).render(null),
    /too many steps/,
  );
  assertLimit(() => compile('{{ charge 100 }}', { steps: 100 }).render(null), /main:1:4: template took too many steps/);
  assertLimit(() => compile('{{ charge 9223372036854775807 }}').render(null), /too many steps/);
});

test('steps can not be bought back', () => {
  assertLimit(() => compile('{{ charge -100000 }}{{ charge 200 }}', { steps: 100 }).render(null), /too many steps/);
});

test('a variable that doubles itself', () => {
  const set = compile('{{ $x := "xxxxxxxx" }}{{ range 60 }}{{ $x = print $x $x }}{{ end }}');
  assertLimit(() => set.render(null), /too many steps/);
});

test('every render has its own budget', () => {
  const set = compile('{{ range 90 }}{{ end }}', { steps: 100 });
  for (let i = 0; i < 5; i++) assert.equal(set.render(null), '');
});

test('time', () => {
  let looks = 0;
  const set = compile('{{ range 1000000 }}{{ end }}');
  assertLimit(() => set.render(null, () => ++looks > 3), /ran out of time/);
  assert.equal(looks, 4);
});

test('output', () => {
  assertLimit(
    () => compile('{{ range 100 }}0123456789{{ end }}', { outputLength: 999 }).render(null),
    /output is too long/,
  );
  assertLimit(
    () => compile('{{ range 100 }}{{ "0123456789" }}{{ end }}', { outputLength: 999 }).render(null),
    /too long/,
  );
  assert.equal(compile('{{ range 100 }}0123456789{{ end }}', { outputLength: 1000 }).render(null).length, 1000);
});

test('formatted text', () => {
  const format = '%1000000d'.repeat(100);
  assertLimit(
    () => compile(`{{ printf "${format}" }}{{ printf "${format}" ${'1 '.repeat(100)} }}`).render(null),
    /too long/,
  );
});

test('templates that call themselves', () => {
  assertLimit(() => compile('{{ template "main" . }}').render(null), /exceeded maximum template depth \(1000\)/);
  assertLimit(() => compile('{{ include "main" . }}').render(null), /template/);
  assertLimit(() => compile('{{ tpl . . }}').render('{{ tpl . . }}'), /template/);
  const deep = `${'{{ if true }}'.repeat(390)}{{ template "main" . }}${'{{ end }}'.repeat(390)}`;
  assertLimit(() => compile(deep).render(null), /template/);
  const countdown = '{{ define "t" }}{{ if . }}{{ template "t" slice . 1 }}{{ end }}{{ end }}{{ template "t" . }}';
  assert.equal(compile(countdown).render('x'.repeat(900)), '');
});

test('nesting of the text', () => {
  assertLimit(() => compile(`{{ ${'('.repeat(100_000)}1${')'.repeat(100_000)} }}`), /nested too deeply/);
  assertLimit(() => compile('{{ if true }}'.repeat(100_000)), /nested too deeply/);
  assertLimit(() => compile('{{ block "x" . }}'.repeat(100_000)), /nested too deeply/);
  assert.equal(compile(`{{ ${'('.repeat(300)}1${')'.repeat(300)} }}`).render(null), '1');
  const chain = `{{ if eq . 0 }}0${Array.from({ length: 2_000 }, (_, i) => `{{ else if eq . ${i + 1} }}${i + 1}`).join('')}{{ end }}`;
  assert.equal(compile(chain).render(2_000n), '2000');
  assertLimit(() => compile('x'.repeat(20), { sourceLength: 19 }), /too long/);
});

test('data that contains itself', () => {
  const dict: Record<string, unknown> = {};
  dict['self'] = dict;
  assertLimit(() => compile('{{ . }}').render(dict), /main:1:4: value is nested too deeply to print/);
  assertLimit(() => compile('{{ printf "%#v" . }}').render(dict), /too deeply/);
  const list: unknown[] = [];
  list.push(list, list);
  assertLimit(() => compile('{{ html . }}').render(list), /too deeply/);
  const twin: Record<string, unknown> = {};
  twin['self'] = twin;
  assert.equal(deepEqual(dict, { self: dict }), true);
  assertLimit(() => deepEqual(dict, twin), /too deeply/);
});

test('data that is shared so often that its text explodes', () => {
  const share = () => {
    let value: GoValue = 'leaf';
    for (let i = 0; i < 60; i++) value = [value, value];
    return value;
  };
  assertLimit(() => compile('{{ . }}').render(share()), /too long/);
  assertLimit(() => deepEqual(share(), share()), /too many parts/);
});

test('data as deep as it may be is printed', () => {
  let value: GoValue = 'leaf';
  for (let i = 0; i < MAX_VALUE_DEPTH; i++) value = [value];
  assert.equal(compile('{{ . }}').render(value).length, 2 * MAX_VALUE_DEPTH + 4);
});
