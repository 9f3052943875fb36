/** Dict functions as sprig has them: expected texts are those of sprig 3.3.0. */
import { test } from 'node:test';
import { FAILS, renders } from '../render-fixture.ts';

test('reading', () => {
  renders([
    ['{{ get (dict "a" 1) "a" }} {{ get (dict) "a" | quote }} {{ get (dict "a" nil) "a" | kindOf }}', '1 "" invalid'],
    ['{{ hasKey (dict "a" nil) "a" }} {{ hasKey (dict) "a" }}', 'true false'],
    ['{{ pluck "a" (dict "a" 1) (dict) (dict "a" 2) }}', '[1 2]'],
    ['{{ dig "a" "b" "d" (dict "a" (dict "b" 1)) }} {{ dig "a" "x" "d" (dict "a" (dict)) }}', '1 d'],
    ['{{ dig "a" "b" "d" (dict "a" 1) }}', FAILS],
    ['{{ dig "a" (dict) }}', FAILS],
    ['{{ dig 1 "d" (dict) }}', FAILS],
    ['{{ keys (dict "b" 1 "a" 2) | sortAlpha }} {{ values (dict "a" 1) }}', '[a b] [1]'],
    ['{{ get (list) "a" }}', FAILS],
  ]);
});

test('making', () => {
  renders([
    ['{{ dict "a" 1 "b" }} {{ dict 1 2 nil 3 }} {{ dict }}', 'map[a:1 b:] map[1:2 <nil>:3] map[]'],
    ['{{ pick (dict "a" 1 "b" 2) "a" "x" }} {{ omit (dict "a" 1 "b" 2) "a" "x" }}', 'map[a:1] map[b:2]'],
    ['{{ $d := dict "a" 1 }}{{ $e := omit $d "x" }}{{ $_ := set $e "b" 2 }}{{ $d }}{{ $e }}', 'map[a:1]map[a:1 b:2]'],
  ]);
});

test('changing in place', () => {
  renders([
    ['{{ $d := dict "a" 1 }}{{ $_ := set $d "b" 2 }}{{ $_ := unset $d "a" }}{{ $d }}', 'map[b:2]'],
    ['{{ $d := dict "a" (dict "b" 1) }}{{ $_ := set $d.a "c" 2 }}{{ $d }}', 'map[a:map[b:1 c:2]]'],
    [
      '{{ $d := dict "a" (dict "b" 1) }}{{ $e := deepCopy $d }}{{ $_ := set $e.a "c" 2 }}{{ $d }}{{ $e }}',
      'map[a:map[b:1]]map[a:map[b:1 c:2]]',
    ],
    ['{{ deepCopy nil }}', FAILS],
    ['{{ deepCopy (semver "1.2.3") }}', '0.0.0'],
    ['{{ deepCopy (toDate "2006-01-02" "2020-02-29") }}', '2020-02-29 00:00:00 +0000 UTC'],
  ]);
});

test('merging', () => {
  renders([
    [
      '{{ merge (dict "a" 1 "b" (dict "c" 1)) (dict "a" 2 "b" (dict "c" 2 "d" 3) "e" 4) }}',
      'map[a:1 b:map[c:1 d:3] e:4]',
    ],
    [
      '{{ merge (dict "a" 0 "b" "" "c" false "d" (list) "e" nil) (dict "a" 1 "b" 2 "c" 3 "d" 4 "e" 5) }}',
      'map[a:1 b:2 c:3 d:4 e:5]',
    ],
    [
      '{{ mergeOverwrite (dict "a" 1 "b" (dict "c" 1 "x" 1)) (dict "a" 0 "b" (dict "c" 2)) }}',
      'map[a:0 b:map[c:2 x:1]]',
    ],
    ['{{ mergeOverwrite (dict "a" 1 "b" 2) (dict "a" nil "b" (list)) }}', 'map[a:<nil> b:[]]'],
    ['{{ merge (dict "a" nil) (dict "a" nil) }}', 'map[a:<nil>]'],
    ['{{ merge (dict) (dict "a" 1) (dict "a" 2 "b" 3) }}', 'map[a:1 b:3]'],
    ['{{ $d := dict }}{{ $_ := merge $d (dict "a" (dict "x" 1)) }}{{ $d }}', 'map[a:map[x:1]]'],
    ['{{ merge (dict "a" (list 1)) (dict "a" (list 2 3)) }}', 'map[a:[1]]'],
    ['{{ merge (dict "a" "s") (dict "a" (dict "x" 1)) }}', 'map[a:s]'],
    ['{{ mustMerge (dict "a" (semver "1.2.3")) (dict "a" (dict)) }}', FAILS],
    ['{{ merge (dict "a" (semver "1.2.3")) (dict "a" (dict)) }}|', '|'],
  ]);
});
