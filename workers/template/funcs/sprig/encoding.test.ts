/** Encodings as sprig has them: expected texts are those of sprig 3.3.0. */
import { test } from 'node:test';
import { renders } from '../render-fixture.ts';

test('base64', () => {
  renders([
    ['{{ b64enc "héllo" }} {{ b64enc "" }}|', 'aMOpbGxv |'],
    ['{{ b64dec "aMOpbGxv" }}', 'héllo'],
    ['{{ b64dec "aGVs\\nbG8=" }}', 'hello'],
    ['{{ b64dec "aGVsbG8" }}', 'illegal base64 data at input byte 4'],
    ['{{ b64dec "a" }}', 'illegal base64 data at input byte 0'],
    ['{{ b64dec "a===" }}', 'illegal base64 data at input byte 1'],
    ['{{ b64dec "ab=x" }}', 'illegal base64 data at input byte 2'],
    ['{{ b64dec "YQ==YQ==" }}', 'illegal base64 data at input byte 4'],
    ['{{ b64dec "a-b_" }}', 'illegal base64 data at input byte 1'],
    ['{{ b64dec "/w==" | quote }}', '"\\xff"'],
  ]);
});

test('base32', () => {
  renders([
    ['{{ b32enc "hello" }} {{ b32enc "h" }}', 'NBSWY3DP NA======'],
    ['{{ b32dec "NBSWY3DP" }}', 'hello'],
    ['{{ b32dec "NA======" }}', 'h'],
    ['{{ b32dec "nbswy3dp" }}', 'illegal base32 data at input byte 0'],
    ['{{ b32dec "NBSWY3D" }}', 'illegal base32 data at input byte 0'],
    ['{{ b32dec "NB=" }}', 'illegal base32 data at input byte 3'],
    ['{{ b32dec "N=======" }}', 'illegal base32 data at input byte 1'],
    ['{{ b32dec "NBS=====" }}', 'illegal base32 data at input byte 3'],
  ]);
});
