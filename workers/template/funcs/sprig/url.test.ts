/** URLs as sprig has them: expected texts are those of sprig 3.3.0. */
import { test } from 'node:test';
import { FAILS, renders } from '../render-fixture.ts';

test('parsing', () => {
  renders([
    [
      '{{ urlParse "https://u:p@example.com:8443/a/b?q=1#frag" }}',
      'map[fragment:frag host:example.com:8443 hostname:example.com opaque: path:/a/b query:q=1 scheme:https userinfo:u:p]',
    ],
    ['{{ urlParse "mailto:a@b" }}', 'map[fragment: host: hostname: opaque:a@b path: query: scheme:mailto userinfo:]'],
    ['{{ urlParse "//h/x" }}', 'map[fragment: host:h hostname:h opaque: path:/x query: scheme: userinfo:]'],
    ['{{ urlParse "rel/a%20b" }}', 'map[fragment: host: hostname: opaque: path:rel/a b query: scheme: userinfo:]'],
    ['{{ (urlParse "http://[::1]:80/").hostname }} {{ (urlParse "http://u%40x:p%2F@h/").userinfo }}', '::1 u%40x:p%2F'],
    ['{{ urlParse "a:b:c/d" }}', 'map[fragment: host: hostname: opaque:b:c/d path: query: scheme:a userinfo:]'],
    ['{{ urlParse "1a:b" }}', FAILS],
    ['{{ urlParse "http://h:x/" }}', FAILS],
    ['{{ urlParse "http://a b/" }}', FAILS],
    ['{{ urlParse "http://h/%zz" }}', FAILS],
    ['{{ urlParse "http://[::1" }}', FAILS],
    ['{{ urlParse "http://[1.2.3.4]/" }}', FAILS],
    ['{{ urlParse ":x" }}', FAILS],
    ['{{ urlParse "http://h/\\x01" }}', FAILS],
  ]);
});

test('joining', () => {
  renders([
    [
      '{{ urlJoin (urlParse "https://u:p@example.com:8443/a/b?q=1#frag") }}',
      'https://u:p@example.com:8443/a/b?q=1#frag',
    ],
    [
      '{{ urlJoin (dict "scheme" "http" "host" "h" "path" "a b" "query" "x y" "fragment" "é") }}',
      'http://h/a%20b?x y#%C3%A9',
    ],
    ['{{ urlJoin (dict "path" "a:b") }}', './a:b'],
    ['{{ urlJoin (dict "scheme" "mailto" "opaque" "a@b") }}', 'mailto:a@b'],
    ['{{ urlJoin (dict "host" 1) }}', FAILS],
    ['{{ urlJoin (dict "userinfo" "u:p" "host" "h") }}', '//u:p@h'],
    ['{{ urlJoin (dict) }}|', '|'],
  ]);
});
