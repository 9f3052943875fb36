/** Paths as sprig has them: expected texts are those of sprig 3.3.0. */
import { test } from 'node:test';
import { renders } from '../render-fixture.ts';

test('path and filepath agree', () => {
  renders([
    ['{{ base "/a/b/" }} {{ base "" }} {{ base "///" }}', 'b . /'],
    ['{{ dir "/a/b" }} {{ dir "a" }} {{ dir "" }} {{ dir "/a/" }}', '/a . . /a'],
    ['{{ clean "a/../../b//./c" }} {{ clean "/../a" }} {{ clean "" }} {{ clean "a/.." }}', '../b/c /a . .'],
    ['{{ ext "a/b.tar.gz" }} {{ ext ".x" }} {{ ext "a.b/c" }}|', '.gz .x |'],
    ['{{ isAbs "/a" }} {{ isAbs "a" }}', 'true false'],
    [
      '{{ osBase "/a/b" }} {{ osDir "/a/b" }} {{ osClean "a//b" }} {{ osExt "a.b" }} {{ osIsAbs "/" }}',
      'b /a a/b .b true',
    ],
  ]);
});
