/** Case changes as sprig has them: expected texts are those of sprig 3.3.0. */
import { test } from 'node:test';
import { renders } from '../render-fixture.ts';

test('one letter stays one letter', () => {
  renders([
    ['{{ upper "straße ŉ ǆ ᾳ" }}', 'STRAßE ŉ Ǆ ᾼ'],
    ['{{ lower "İSTANBUL ΑΣ Ǆ" }}', 'istanbul ασ ǆ'],
    ['{{ title "hello wORLD ǆ it\'s a_b -x" }}', "Hello WORLD ǅ It'S A_b -X"],
    ['{{ untitle "Hello World" }}', 'hello world'],
    ['{{ swapcase "Hello wORLD ǅ" }}', 'hELLO World ǆ'],
  ]);
});

test('words in snake and kebab case', () => {
  renders([
    ['{{ snakecase "FirstName" }}', 'first_name'],
    ['{{ snakecase "HTTPServer" }}', 'http_server'],
    ['{{ snakecase "NoHTTPS" }}', 'no_https'],
    ['{{ snakecase "GO PATH" }}', 'go_path'],
    ['{{ snakecase "http2xx" }}', 'http_2xx'],
    ['{{ snakecase "HTTP20xOK" }}', 'http_20x_ok'],
    ['{{ snakecase "Duration2m3s" }}', 'duration_2m3s'],
    ['{{ snakecase "Bld4Floor3rd" }}', 'bld4_floor_3rd'],
    ['{{ snakecase "a--b__c" }}', 'a__b__c'],
    ['{{ snakecase "日本Go語" }}', '日本_go_語'],
    ['{{ snakecase "x!Y?z" }}', 'x!y?z'],
    ['{{ snakecase "" }}|', '|'],
    ['{{ kebabcase "FirstName 2nd" }}', 'first-name-2nd'],
    ['{{ snakecase "a\\xffB" | quote }}', '"a_\ufffdb"'],
    ['{{ snakecase "\\xff" | quote }}', '"\\xff"'],
  ]);
});

test('camel case', () => {
  renders([
    ['{{ camelcase "some_words" }}', 'SomeWords'],
    ['{{ camelcase "http_server" }}', 'HttpServer'],
    ['{{ camelcase "_complex__case_" }}', '_Complex_Case_'],
    ['{{ camelcase "GOLANG_IS_GREAT" }}', 'GolangIsGreat'],
    ['{{ camelcase "__" }}', '___'],
    ['{{ camelcase "a" }}', 'A'],
    ['{{ camelcase "" }}|', '|'],
  ]);
});
