import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TemplateOptions } from './engine.ts';
import { compileParsed, compileTemplate, parseTemplateText } from './engine.ts';
import { TemplateError } from './errors.ts';
import type { GoFunc } from './func.ts';
import { FuncError } from './func.ts';
import type { Sink, TextLiteral } from './sink.ts';
import type { GoValue } from './value.ts';
import { ANY, STRING } from './value.ts';

const INCLUDE: GoFunc = {
  params: [STRING, ANY],
  call: ([name, data = null], context) => context.include(String(name), data),
};
const TPL: GoFunc = { params: [STRING, ANY], call: ([text, data = null], context) => context.tpl(String(text), data) };
const FAIL: GoFunc = {
  params: [STRING],
  call: ([text]) => {
    throw new FuncError(String(text));
  },
};
const FUNCS = new Map([
  ['include', INCLUDE],
  ['tpl', TPL],
  ['fail', FAIL],
]);

function render(text: string, data: GoValue = null, options: TemplateOptions = {}): string {
  return compileTemplate('main', text, FUNCS, options).render(data);
}

function errorOf(run: () => unknown): TemplateError {
  try {
    run();
  } catch (cause) {
    assert.ok(cause instanceof TemplateError, String(cause));
    return cause;
  }
  return assert.fail('no error');
}

test('an execution error has its code, place, context and code frame', () => {
  const error = errorOf(() => render('first\n  {{ .a }}\n  {{ .a.b }}\nlast', { a: 'text' }));
  assert.equal(error.code, 'TEMPLATE_EXEC');
  assert.deepEqual([error.template, error.line, error.column], ['main', 3, 6]);
  assert.match(
    error.message,
    /^template: main:3:6: executing "main" at <\.a\.b>: can't evaluate field b in type string$/,
  );
  assert.equal(error.frame, '  1 | first\n  2 |   {{ .a }}\n> 3 |   {{ .a.b }}\n    |      ^\n  4 | last');
});

test('a syntax error has its code, place and code frame', () => {
  const error = errorOf(() => compileTemplate('sidecar', 'a\n{{ if .x }}\n{{ nosuch .y }}\n{{ end }}', FUNCS));
  assert.equal(error.code, 'TEMPLATE_SYNTAX');
  assert.deepEqual([error.template, error.line, error.column], ['sidecar', 3, 4]);
  assert.equal(error.detail, 'function "nosuch" not defined');
  assert.match(error.frame, /^> 3 \| \{\{ nosuch \.y \}\}\n {4}\| {4}\^$/m);
});

test('an error of a function is an execution error that names the function and the template it stands in', () => {
  const error = errorOf(() => render('{{ define "inner" }}{{ fail "no" }}{{ end }}{{ template "inner" }}'));
  assert.equal(error.code, 'TEMPLATE_EXEC');
  assert.match(error.message, /executing "inner" at <fail "no">: error calling fail: no$/);
  assert.ok(error.cause instanceof FuncError);
});

test('a fault of a function is not taken for an error of the template', () => {
  const broken: GoFunc = {
    params: [],
    call: () => {
      throw new TypeError('broken');
    },
  };
  assert.throws(() => compileTemplate('main', '{{ broken }}', new Map([['broken', broken]])).render(null), TypeError);
});

test('templates that are added replace those of their name, but empty ones replace none', () => {
  const set = compileTemplate('main', '{{ template "a" }}{{ define "a" }}old{{ end }}', FUNCS);
  set.add('a', 'new');
  assert.equal(set.render(null), 'new');
  set.add('a', ' {{/* nothing */}} ');
  assert.equal(set.render(null), 'new');
  set.add('b', '{{ define "c" }}c{{ end }}');
  assert.deepEqual(set.names(), ['a', 'b', 'c', 'main']);
  assert.equal(set.renderNamed('c', null), 'c');
  assert.equal(set.has('c'), true);
  assert.equal(set.has('none'), false);
  assert.equal(errorOf(() => set.renderNamed('none', null)).code, 'TEMPLATE_EXEC');
});

test('a text that does not parse leaves the set as it was', () => {
  const set = compileTemplate('main', 'x{{ template "a" }}', FUNCS);
  assert.equal(errorOf(() => set.add('a', '{{ define "a" }}y{{ end }}{{ end }}')).code, 'TEMPLATE_SYNTAX');
  assert.equal(set.has('a'), false);
});

test('a name that is only called is no template of the set', () => {
  const set = compileTemplate('main', '{{ template "later" . }}', FUNCS);
  assert.equal(set.has('later'), false);
  assert.match(errorOf(() => set.render(1n)).message, /template "later" not defined/);
  set.add('later', '<{{ . }}>');
  assert.equal(set.render(1n), '<1>');
});

test('other delimiters', () => {
  assert.equal(
    render('{{ x }} [[ .a -]] \n[[/* c */]]b', { a: 1n }, { leftDelim: '[[', rightDelim: ']]' }),
    '{{ x }} 1b',
  );
});

test('include and tpl give text, with templates of the same set', () => {
  const text = '{{ define "greet" }}hello {{ . }}{{ end }}{{ include "greet" .name | printf "%q" }} {{ tpl .text . }}';
  assert.equal(render(text, { name: 'x', text: '{{ include "greet" .name }}!' }), '"hello x" hello x!');
  assert.match(errorOf(() => render('{{ include "none" . }}')).message, /error calling include: .*no template "none"/);
  assert.equal(errorOf(() => render('{{ tpl "{{" . }}')).code, 'TEMPLATE_SYNTAX');
});

test('a set that forgets its trees renders as one that keeps them, also where tpl needs them again', () => {
  const text =
    '{{ define "a" }}set{{ end }}{{ define "call" }}{{ template "a" }}{{ end }}{{ tpl .t . }} {{ template "call" }}';
  const data = { t: '{{ define "a" }}own{{ end }}{{ template "call" }}' };
  let parsed = 0;
  const parse = () => {
    parsed++;
    return parseTemplateText('main', text, FUNCS);
  };
  const set = compileParsed(parse(), FUNCS, { parseAgain: parse });
  assert.deepEqual([set.has('a'), set.names()], [true, ['a', 'call', 'main']]);
  assert.equal(set.render({ t: 'x' }), 'x set');
  assert.equal(parsed, 1);
  assert.equal(set.render(data), compileParsed(parse(), FUNCS).render(data));
  assert.equal(parsed, 3);
});

test('what a tpl text defines is for that text, and the templates it calls, alone', () => {
  const set = compileTemplate(
    'main',
    '{{ define "a" }}set{{ end }}{{ define "call" }}{{ template "a" }}{{ end }}{{ tpl .t . }} {{ template "a" }}',
    FUNCS,
  );
  const data = { t: '{{ define "a" }}text{{ end }}{{ template "a" }} {{ template "call" }}' };
  assert.equal(set.render(data), 'text text set');
  assert.equal(set.render(data), 'text text set');
});

test('break and continue are names where functions have them', () => {
  const funcs = new Map<string, GoFunc>([['break', { params: [], call: () => 'snap' }]]);
  assert.equal(compileTemplate('main', '{{ range . }}{{ break }}{{ end }}', funcs).render([1, 2]), 'snapsnap');
});

test('a function of the user replaces and, with its arguments evaluated as any other function evaluates them', () => {
  const both: GoFunc = { params: [ANY, ANY], call: ([a, b]) => `${a}${b}` };
  assert.equal(compileTemplate('main', '{{ and 0 1 }}', new Map([['and', both]])).render(null), '01');
});

test('a template that is written into its caller is compiled only if something calls it all the same', () => {
  const text =
    '{{ define "part" }}[{{ .own }}{{ .shared }}]{{ end }}{{ define "other" }}({{ template "part" .sub }}){{ end }}';
  const main = '{{ template "part" . }}{{ if .more }}{{ template "other" . }}{{ end }}';
  const constants = new Map<string, GoValue>([['shared', 's']]);
  for (const [call, more] of [
    [main, 0],
    [`${main}{{ include "part" . }}`, 0],
    ['{{ template "part" . }}', 1],
  ] as const) {
    let parses = 0;
    const parse = () => {
      parses++;
      return parseTemplateText('main', text + call, FUNCS);
    };
    const set = compileParsed(parse(), FUNCS, { parseAgain: parse, assumptions: { constants } });
    const data = { own: 'o', shared: 's', more: true, sub: { own: 'x', shared: 'y' } };
    const whole = compileTemplate('main', text + call, FUNCS);
    assert.equal(set.render(data), whole.render(data));
    assert.equal(parses, 1, 'what a render may come to is compiled at once');
    for (const name of ['part', 'other']) assert.equal(set.renderNamed(name, data), whole.renderNamed(name, data));
    assert.equal(set.renderNamed('part', data), '[os]');
    assert.equal(parses, 1 + 2 * more, 'the others once, when they are asked for');
  }
});

class Recorder implements Sink {
  readonly events: (number | string)[] = [];
  text(literal: TextLiteral): void {
    this.events.push(literal.id);
  }
  value(text: string): void {
    this.events.push(text);
  }
}

test('literals have ids that tell the path a render took, and values arrive apart', () => {
  const set = compileTemplate(
    'main',
    'a{{ if .x }}b{{ .x }}c{{ else }}d{{ end }}{{ range .l }}e{{ . }}{{ end }}',
    FUNCS,
  );
  const eventsOf = (data: GoValue) => {
    const recorder = new Recorder();
    set.renderTo(recorder, data);
    return recorder.events;
  };
  assert.deepEqual(eventsOf({ x: 'v', l: [] }), [0, 1, 'v', 2]);
  assert.deepEqual(eventsOf({ x: 'w', l: ['', 1n] }), [0, 1, 'w', 2, 4, '', 4, '1']);
  assert.deepEqual(eventsOf({ l: [] }), [0, 3]);
});

test('literals of templates that are called, and added later, have ids of their own', () => {
  const set = compileTemplate('main', 'a{{ template "b" }}', FUNCS);
  set.add('b', 'b{{ define "c" }}c{{ end }}{{ template "c" }}');
  const recorder = new Recorder();
  set.renderTo(recorder, null);
  assert.equal(new Set(recorder.events).size, 3);
});

test('bytes that are cut apart and printed side by side are whole again; others become the replacement character', () => {
  assert.equal(render('{{ slice . 0 1 }}{{ slice . 1 }}|{{ slice . 0 1 }}', 'é'), 'é|\ufffd');
});
