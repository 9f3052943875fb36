/** What holds for sprig's functions as a whole: what they read from outside, what they cost, and whose data they change. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileTemplate } from '../engine.ts';
import { TemplateError } from '../errors.ts';
import type { GoValue } from '../value.ts';
import { FAILS, renders } from './render-fixture.ts';
import { sprigFuncs } from './sprig.ts';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

test('functions that look outside are errors without options', () => {
  renders([
    ['{{ now }}', FAILS],
    ['{{ ago 0 }}', FAILS],
    ['{{ date "2006" "not a time" }}', FAILS],
    ['{{ htmlDate 1.5 }}', FAILS],
    ['{{ env "HOME" }}', FAILS],
    ['{{ expandenv "$HOME" }}', FAILS],
    ['{{ expandenv "no reference, $ alone" }}', 'no reference, $ alone'],
    ['{{ getHostByName "localhost" }}', FAILS],
    ['{{ randAlpha 3 }}', FAILS],
    ['{{ randInt 0 9 }}', FAILS],
    ['{{ shuffle "abc" }}', FAILS],
    ['{{ uuidv4 }}', FAILS],
    ['{{ bcrypt "p" }}', FAILS],
    ['{{ htpasswd "u" "p" }}', FAILS],
    ['{{ genPrivateKey "rsa" }}', FAILS],
    ['{{ genCA "c" 1 }}', FAILS],
    ['{{ genSelfSignedCert "c" (list) (list) 1 }}', FAILS],
    ['{{ encryptAES "k" "x" }}', FAILS],
  ]);
});

test('the reason is named', () => {
  assert.throws(
    () => compileTemplate('t', '{{ uuidv4 }}', sprigFuncs()).render(null),
    (error) => error instanceof TemplateError && error.code === 'TEMPLATE_EXEC' && /uuidv4.*random/.test(error.message),
  );
});

test('options supply clock, zone and environment', () => {
  const funcs = sprigFuncs({ now: () => NOW, localZone: 'Europe/Berlin', env: { REGION: 'eu', toString: 'own' } });
  renders(
    [
      ['{{ now | unixEpoch }}', '1767323045'],
      ['{{ now }}', '2026-01-02 04:04:05.678 +0100 CET'],
      ['{{ date "15:04" "anything" }}', '04:04'],
      ['{{ ago 1767323000 }}', '46s'],
      ['{{ durationRound (toDate "2006-01-02 MST" "2025-01-01 UTC") }}', '1y'],
      ['{{ env "REGION" }}|{{ env "OTHER" }}|{{ env "constructor" }}', 'eu||'],
      ['{{ expandenv "$REGION-${OTHER}-${toString}${}" }}', 'eu--own'],
    ],
    funcs,
  );
});

test('work that a template chooses is charged', () => {
  const funcs = sprigFuncs();
  for (const template of [
    '{{ repeat 1000000000 "ab" }}',
    '{{ until 1000000000 }}',
    '{{ untilStep 0 9223372036854775807 1 }}',
    '{{ seq 1000000000 }}',
    '{{ indent 1000000000 "a" }}',
    '{{ replace "" (repeat 1000000 "x") (repeat 1000000 "y") }}',
    '{{ regexReplaceAll "y" (repeat 1000000 "y") (repeat 1000000 "x") }}',
    // Each match reads the rest of the text.
    '{{ regexFindAll "a.*b|a" (repeat 20000 "a") -1 }}',
    '{{ $x := repeat 400000 "ab" }}{{ range until 1000 }}{{ $_ := b64enc $x }}{{ end }}',
    '{{ range until 100 }}{{ derivePassword 1 "pin" "p" "u" "s" }}{{ end }}',
  ]) {
    assert.throws(
      () => compileTemplate('t', template, funcs, { limits: { steps: 500_000 } }).render(null),
      (error) => error instanceof TemplateError && error.code === 'TEMPLATE_LIMIT',
      template,
    );
  }
});

test('shared data never changes, and a template sees its own changes', () => {
  const shared = Object.freeze({ map: Object.freeze({ a: 1, nested: Object.freeze({ b: 2 }) }) });
  const before = JSON.stringify(shared);
  renders(
    [
      ['{{ $_ := set .map "x" 1 }}{{ toJson .map }}', '{"a":1,"nested":{"b":2},"x":1}'],
      ['{{ $_ := unset .map "a" }}{{ toJson .map }}', '{"nested":{"b":2}}'],
      ['{{ $_ := set .map.nested "c" 3 }}{{ toJson . }}', '{"map":{"a":1,"nested":{"b":2,"c":3}}}'],
      ['{{ $_ := merge .map (dict "nested" (dict "c" 3)) }}{{ toJson .map.nested }}', '{"b":2,"c":3}'],
      ['{{ $d := dict "m" .map }}{{ $_ := set $d.m "y" 1 }}{{ .map.y }}', '1'],
    ],
    sprigFuncs(),
    shared,
  );
  assert.equal(JSON.stringify(shared), before);
});

test('a function that changes dicts leaves foreign ones alone even without a copy', () => {
  const set = sprigFuncs().get('set');
  const foreign = { a: 1 };
  const context = { include: () => '', tpl: () => '', charge: () => undefined };
  const changed = set?.call([foreign, 'b', 2], context) as Record<string, GoValue>;
  assert.deepEqual(foreign, { a: 1 });
  assert.deepEqual({ ...changed }, { a: 1, b: 2 });
  assert.equal(set?.call([changed, 'c', 3], context), changed);
});

test('keys of user data mean nothing but themselves', () => {
  const data = JSON.parse('{"evil":{"__proto__":{"polluted":1},"constructor":2}}') as GoValue;
  renders(
    [
      [
        '{{ $d := dict "__proto__" (dict "polluted" 1) }}{{ $d }}{{ $d.polluted }}',
        'map[__proto__:map[polluted:1]]<no value>',
      ],
      ['{{ $d := set (dict) "__proto__" (dict "polluted" 1) }}{{ $d.polluted }}', '<no value>'],
      ['{{ get (dict) "constructor" | quote }}{{ hasKey (dict) "toString" }}', '""false'],
      ['{{ get .evil "constructor" }}{{ hasKey .evil "toString" }}{{ pick .evil "valueOf" }}', '2falsemap[]'],
      ['{{ $_ := merge (dict "a" 1) .evil }}{{ toJson $_ }}', '{"__proto__":{"polluted":1},"a":1,"constructor":2}'],
      ['{{ omit .evil "constructor" }}', 'map[__proto__:map[polluted:1]]'],
      ['{{ deepCopy .evil | toJson }}', '{"__proto__":{"polluted":1},"constructor":2}'],
      ['{{ (urlParse "http://h").__proto__ }}', '<no value>'],
    ],
    sprigFuncs(),
    data,
  );
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
});

test('dicts that contain themselves end in an error, not in a crash', () => {
  const cycle = '{{ $d := dict "a" 1 }}{{ $_ := set $d "self" $d }}';
  renders([
    [`${cycle}{{ mustToJson $d }}`, FAILS],
    [`${cycle}{{ toJson $d }}|`, '|'],
    [`${cycle}{{ mustMerge (deepCopy $d) $d }}`, FAILS],
    [`${cycle}{{ $e := deepCopy $d }}{{ $e.self.self.self.a }}`, '1'],
  ]);
});

test('a pattern that others would take exponential time for is matched in linear time', () => {
  renders([['{{ regexMatch "^(a+)+$" (printf "%s!" (repeat 5000 "a")) }}', 'false']]);
});
