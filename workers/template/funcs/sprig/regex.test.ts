/** Regular expressions as sprig has them: expected texts are those of sprig 3.3.0. */
import { test } from 'node:test';
import { FAILS, renders } from '../render-fixture.ts';

test('matching', () => {
  renders([
    ['{{ regexMatch "^a+$" "aaa" }} {{ regexMatch "(" "(" }}', 'true false'],
    ['{{ mustRegexMatch "(" "(" }}', FAILS],
    ['{{ regexFind "[0-9]+" "a12b3" }} {{ regexFind "x" "a" | quote }}', '12 ""'],
    ['{{ regexFind "(" "a" }}', FAILS],
    [
      '{{ regexFindAll "[a-z]" "a1b2" -1 }} {{ regexFindAll "[a-z]" "a1b2" 1 }} {{ regexFindAll "x*" "axb" -1 | len }}',
      '[a b] [a] 3',
    ],
    ['{{ regexMatch "(?=x)" "x" }}', 'false'],
    ['{{ regexMatch "\\\\pL" "é" }}', 'true'],
    ['{{ mustRegexFind "\\xff" "a" }}', FAILS],
  ]);
});

test('splitting', () => {
  renders([
    [
      '{{ regexSplit "a" "banana" -1 }} {{ regexSplit "a" "banana" 2 }} {{ regexSplit "z+" "pizza" 0 | len }} {{ regexSplit "" "abc" -1 }} {{ regexSplit "x" "" -1 | len }}',
      '[b n n ] [b nana] 0 [a b c] 1',
    ],
  ]);
});

test('replacing', () => {
  renders([
    ['{{ regexReplaceAll "a(x*)b" "-ab-axxb-" "${1}W" }}', '-W-xxW-'],
    ['{{ regexReplaceAll "a(x*)b" "-ab-axxb-" "$1W" }}', '---'],
    ['{{ regexReplaceAll "(?P<n>x)" "axb" "<$n$$$0>" }}', 'a<x$x>b'],
    ['{{ regexReplaceAll "" "ab" "-" }}', '-a-b-'],
    ['{{ regexReplaceAll "a*" "baac" "X" }}', 'XbXcX'],
    ['{{ regexReplaceAllLiteral "a(x*)b" "-ab-" "${1}" }}', '-${1}-'],
    ['{{ regexReplaceAll "(a)|(b)" "ab" "[$1|$2|$3]" }}', '[a||][|b|]'],
    ['{{ regexQuoteMeta "a.b*c$" }}', 'a\\.b\\*c\\$'],
  ]);
});
