/** List functions as sprig has them: expected texts are those of sprig 3.3.0. */
import { test } from 'node:test';
import { FAILS, renders } from '../render-fixture.ts';

test('ends of lists', () => {
  renders([
    ['{{ first (list 1 2) }} {{ last (list 1 2) }} {{ rest (list 1 2) }} {{ initial (list 1 2) }}', '1 2 [2] [1]'],
    ['{{ first (list) }} {{ last (list) }}', '<no value> <no value>'],
    ['{{ rest (list) | toJson }} {{ initial (list) | toJson }} {{ list | toJson }}', 'null null []'],
    ['{{ first "x" }}', FAILS],
    ['{{ mustLast nil }}', FAILS],
    ['{{ first (until 3) | kindOf }}', 'int'],
  ]);
});

test('building', () => {
  renders([
    ['{{ append (list 1) 2 }} {{ prepend (list 1) 2 }}', '[1 2] [2 1]'],
    ['{{ append "x" 1 }}', FAILS],
    ['{{ append nil 1 }}', FAILS],
    ['{{ concat (list 1) (list) (until 2) }}', '[1 0 1]'],
    ['{{ concat | toJson }} {{ concat (list) | toJson }}', 'null null'],
    ['{{ concat (list 1) "x" }}', FAILS],
    ['{{ reverse (list 1 2 3) }}', '[3 2 1]'],
    ['{{ $l := list 1 }}{{ $m := append $l 2 }}{{ $l }}{{ $m }}', '[1][1 2]'],
  ]);
});

test('choosing', () => {
  renders([
    ['{{ uniq (list 1 1.0 1 "a" "a" nil nil (list 1) (list 1)) }}', '[1 1 a <nil> [1]]'],
    ['{{ without (list 1 2 3 1) 1 3 }}', '[2]'],
    [
      '{{ has 1 (list 1.0 2) }} {{ has "a" (list "a") }} {{ has 1 nil }} {{ has (dict "a" 1) (list (dict "a" 1)) }}',
      'false true false true',
    ],
    ['{{ has 1 "x" }}', FAILS],
    ['{{ compact (list 0 "" nil 1 (list) "a" false) }}', '[1 a]'],
  ]);
});

test('slices', () => {
  renders([
    ['{{ slice (list 1 2 3) 1 }} {{ slice (list 1 2 3) 0 2 }} {{ slice (list 1 2 3) }}', '[2 3] [1 2] [1 2 3]'],
    ['{{ slice (list) }}', '<no value>'],
    ['{{ slice (list 1) 0 2 }}', FAILS],
    ['{{ slice (list 1) 1 0 }}', FAILS],
    ['{{ slice "abc" 1 }}', FAILS],
    ['{{ slice (until 4) "1" 3.9 | typeOf }}', '[]int'],
  ]);
});

test('chunks', () => {
  renders([
    ['{{ chunk 2 (list 1 2 3 4 5) }}', '[[1 2] [3 4] [5]]'],
    ['{{ chunk 5 (list 1 2) }}', '[[1 2]]'],
    ['{{ chunk 2 (list) }}', '[]'],
    ['{{ chunk 0 (list 1 2) }}', FAILS],
    ['{{ chunk -2 (list 1 2 3) }}', '[]'],
    ['{{ chunk -2 (list 1) }}', '[[1]]'],
    ['{{ chunk 2 "x" }}', FAILS],
    ['{{ typeOf (chunk 1 (list 1)) }}', '[][]interface {}'],
  ]);
});

test('sorting', () => {
  renders([
    ['{{ sortAlpha (list "b" 10 9 "B" nil "é" "🙂" "\\uffee") }}', '[10 9 B b é \uffee 🙂]'],
    ['{{ sortAlpha 5 }} {{ sortAlpha nil }}', '[5] [<nil>]'],
    ['{{ $l := splitList "," "c,b,a" }}{{ $_ := sortAlpha $l }}{{ $l }}', '[a b c]'],
    ['{{ $l := list "c" "a" }}{{ $_ := sortAlpha $l }}{{ $l }}', '[c a]'],
  ]);
});
