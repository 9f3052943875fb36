import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { normalizeTyped } from '../../kube/typed-pod.ts';
import { sprigFuncs } from '../../template/funcs/sprig.ts';
import type { GoValue, JsonObject } from '../../template/value.ts';
import { YamlError } from '../../yaml/error.ts';
import { compileOverlay, compileParsedOverlay, type Overlay } from './overlay.ts';
import { prepareOverlay, type RenderedOverlay, TYPED_LISTS } from './typed-lists.ts';

/** Holes in every place that YAML knows, and in members of every kind that a pod has. */
const TEMPLATE = `
# a comment {{ .comment }}
metadata:
  labels:
    quoted: {{ .a | quote }}
    double: "x{{ .a }}y"
    single: '{{ .b }}'
    plain: {{ .b }}
    joined: p{{ .a }}-{{ .b }}s
    "{{ .key }}": value
  annotations: { flow: {{ .b }}, "other": "{{ .a }}", list: [{{ .b }}, {{ .n }}] }
spec:
  {{- if .more }}
  initContainers:
  - name: init
    image: {{ .b }}
  {{- end }}
  containers:
  - name: {{ .name }}
    image: "{{ .a }}"
    args: [a, "{{ .a }}", '{{ .b }}', {{ .b }}]
    env:
    - name: LITERAL
      value: |
        {{ .a }}
        and {{ .b }}
    - name: FOLDED
      value: >-
        {{ .comment }} x
    - name: EMPTY
      value: "{{ .e }}"
    {{- range .items }}
    - name: {{ . }}
      value: "{{ . }}"
    {{- end }}
    resources:
      limits:
        cpu: {{ .q | quote }}
        memory: {{ .q }}
    securityContext:
      runAsUser: {{ .n }}
      privileged: {{ .flag }}
  - name: second
    resources:
      {{ .resources }}
  volumes:
  - name: v-{{ .b }}
    emptyDir:
  - name: w
    configMap:
      name: {{ .a }}
      optional: {{ .flag }}
`;

const planned = compileOverlay(TEMPLATE, sprigFuncs());
const parsed = compileParsedOverlay(TEMPLATE, sprigFuncs());

/** The overlay as one object again; checks that typed elements are what normalizing makes of them. */
function whole({ base, lists }: RenderedOverlay): JsonObject {
  const spec: JsonObject = { ...(base['spec'] as JsonObject | undefined) };
  for (const [list, type] of TYPED_LISTS) {
    const elements = lists.get(list);
    if (elements === undefined) continue;
    spec[list] = elements.map((element) => {
      const raw = element.raw();
      const typed = element.typed();
      if (typed !== null) assert.deepEqual(typed, normalizeTyped(type, raw));
      assert.equal(element.name, raw['name']);
      return raw;
    });
  }
  return lists.size === 0 ? base : { ...base, spec };
}

function result(overlay: Overlay, data: GoValue): JsonObject | 'error' {
  try {
    return whole(overlay(data));
  } catch (error) {
    if (error instanceof YamlError) return 'error';
    throw error;
  }
}

const hostile = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('web', 'web-1', 'a.b/c:d', 'v1.2.3', 'x_y', '$(POD_NAME)') },
  { weight: 2, arbitrary: fc.string({ maxLength: 8 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 4 }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...[
        '',
        ' ',
        'a: b',
        'a #b',
        '- x',
        '? y',
        'null',
        '~',
        'yes',
        'No',
        '0x1F',
        '1e3',
        '.5',
        '.inf',
        '12:30',
        '2026-01-02',
        '010',
      ],
      ...[
        '1_000',
        '=',
        '<<',
        '---',
        '...',
        '"',
        "'",
        '\\',
        '\n',
        'a\nb',
        '\t',
        '{x}',
        '[y]',
        '*z',
        '&z',
        '!t',
        '@',
        '`',
        '%',
        '|',
        '>',
      ],
      ...['a:', ':a', 'a,b', 'holex', 'hole0hole', '\u0085', '\u2028', '\u0000', '\ud800', '1Gi', '100m'],
    ),
  },
);
const data = fc.record({
  ...{ a: hostile, b: hostile, e: hostile, key: hostile, comment: hostile, name: hostile },
  n: fc.oneof(fc.constantFrom('0', '1337', 'x'), hostile),
  q: fc.oneof(fc.constantFrom('1', '100m', '1024Mi', '0.5'), hostile),
  flag: fc.boolean(),
  more: fc.boolean(),
  items: fc.array(fc.constantFrom('A', 'B', 'C'), { maxLength: 2 }),
  resources: fc.constantFrom('{}', 'limits: {cpu: "1"}', 'null'),
});

test('a filled plan is what parsing gives, for any values', () => {
  let plans = 0;
  fc.assert(
    fc.property(data, (values) => {
      const wanted = result(parsed, values);
      // The second render of a path makes its plan, the third uses it.
      for (let render = 0; render < 3; render++) assert.deepEqual(result(planned, values), wanted);
      if (wanted !== 'error' && planned(values).lists.size > 0) plans++;
    }),
    { numRuns: 100_000, interruptAfterTimeLimit: 4_000, markInterruptAsFailure: false },
  );
  assert.ok(plans > 10, `only ${plans} plans were used`);
});

const USUAL = {
  a: 'web',
  b: 'app',
  e: 'e',
  key: 'k',
  comment: 'c',
  name: 'main',
  n: '5',
  q: '1024Mi',
  flag: false,
  more: true,
  items: [],
  resources: '{}',
};

/** An overlay that has rendered the usual values often enough to have a plan for them. */
function withPlan(): Overlay {
  const overlay = compileOverlay(TEMPLATE, sprigFuncs());
  for (let render = 0; render < 3; render++) overlay(USUAL);
  return overlay;
}

test('plans hold for other values of the same path', () => {
  const planned = withPlan();
  const other = planned({ ...USUAL, a: 'other', b: 'values', name: 'here', q: '2048Mi' });
  assert.equal(other.lists.size, 3);
  const [first] = other.lists.get('containers') ?? [];
  assert.deepEqual(first?.typed()?.['resources'], { limits: { cpu: '2Gi', memory: '2Gi' } });
  assert.deepEqual(whole(other), result(parsed, { ...USUAL, a: 'other', b: 'values', name: 'here', q: '2048Mi' }));
});

test('an element that the pod has by name comes as it was written, others in typed form', () => {
  const planned = withPlan();
  const { overlay, known } = prepareOverlay(planned(USUAL), { containers: [{ name: 'main' }] });
  const [main, second] = (overlay['spec'] as { containers: JsonObject[] }).containers;
  assert.equal(known.has(main as JsonObject), false);
  assert.deepEqual(main?.['securityContext'], { runAsUser: 5, privileged: false });
  assert.equal(known.has(second as JsonObject), true);
});

test('values that would change the meaning of the text are parsed', () => {
  const planned = withPlan();
  for (const b of ['5', 'true', 'a: b', '', ' x', 'a\n  b: c']) {
    assert.deepEqual(result(planned, { ...USUAL, b }), result(parsed, { ...USUAL, b }), JSON.stringify(b));
  }
});
