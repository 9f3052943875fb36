/** Helm's functions beyond what is recorded in test/vectors/helm: what newer releases have, limits, and whose data results are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileTemplate } from '../engine.ts';
import { TemplateError } from '../errors.ts';
import { helmFuncs } from './helm.ts';
import { FAILS, renders } from './render-fixture.ts';

test('mustToYaml returns its errors', () => {
  renders(
    [
      ['{{ mustToYaml (dict "a" 1) }}', 'a: 1'],
      ['{{ mustToYaml (float64 "nan") }}', FAILS],
      ['{{ toYaml (float64 "nan") }}|', '|'],
    ],
    helmFuncs(),
  );
});

test('the environment is no part of the map', () => {
  assert.throws(
    () => compileTemplate('t', '{{ env "HOME" }}', helmFuncs()),
    (error) => error instanceof TemplateError && error.code === 'TEMPLATE_SYNTAX',
  );
});

test('what documents become may be changed', () => {
  renders(
    [
      ['{{ $d := fromYaml "a: {b: 1}" }}{{ $_ := set $d.a "c" 2 }}{{ toYaml $d }}', 'a:\n  b: 1\n  c: 2'],
      ['{{ $d := fromToml "[a]\\nb = 1" }}{{ $_ := set $d.a "c" 2 }}{{ toJson $d }}', '{"a":{"b":1,"c":2}}'],
      ['{{ $d := lookup "v1" "Pod" "a" "b" }}{{ $_ := set $d "c" 2 }}{{ toJson $d }}', '{"c":2}'],
      ['{{ $d := fromYaml "x" }}{{ $_ := set $d "c" 2 }}{{ $d.c }}', '2'],
      ['{{ (fromYaml "__proto__: {x: 1}").x }}', '<no value>'],
      ['{{ (fromToml "[__proto__]\\nx = 1").x }}', '<no value>'],
    ],
    helmFuncs(),
  );
});

test('numbers beyond 53 bits keep their digits', () => {
  renders(
    [
      [
        '{{ toYaml (dict "a" 9007199254740993 "b" (int64 9223372036854775807)) }}',
        'a: 9007199254740993\nb: 9223372036854775807',
      ],
      ['{{ (fromToml "a = 9007199254740993").a }}', '9007199254740993'],
    ],
    helmFuncs(),
  );
});

test('data that contains itself ends in an error or in nothing', () => {
  const cycle = '{{ $d := dict "a" 1 }}{{ $_ := set $d "self" (list $d) }}';
  renders(
    [
      [`${cycle}{{ toYaml $d }}|`, '|'],
      [`${cycle}{{ toYamlPretty $d }}|`, '|'],
      [`${cycle}{{ mustToYaml $d }}`, FAILS],
      [`${cycle}{{ toToml $d | hasPrefix "toml:" }}`, 'true'],
      ['{{ define "x" }}{{ include "x" . }}{{ end }}{{ fromYaml "a: &a [*a]" | hasKey | not }}', FAILS],
    ],
    helmFuncs(),
  );
});

test('shared data is not changed by a text that tpl parses later', () => {
  const data = { map: { a: 1 } };
  const set = compileTemplate('t', '{{ tpl "{{ set .map \\"b\\" 2 | toJson }}" . }}', helmFuncs());
  assert.equal(set.render(data), '{"a":1,"b":2}');
  assert.deepEqual(data, { map: { a: 1 } });
});
