/** Word wrapping as goutils has it: expected texts are those of sprig 3.3.0. */
import { test } from 'node:test';
import { renders } from '../render-fixture.ts';

test('lines end at spaces', () => {
  renders([
    ['{{ wrap 5 "one two three" }}', 'one\ntwo\nthree'],
    ['{{ wrap 5 "a longword b" }}', 'a\nlongword\nb'],
    ['{{ wrap 0 "a b" }}', 'a\nb'],
    ['{{ wrap 80 "a b" }}', 'a b'],
    ['{{ wrap 3 "" }}|', '|'],
    ['{{ wrap 4 "a    b" }}', 'a   \nb'],
  ]);
});

test('wrapWith cuts long words', () => {
  renders([
    ['{{ wrapWith 5 "|" "a longword b" }}', 'a|longw|ord b'],
    ['{{ wrapWith 3 "" "abcdef" }}', 'abc\ndef'],
    ['{{ wrapWith 2 "|" "éé" }}', 'é|é'],
  ]);
});
