/** Defaults, conditions and reflection as sprig has them: expected texts are those of sprig 3.3.0. */
import { test } from 'node:test';
import { FAILS, renders } from '../render-fixture.ts';

test('what counts as empty', () => {
  renders([
    [
      '{{ default "d" "" }} {{ default "d" 0 }} {{ default "d" 0.0 }} {{ default "d" false }} {{ default "d" nil }} {{ default "d" (list) }} {{ default "d" (dict) }}',
      'd d d d d d d',
    ],
    ['{{ default "d" "x" }} {{ default "d" (semver "1.2.3") }} {{ default "d" }}', 'x 1.2.3 d'],
    ['{{ empty (list nil) }} {{ empty "0" }} {{ empty (toDate "" "x") }}', 'false false false'],
    ['{{ coalesce 0 "" nil "x" "y" }} {{ coalesce 0 | kindOf }}', 'x invalid'],
    [
      '{{ all 1 "a" }} {{ all 1 "" }} {{ all }} {{ any 0 "" }} {{ any 0 1 }} {{ any }}',
      'true false true false true false',
    ],
    ['{{ ternary "a" "b" true }} {{ false | ternary "a" "b" }}', 'a b'],
    ['{{ ternary "a" "b" 1 }}', FAILS],
  ]);
});

test('types and kinds', () => {
  renders([
    [
      '{{ typeOf 1 }} {{ typeOf 1.0 }} {{ typeOf "a" }} {{ typeOf nil }} {{ typeOf (list) }} {{ typeOf (dict) }} {{ typeOf (split "," "a") }} {{ typeOf (splitList "," "a") }} {{ typeOf (int64 1) }}',
      'int float64 string <nil> []interface {} map[string]interface {} map[string]string []string int64',
    ],
    ['{{ kindOf nil }} {{ kindOf (semver "1.2.3") }} {{ kindOf (toDate "" "") }}', 'invalid ptr struct'],
    [
      '{{ typeIs "int" 1 }} {{ typeIsLike "semver.Version" (semver "1.2.3") }} {{ kindIs "slice" (until 1) }}',
      'true true true',
    ],
    [
      '{{ deepEqual 1 1 }} {{ deepEqual 1 1.0 }} {{ deepEqual (list 1 (dict "a" 2)) (list 1 (dict "a" 2)) }} {{ deepEqual (list) (rest (list)) }} {{ deepEqual nil nil }}',
      'true false true false true',
    ],
  ]);
});
