/** String functions as sprig has them: expected texts are those of sprig 3.3.0. */
import { test } from 'node:test';
import { FAILS, renders } from '../render-fixture.ts';

test('positions and widths count bytes', () => {
  renders([
    ['{{ trunc 2 "héllo" | len }}', '2'],
    ['{{ trunc 3 "héllo" }}', 'hé'],
    ['{{ trunc -4 "héllo" }}', '\ufffdllo'],
    ['{{ trunc -9 "abc" }}', 'abc'],
    ['{{ substr 0 3 "héllo" }}', 'hé'],
    ['{{ substr -1 2 "abc" }}', 'ab'],
    ['{{ substr 1 -1 "abc" }}', 'bc'],
    ['{{ substr 2 9 "abc" }}', 'c'],
    ['{{ substr 3 2 "abcdef" }}', FAILS],
    ['{{ abbrev 6 "hello world" }}', 'hel...'],
    ['{{ abbrev 3 "hello" }}', 'hello'],
    ['{{ abbrevboth 5 10 "1234 5678 9123" }}', '...5678...'],
    ['{{ abbrevboth 0 9 "1234 5678 9123" }}', '1234 5...'],
  ]);
});

test('bytes that a cut leaves behind come together again', () => {
  renders([
    ['{{ cat (trunc 2 "hé") (trunc -1 "hé") | quote }}', '"h\\xc3 \\xa9"'],
    ['{{ printf "%s%s" (trunc 2 "hé") (trunc -1 "hé") | quote }}', '"hé"'],
    ['{{ join "" (list (trunc 2 "hé") (trunc -1 "hé")) | sha1sum }}', '96565112c667eb63e672b56c4401d0541eeada0e'],
    ['{{ trunc 2 "hé" | quote }}', '"h\\xc3"'],
    ['{{ contains (trunc 1 "é") "é" }}', 'true'],
    ['{{ trimPrefix (trunc 1 "é") "é" | quote }}', '"\\xa9"'],
    ['{{ replace (trunc 1 "é") "x" "aé" | quote }}', '"ax\\xa9"'],
    ['{{ splitList (trunc 1 "é") "aéb" | len }}', '2'],
  ]);
});

test('trimming', () => {
  renders([
    ['{{ trim "\\u0085 a\\u00a0" }}|', 'a|'],
    ['{{ trim "\\ufeffa" | len }}', '4'],
    ['{{ trimAll "$-" "$-5.00-$" }}', '5.00'],
    ['{{ trimAll "é" "éaé" }}', 'a'],
    ['{{ trimAll "" " a " }}', ' a '],
    ['{{ trimSuffix "b" "abb" }}', 'ab'],
    ['{{ trimPrefix "x" "abc" }}', 'abc'],
  ]);
});

test('splitting and joining', () => {
  renders([
    ['{{ splitList "" "aé🙂" }}', '[a é 🙂]'],
    ['{{ splitList "" "" | len }}', '0'],
    ['{{ splitList "," "" | len }}', '1'],
    ['{{ split "$" "foo$bar" }}', 'map[_0:foo _1:bar]'],
    ['{{ splitn "$" 2 "a$b$c" }}', 'map[_0:a _1:b$c]'],
    ['{{ splitn "$" 0 "a$b" }}', 'map[]'],
    ['{{ splitn "" 2 "abc" }}', 'map[_0:a _1:bc]'],
    ['{{ join "," (list 1 nil "a" 2.5 true (list 1)) }}', '1,a,2.5,true,[1]'],
    ['{{ join "," 7 }}', '7'],
    ['{{ join "," nil }}|', '|'],
    ['{{ toStrings (list 1 nil "x") }}', '[1 x]'],
    ['{{ toStrings 5 }}', '[5]'],
  ]);
});

test('quoting', () => {
  renders([
    ['{{ quote "a\\"b" 1 nil true }}', '"a\\"b" "1" "true"'],
    ['{{ squote "it\'s" 1 nil }}', "'it's' '1'"],
    ['{{ quote }}|', '|'],
    ['{{ quote "\\u2028é\\x01" }}', '"\\u2028é\\x01"'],
    ['{{ cat "a" nil 1 (list 1) }}', 'a 1 [1]'],
    ['{{ cat }}|', '|'],
  ]);
});

test('repeating and indenting', () => {
  renders([
    ['{{ repeat 3 "ab" }}', 'ababab'],
    ['{{ repeat -1 "ab" }}', FAILS],
    ['{{ repeat 0 "ab" }}|', '|'],
    ['{{ indent 2 "a\\nb\\n" }}|', '  a\n  b\n  |'],
    ['{{ nindent 2 "" }}|', '\n  |'],
    ['{{ indent -1 "a" }}', FAILS],
    ['{{ replace "a" "$&" "banana" }}', 'b$&n$&n$&'],
    ['{{ replace "" "-" "ab" }}', '-a-b-'],
  ]);
});

test('quirks of goutils', () => {
  renders([
    ['{{ nospace "a b" }}', 'ab'],
    ['{{ nospace "é x" }}', 'Ã©x'],
    ['{{ initials "First Try" }}', 'FT'],
    ['{{ initials "été x" }}', 'Ãx'],
    ['{{ plural "one" "many" 1 }}{{ plural "one" "many" 2 }}', 'onemany'],
  ]);
});

test('wrong types are errors', () => {
  renders([
    ['{{ trim 1 }}', FAILS],
    ['{{ trim nil }}', FAILS],
    ['{{ trunc "3" "abc" }}', FAILS],
    ['{{ contains "a" .Missing }}', FAILS],
  ]);
});
