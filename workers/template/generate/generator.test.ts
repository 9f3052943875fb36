/** Generated templates do what closures do, and hold nothing of the template or its data as code. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileTemplate, type TemplateOptions } from '../engine.ts';
import { TemplateError } from '../errors.ts';
import type { FuncMap } from '../func.ts';
import { sprigFuncs } from '../funcs/sprig.ts';
import { GoRef, type GoStructType, type GoType, type GoValue, STRING, STRING_MAP } from '../value.ts';

function struct(name: string, fields: Readonly<Record<string, GoType>>): GoStructType {
  const entries = Object.entries(fields).map(
    ([field, type]) => [field, { name: field, type, jsonName: field.toLowerCase() }] as const,
  );
  return { kind: 'struct', name, fields: new Map(entries) };
}

const PORT = struct('Port', { Number: { kind: 'int32' }, Name: STRING });
const PROTOCOL: GoType = { kind: 'string', name: 'Protocol' };
const ITEM = struct('Item', { Name: STRING, Ports: { kind: 'slice', elem: PORT }, Protocol: PROTOCOL });
const META: GoStructType = {
  ...struct('Meta', { Name: STRING, Labels: STRING_MAP, Hidden: STRING }),
  methods: new Map([['Hidden', () => 'by a method']]),
};
const ROOT = struct('Root', {
  Meta: META,
  Items: { kind: 'slice', elem: ITEM },
  Names: { kind: 'slice', elem: STRING },
  Next: { kind: 'pointer', elem: META },
  On: { kind: 'bool' },
  Any: { kind: 'interface' },
  Constructor: STRING,
  Length: STRING,
});

const DATA = new GoRef(ROOT, {
  meta: { name: 'pod', labels: { app: 'web', 'a/b': 'c' }, hidden: 'field' },
  items: [{ name: 'one', ports: [{ number: 80, name: 'http' }, { number: 90 }], protocol: 'TCP' }, { name: 'two' }, {}],
  names: ['x', 'y', ''],
  next: { name: 'next' },
  on: true,
  any: { key: ['value', 1.5] },
});

/** How a template ends: its text, or its error with the place. */
function answer(text: string, data: GoValue, options: TemplateOptions, funcs: FuncMap = sprigFuncs()): string {
  try {
    return compileTemplate('main', text, funcs, options).render(data);
  } catch (error) {
    if (error instanceof TemplateError) return `${error.code} ${error.message}`;
    throw error;
  }
}

/** Calls back with the source of every function that is made from text meanwhile. */
function sourcesDuring(work: () => void): string[] {
  const sources: string[] = [];
  const before = globalThis.Function;
  globalThis.Function = new Proxy(before, {
    construct(target, args: string[]) {
      sources.push(args.join('\n'));
      return Reflect.construct(target, args);
    },
  });
  try {
    work();
  } finally {
    globalThis.Function = before;
  }
  return sources;
}

function assertAlike(text: string, data: GoValue = DATA, root: GoType | null = ROOT): string {
  let generated = '';
  const sources = sourcesDuring(() => {
    generated = answer(text, data, { generated: { root } });
  });
  assert.equal(sources.length, 1, `not generated: ${text}`);
  assert.equal(generated, answer(text, data, {}), text);
  return generated;
}

test('typed data reads as it does through references', () => {
  assert.equal(assertAlike('{{ .Meta.Name }} {{ .Meta.Labels.app }} {{ index .Meta.Labels "a/b" }}'), 'pod web c');
  assert.equal(assertAlike('{{ .Meta.Hidden }}|{{ index .Meta.Labels "none" }}|{{ .On }}'), 'by a method||true');
  assert.equal(assertAlike('{{ .Next.Name }} {{ .Any.key }} {{ index .Any.key 0 }}'), 'next [value 1.5] value');
  assert.match(assertAlike('{{ .Items }}{{ .Meta }}{{ .Next }}'), /80/);
  assert.equal(assertAlike('{{ .Constructor }}{{ .Length }}{{ index .Meta.Labels "constructor" }}'), '');
  assert.equal(assertAlike('{{ $.Meta.Name }}{{ with .Meta }}{{ .Name }}{{ $.Meta.Name }}{{ end }}'), 'podpodpod');
  assert.equal(assertAlike('{{ if .Meta }}1{{ end }}{{ if .Meta.Labels }}2{{ end }}{{ if .Names }}3{{ end }}'), '123');
});

test('data that is not there reads as the zero of its type', () => {
  const empty = new GoRef(ROOT, {});
  const texts = [
    '{{ .Meta.Name }}|{{ index .Meta.Labels "x" }}|{{ .Meta.Labels.x }}|{{ .On }}|{{ .Any }}|{{ .Names }}',
    '{{ range .Items }}x{{ else }}none{{ end }}{{ range $i, $n := .Names }}{{ $i }}{{ end }}',
    '{{ if .Meta }}1{{ end }}{{ if .Meta.Labels }}2{{ end }}{{ if .Names }}3{{ end }}{{ if .Next }}4{{ end }}',
    '{{ .Next.Name }}',
    '{{ .Any.x.y }}',
  ];
  for (const text of texts) for (const data of [empty, new GoRef(ROOT, undefined)]) assertAlike(text, data);
});

test('ranges, variables and conditions do what they do as closures', () => {
  assert.equal(
    assertAlike(
      '{{ range $i, $x := .Items }}{{ $i }}={{ $x.Name }}{{ range .Ports }}[{{ .Number }}{{ .Name }}]{{ end }}{{ $x.Protocol }};{{ end }}',
    ),
    '0=one[80http][90]TCP;1=two;2=;',
  );
  assert.equal(
    assertAlike(
      '{{ $first := true }}{{ range .Names }}{{ if not $first }},{{ end }}{{ . }}{{ $first = false }}{{ end }}',
    ),
    'x,y,',
  );
  assert.equal(
    assertAlike('{{ range $k, $v := .Any }}{{ $k }}{{ range $v }}<{{ . }}>{{ end }}{{ end }}'),
    'key<value><1.5>',
  );
  assert.equal(
    assertAlike('{{ range 3 }}{{ . }}{{ end }}{{ range $k, $v := .Meta.Labels }}{{ $k }}{{ $v }}{{ end }}'),
    '012a/bcappweb',
  );
  assert.equal(
    assertAlike('{{ with $x := .Meta.Name }}{{ . }}{{ $x }}{{ $x = "new" }}{{ . }}{{ $x }}{{ end }}'),
    'podpodpodnew',
  );
  assert.equal(assertAlike('{{ $x := .Meta.Name }}{{ $y := $x }}{{ $x = "new" }}{{ $x }}{{ $y }}'), 'newpod');
  assert.equal(
    assertAlike('{{ if .Any.no }}1{{ else if $n := .Meta.Name }}{{ $n }}{{ else }}{{ $n }}{{ end }}'),
    'pod',
  );
  assert.equal(assertAlike('{{ $x := 1 }}{{ if .On }}{{ $x := 2 }}{{ $x }}{{ end }}{{ $x }}'), '21');
});

test('and and or stop where they stop, and give the argument that decides', () => {
  assert.equal(
    assertAlike('{{ and .On .Meta.Name }} {{ or .Any.no .Meta.Name }} {{ and .On .Any.no (index 1 2) }}'),
    'pod pod <no value>',
  );
  assert.equal(assertAlike('{{ if or .On (index .Names 9) }}yes{{ end }}{{ .Meta.Name | and .On true }}'), 'yespod');
  assertAlike('{{ if and .On (index .Names 9) }}yes{{ end }}');
});

test('errors have the same words and places', () => {
  const texts = [
    '\n {{ .Meta.Nope }}',
    'a{{ index .Names 9 }}',
    '{{ range .Items }}\n{{ index .Name 99 }}{{ end }}',
    '{{ range .Any.key }}{{ .x }}{{ end }}',
    '{{ range .On }}x{{ end }}',
    '{{ .Any.key.x }}',
    '{{ trunc .On .Meta.Name }}',
    '{{ .Meta.Name | trunc "x" | index .Names }}',
    '{{ lt .On .Meta.Name }}',
    '{{ template "nope" . }}',
    '{{ define "t" }}{{ .Nope }}{{ end }}{{ template "t" . }}',
    '{{ fail .Meta.Name }}',
  ];
  for (const text of texts) {
    const closures = answer(text, DATA, {});
    assert.match(closures, /^TEMPLATE_EXEC template: main:\d+:\d+: /, text);
    assert.equal(answer(text, DATA, { generated: { root: ROOT } }), closures, text);
  }
});

test('limits hold', () => {
  const limits = { steps: 2_000, outputLength: 100 };
  const generated = { root: ROOT };
  for (const text of [
    '{{ range 100000 }}{{ end }}',
    '{{ range until 50 }}{{ range until 50 }}{{ range until 50 }}{{ end }}{{ end }}{{ end }}',
    '{{ range until 50 }}{{ $.Meta.Name }}{{ end }}',
    '{{ range $.Items }}{{ range until 50 }}x{{ end }}{{ end }}',
    '{{ define "t" }}{{ template "t" . }}{{ end }}{{ template "t" . }}',
  ]) {
    assert.match(answer(text, DATA, { generated, limits }), /^TEMPLATE_LIMIT/, text);
  }
  const set = compileTemplate('main', '{{ range 100000 }}{{ end }}', sprigFuncs(), { generated: { root: null } });
  assert.throws(() => set.render(null, () => true), { code: 'TEMPLATE_LIMIT' });
});

test('data of another type is rendered by closures', () => {
  const set = compileTemplate('main', '{{ .Meta.Name }}{{ template "t" . }}{{ define "t" }}!{{ end }}', new Map(), {
    generated: { root: ROOT },
  });
  assert.equal(set.render(DATA), 'pod!');
  assert.equal(set.render({ Meta: { Name: 'plain' } }), 'plain!');
  assert.equal(set.render(new GoRef(struct('Other', { Meta: META }), { meta: { name: 'other' } })), 'other!');
});

test('what is not generated is left to closures', () => {
  for (const text of [
    '{{ range .Names }}{{ break }}{{ end }}',
    '{{ if and .On (len ($x := "ab")) }}{{ $x }}{{ end }}',
  ]) {
    assert.deepEqual(
      sourcesDuring(() => {
        assert.equal(answer(text, DATA, { generated: { root: ROOT } }), answer(text, DATA, {}));
      }),
      [],
    );
  }
});

const HOSTILE = [
  '`+process.exit(1)+`',
  "';process.exit(1);//",
  '"+globalThis.pwned+"',
  '\\u0027;throw 1;//',
  '\n}\n};throw 1;//',
  '\u2028throw 1//',
  '*/throw 1/*',
  '${process.exit(1)}',
  '</script>',
  '__proto__',
  'constructor',
];

test('no text of a template, its data or its types is in the code', () => {
  for (const [index, text] of HOSTILE.entries()) {
    const quoted = JSON.stringify(text).replaceAll('\u2028', '\\u2028');
    const mark = `Mark${index}`;
    const type: GoStructType = {
      ...struct('Hostile', {}),
      fields: new Map([[mark, { name: mark, type: STRING_MAP, jsonName: text }]]),
    };
    const data = new GoRef(type, JSON.parse(`{${JSON.stringify(text)}: {${JSON.stringify(text)}: "found"}}`));
    const template =
      `a ${text} {{ index .${mark} ${quoted} }}{{ $${mark} := ${quoted} }}{{ $${mark} }}{{ if eq $${mark} ${quoted} }}same{{ end }}` +
      `{{ range $k, $v := .${mark} }}{{ $k }}{{ end }}{{ define ${quoted} }}inner{{ end }}{{ template ${quoted} . }}`;
    let made = '';
    const sources = sourcesDuring(() => {
      made = answer(template, data, { generated: { root: type } });
    });
    assert.equal(made, `a ${text} found${text}same${text}inner`);
    assert.equal(sources.length, 1);
    const [source = ''] = sources;
    assert.ok(
      !source.includes(mark) && !/process|globalThis|script|throw 1|proto|constructor|same|inner|found/.test(source),
    );
    // Words of the generator, names of constants and temporaries, numbers, and signs; no quotes around anything.
    assert.match(source, /^[\w\s(){}[\];,.=<>+\-!?:|&']*$/);
    const words = new Set(source.match(/[A-Za-z_$][\w$]*/g)?.filter((word) => !/^(?:[ktvd]\d+)$/.test(word)));
    for (const word of words) assert.ok(WORDS.has(word), word);
    assert.deepEqual(new Set(source.match(/'[^']*'/g)), new Set(["''", "'string'"]));
  }
});

/** All words that generated code may be made of. */
const WORDS = new Set(
  (
    'const let return if else for try catch throw new typeof instanceof undefined null true false at e r d s k place ' +
    'Ref isTrue show field wrap data member type text value fuel refuel call length Array isArray BigInt string'
  ).split(' '),
);

test('a process that makes no code of text renders with closures', () => {
  const before = globalThis.Function;
  globalThis.Function = new Proxy(before, {
    construct() {
      throw new EvalError('Code generation from strings disallowed for this context');
    },
  });
  try {
    assert.equal(answer('{{ .Meta.Name }}', DATA, { generated: { root: ROOT } }), 'pod');
  } finally {
    globalThis.Function = before;
  }
});
