/**
 * What rendering costs: `node loadtest/bench/template.ts` renders small templates that repeat one construct a thousand times, and a
 * sidecar-like one, and prints nanoseconds for one construct and renders a second, the median of several rounds.
 */
import type { TemplateSet } from '../../workers/template/engine.ts';
import { compileTemplate } from '../../workers/template/engine.ts';
import { sprigFuncs } from '../../workers/template/funcs/sprig.ts';
import type { GoStructType, GoValue } from '../../workers/template/value.ts';
import { GoRef, STRING, stringMap } from '../../workers/template/value.ts';

const ROUNDS = 7;
const ROUND_MS = 200;
const CALLS_A_CHECK = 16;
const REPEATS = 1_000;

const META: GoStructType = {
  kind: 'struct',
  name: 'v1.ObjectMeta',
  fields: new Map([['Name', { name: 'Name', type: STRING, jsonName: 'name' }]]),
};
const data: GoValue = {
  a: { b: { c: 'value' } },
  n: 7,
  list: ['x', 'y', 'z'],
  map: { one: '1', two: '2' },
  meta: new GoRef(META, { name: 'web' }),
  labels: stringMap({ app: 'web' }),
};

/** Each is repeated REPEATS times in one template. */
const CONSTRUCTS: ReadonlyMap<string, string> = new Map([
  ['text', 'text{{/* */}}'],
  ['field', '{{ .n }}'],
  ['chain of three', '{{ .a.b.c }}'],
  ['field of a struct', '{{ .meta.Name }}'],
  ['key of a typed map', '{{ .labels.app }}'],
  ['variable', '{{ $v }}'],
  ['if', '{{ if .n }}{{ end }}'],
  ['if eq', '{{ if eq .a.b.c "value" }}{{ end }}'],
  ['and or not', '{{ if and .n (or .none (not .nil)) }}{{ end }}'],
  ['printf', '{{ printf "%s-%d" .a.b.c 5 }}'],
  ['index', '{{ index .a "b" "c" }}'],
  ['default (sprig)', '{{ default "x" .a.b.c }}'],
  ['range of three', '{{ range .list }}{{ end }}'],
  ['range of a map', '{{ range $k, $v := .map }}{{ end }}'],
]);

const SIDECAR = `metadata:
  labels:
    service.istio.io/canonical-name: {{ index .labels "app" | default .meta.Name | quote }}
  annotations: { {{- if ge (len .list) 1 }} first: "{{ index .list 0 }}", {{- end }} }
spec:
  containers:
  - name: istio-proxy
    image: "{{ .a.b.c }}/proxyv2:{{ .n }}"
    args:
    - proxy
    {{- range $i, $x := .list }}
    - --{{ $x }}={{ $i }}
    {{- end }}
    {{- if and .map (not .none) }}
    env:
    {{- range $k, $v := .map }}
    - name: {{ $k | upper }}
      value: {{ $v | quote }}
    {{- end }}
    {{- end }}
    {{- with .a.b }}
    c: {{ .c | trunc 3 }}
    {{- end }}
`;

const funcs = sprigFuncs();
const templates = new Map<string, { readonly set: TemplateSet; readonly repeats: number }>();
for (const [name, text] of CONSTRUCTS) {
  const source = `{{ $v := .a.b.c }}${text.repeat(REPEATS)}`;
  templates.set(name, { set: compileTemplate(name, source, funcs), repeats: REPEATS });
}
templates.set('sidecar-like template', { set: compileTemplate('sidecar', SIDECAR, funcs), repeats: 1 });

/** Nanoseconds that a render takes, over one round. */
function measure(set: TemplateSet): number {
  const start = performance.now();
  let calls = 0;
  let elapsed = 0;
  while (elapsed < ROUND_MS) {
    for (let i = 0; i < CALLS_A_CHECK; i++) set.render(data);
    calls += CALLS_A_CHECK;
    elapsed = performance.now() - start;
  }
  return (elapsed / calls) * 1e6;
}

const results = new Map<string, number[]>();
for (let round = 0; round <= ROUNDS; round++) {
  for (const [name, { set }] of templates) {
    const nanoseconds = measure(set);
    // The first round warms up.
    if (round > 0) results.set(name, [...(results.get(name) ?? []), nanoseconds]);
  }
}
console.log(`Node ${process.version}`);
for (const [name, rounds] of results) {
  const sorted = rounds.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const each = (median / (templates.get(name)?.repeats ?? 1)).toFixed(1);
  console.log(
    `${name.padEnd(24)}${each.padStart(10)} ns${Math.round(1e9 / median)
      .toLocaleString('en')
      .padStart(12)} renders/s`,
  );
}
