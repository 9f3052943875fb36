/** JSON functions as sprig has them: expected texts are those of sprig 3.3.0. */
import { test } from 'node:test';
import { FAILS, renders } from '../render-fixture.ts';

test('writing', () => {
  renders([
    [
      '{{ toJson (dict "b" "<&>" "a" (list 1 1.0 2.5 nil true)) }}',
      '{"a":[1,1,2.5,null,true],"b":"\\u003c\\u0026\\u003e"}',
    ],
    ['{{ toRawJson (dict "b" "<&>") }}', '{"b":"<&>"}'],
    ['{{ toPrettyJson (dict "a" (list 1 (dict)) "b" (list)) }}', '{\n  "a": [\n    1,\n    {}\n  ],\n  "b": []\n}'],
    ['{{ toJson (float64 "nan") }}|', '|'],
    ['{{ mustToJson (float64 "nan") }}', FAILS],
    ['{{ toRawJson (float64 "nan") }}', FAILS],
    ['{{ toJson (semver "1.2.3") }} {{ toJson (toDate "2006-01-02" "2020-02-29") }}', '"1.2.3" "2020-02-29T00:00:00Z"'],
    ['{{ toJson (regexFindAll "x" "a" -1) }}', 'null'],
    ['{{ toJson 1e21 }} {{ toJson 1e20 }} {{ toJson 1e-7 }}', '1e+21 100000000000000000000 1e-7'],
    ['{{ toJson "\\xff\\u2028" }}', '"\\ufffd\\u2028"'],
  ]);
});

test('reading', () => {
  renders([
    ['{{ fromJson "{\\"a\\":[1,2.50,null]}" }}', 'map[a:[1 2.5 <nil>]]'],
    ['{{ fromJson "{" | kindOf }}', 'invalid'],
    ['{{ mustFromJson "{" }}', FAILS],
    ['{{ fromJson "{\\"a\\":1e400,\\"b\\":2}" }}', 'map[a:<nil> b:2]'],
    ['{{ mustFromJson "1e400" }}', FAILS],
    ['{{ (fromJson "{\\"__proto__\\":{\\"x\\":1}}").__proto__.x }}', '1'],
    ['{{ fromJson "\\"\\\\ud800\\"" | quote }}', '"\ufffd"'],
    ['{{ $d := fromJson "{\\"a\\":{}}" }}{{ $_ := set $d.a "x" 1 }}{{ $d }}', 'map[a:map[x:1]]'],
  ]);
});
