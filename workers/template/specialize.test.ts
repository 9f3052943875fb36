import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileTemplate } from './engine.ts';
import { TemplateError } from './errors.ts';
import type { FuncMap } from './func.ts';
import { sprigFuncs } from './funcs/sprig.ts';
import type { AbsentKeys } from './specialize.ts';
import { type GoValue, stringMap } from './value.ts';

const CONSTANTS = new Map<string, GoValue>([
  ['c', { yes: true, no: false, text: 'constant', list: ['x', 'y'], nil: null, number: 5 }],
  ['s', 'scalar'],
]);

/** Renders with and without constants; counts the literals and values that the specialized template writes. */
function both(text: string, dynamic: GoValue = 'dynamic', funcs: FuncMap = sprigFuncs()) {
  const data = { ...Object.fromEntries(CONSTANTS), d: dynamic };
  const assumptions = { constants: CONSTANTS };
  const special = compileTemplate('t', text, funcs, { assumptions });
  const generated = compileTemplate('t', text, funcs, { assumptions, generated: { root: null } });
  let literals = 0;
  const values: string[] = [];
  const answer = (render: () => string): string => {
    try {
      return render();
    } catch (error) {
      assert.ok(error instanceof TemplateError);
      return `error: ${error.detail}`;
    }
  };
  const general = answer(() => compileTemplate('t', text, funcs).render(data));
  assert.equal(
    answer(() => special.render(data)),
    general,
  );
  assert.equal(
    answer(() => generated.render(data)),
    general,
  );
  if (!general.startsWith('error')) {
    special.renderTo({ text: () => literals++, value: (value) => values.push(value) }, data);
  }
  return { text: general, literals, values };
}

test('what depends on constants alone becomes text, and text runs together', () => {
  assert.deepEqual(both('a {{ .c.text }} {{ .s | upper | quote }} {{ len .c.list }} b'), {
    text: 'a constant "SCALAR" 2 b',
    literals: 1,
    values: [],
  });
});

test('known conditions choose their branch', () => {
  const { text, literals, values } = both(
    '{{ if .c.no }}1{{ else if and .c.yes (eq .s "scalar") }}2{{ .d }}{{ else }}3{{ end }}{{ if or .c.no .d }}4{{ end }}',
  );
  assert.equal(text, '2dynamic4');
  assert.deepEqual([literals, values], [2, ['dynamic']]);
});

test('variables of a dropped branch stay in their block', () => {
  assert.equal(both('{{ $x := .d }}{{ if .c.yes }}{{ $x := "inner" }}{{ $x }}{{ end }}{{ $x }}').text, 'innerdynamic');
  assert.equal(both('{{ $x := .s }}{{ if .d }}{{ $x = "changed" }}{{ end }}{{ $x }}').text, 'changed');
  assert.equal(both('{{ $x := .s }}{{ if eq $x "scalar" }}yes{{ end }}').literals, 1);
});

test('a template called with the root is written out where it is called', () => {
  const text =
    '{{ define "inner" }}{{ if .c.yes }}[{{ .s }}{{ .d }}]{{ end }}{{ end }}<{{ template "inner" . }}{{ template "inner" $ }}>';
  assert.deepEqual(both(text).text, '<[scalardynamic][scalardynamic]>');
  assert.equal(both(text).literals, 3);
});

test('where dot is something else, its fields are not the root’s', () => {
  assert.equal(both('{{ with .d }}{{ .s }}{{ $.s }}{{ end }}', { s: 'other' }).text, 'otherscalar');
  assert.equal(both('{{ range .c.list }}{{ . }}{{ $.s }}{{ end }}').text, 'xscalaryscalar');
});

test('what fails still fails, and only when it is reached', () => {
  assert.match(both('{{ .c.text.nope }}').text, /^error/);
  assert.match(both('{{ index .c.list 7 }}').text, /^error/);
  assert.equal(both('{{ if .d }}fine{{ else }}{{ index .c.list 7 }}{{ end }}').text, 'fine');
  assert.match(both('{{ if and .d.nope .c.no }}x{{ end }}').text, /^error/);
  assert.equal(both('{{ .c.nil }}{{ .c.missing }}').text, '<no value><no value>');
});

test('functions that are not pure run at every render', () => {
  let calls = 0;
  const funcs: FuncMap = new Map([...sprigFuncs(), ['tick', { params: [], call: () => String(++calls) }]]);
  const set = compileTemplate('t', '{{ tick }}{{ .s }}', funcs, { assumptions: { constants: CONSTANTS } });
  assert.equal(set.render({ s: 'scalar' }), '1scalar');
  assert.equal(set.render({ s: 'scalar' }), '2scalar');
});

test('a template that changes dicts, or gives $ another value, is left alone', () => {
  assert.equal(both('{{ $_ := set (dict "a" 1) "b" .s }}{{ .s }}').values.length, 1);
  assert.equal(both('{{ $ = .d }}{{ $.s }}', { s: 'other' }).text, 'other');
});

test('keys that the data has not got are relied on, and told', () => {
  const absent: AbsentKeys = { empty: new Map([['m', stringMap({})]]), reliedOn: new Set() };
  const text = '{{ if index .m "a" }}a{{ end }}{{ index .m "b" | default .s }}{{ index .m .d }}{{ .m.c }}';
  const set = compileTemplate('t', text, sprigFuncs(), { assumptions: { constants: CONSTANTS, absent } });
  assert.deepEqual([...absent.reliedOn], ['a', 'b']);
  const data = { s: 'scalar', d: 'k', m: stringMap({ k: 'v', c: 'w' }) };
  assert.equal(set.render(data), compileTemplate('t', text, sprigFuncs()).render(data));
  assert.equal(set.render(data), 'scalarvw');
});

test('with a known value dot is that value in the branch that is taken, and in no other', () => {
  assert.deepEqual(
    both('{{ with .c.text }}[{{ . }}{{ $.s }}]{{ end }}{{ with .c.no }}{{ . }}{{ else }}{{ .s }}{{ end }}'),
    {
      text: '[constantscalar]scalar',
      literals: 1,
      values: [],
    },
  );
  assert.equal(
    both('{{ with .d.nope }}1{{ else with .c }}{{ .text }}{{ .number }}{{ else }}3{{ end }}', {}).text,
    'constant5',
  );
  assert.equal(
    both('{{ with .c.no }}1{{ else with .d }}{{ . }}{{ .s }}{{ else }}3{{ end }}', { s: 'in' }).values.length,
    2,
  );
  assert.match(both('{{ with .c.text }}{{ .nope }}{{ end }}').text, /^error.*nope/);
  assert.match(both('{{ with .c.text }}{{ . 1 }}{{ end }}').text, /^error/);
  assert.equal(
    both('{{ with .c }}{{ range .list }}{{ . }}{{ end }}{{ with $.d }}{{ . }}{{ end }}{{ end }}').text,
    'xydynamic',
  );
});

test('a known value stays dot where statements nest too deeply to be followed', () => {
  const depth = 250;
  const text = `{{ with .c.text }}${'{{ if $.d }}'.repeat(depth)}{{ . }}${'{{ end }}'.repeat(depth)}{{ end }}`;
  assert.equal(both(text).text, 'constant');
});

test('a range over nothing is what its else says', () => {
  assert.deepEqual(
    both('a{{ range $k, $v := .c.missing }}{{ $k }}{{ end }}b{{ range (list) }}x{{ else }}y{{ end }}c'),
    {
      text: 'abyc',
      literals: 1,
      values: [],
    },
  );
  assert.match(both('{{ range .c.yes }}x{{ end }}').text, /^error/);
});

test('a variable is declared only where something still reads it', () => {
  assert.equal(both('a{{ $x := .s }}b{{ if eq $x "scalar" }}c{{ end }}').literals, 1);
  assert.equal(both('{{ $x := .s }}{{ $y := $x }}{{ if .d }}{{ $y = .d }}{{ end }}{{ $y }}').text, 'dynamic');
  assert.match(both('{{ $x := 9223372036854775808 }}a').text, /^error/);
});
