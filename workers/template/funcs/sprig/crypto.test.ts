/** Hashes and keys as sprig has them: expected texts are those of sprig 3.3.0. */
import { test } from 'node:test';
import { FAILS, renders } from '../render-fixture.ts';

test('hashes', () => {
  renders([
    ['{{ sha1sum "é" }}', 'bf15be717ac1b080b4f1c456692825891ff5073d'],
    ['{{ sha256sum "" }}', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    [
      '{{ sha512sum "a" }}',
      '1f40fc92da241694750979ee6cf582f2d5d7d28e18335de05abc54d0560e0f5302860c652bf08d560252aa5e74210546f369fbbbce8c12cfc7957b2652fe9a75',
    ],
    ['{{ adler32sum "hello" }} {{ adler32sum "" }}', '103547413 1'],
    ['{{ sha1sum "\\xff" }}', '85e53271e14006f0265921d02d4d736cdc580b0b'],
  ]);
});

test('derived passwords', () => {
  renders([
    ['{{ derivePassword 1 "long" "password" "user" "example.com" }}', 'ZedaFaxcZaso9*'],
    ['{{ derivePassword 2 "pin" "password" "user" "example.com" }}', '3882'],
    ['{{ derivePassword 1 "nosuch" "p" "u" "s" }}', 'cannot find password template nosuch'],
  ]);
});

test('AES', () => {
  renders([
    ['{{ decryptAES "secretkey" "30tEfhuJSVRhpG97XCuWgz2okj7L8vQ1s6V9zVUPeDQ=" }}', 'plaintext'],
    ['{{ decryptAES "k" "" }}|', '|'],
    ['{{ decryptAES "k" "x" }}', FAILS],
    ['{{ decryptAES "k" "AAAA" }}', FAILS],
    ['{{ encryptAES "k" "" }}|', '|'],
  ]);
});

test('answers that need no randomness', () => {
  renders([
    ['{{ htpasswd "a:b" "p" }}', 'invalid username: a:b'],
    ['{{ genPrivateKey "nosuch" }}', 'Unknown type nosuch'],
    ['{{ randAlpha 0 }}|{{ randAlpha -1 }}|{{ randBytes 0 }}|', '|||'],
    ['{{ randInt 5 6 }}', '5'],
    ['{{ randInt 5 5 }}', FAILS],
    ['{{ shuffle "aaa" }}', 'aaa'],
    ['{{ buildCustomCert "x" "y" }}', FAILS],
  ]);
});
