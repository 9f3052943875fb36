/** Versions as sprig has them: expected texts are those of sprig 3.3.0. */
import { test } from 'node:test';
import { FAILS, renders } from '../render-fixture.ts';

test('parsing', () => {
  renders([
    ['{{ semver "v1.2" }} {{ (semver "v1.2").Original }} {{ semver "1.2.3-rc.1+b5" }}', '1.2.0 v1.2 1.2.3-rc.1+b5'],
    ['{{ semver "1.2.3.4" }}', FAILS],
    ['{{ semver "1.2.3-01" }}', FAILS],
    ['{{ semver "" }}', FAILS],
    [
      '{{ with semver "1.2.3-rc.1+b5" }}{{ .Major }} {{ .Minor }} {{ .Patch }} {{ .Prerelease }} {{ .Metadata }}{{ end }}',
      '1 2 3 rc.1 b5',
    ],
    [
      '{{ (semver "1.2.3-a").IncPatch }} {{ (semver "v1.2.3").IncMinor }} {{ (semver "1.2.3").IncMajor }} {{ (semver "1.2.3").SetPrerelease "x" }}',
      '1.2.3 1.3.0 2.0.0 1.2.3-x',
    ],
    [
      '{{ (semver "1.2.3").Compare (semver "1.2.4") }} {{ (semver "1.0.0-9").LessThan (semver "1.0.0-10") }} {{ (semver "1.0.0+a").Equal (semver "1.0.0+b") }}',
      '-1 true true',
    ],
    ['{{ (semver "1.2.3").Nope }}', FAILS],
    ['{{ (semver "1.2.3").major }}', FAILS],
    [
      '{{ printf "%+v %d" (semver "1.2.3") (semver "1.2.3") }}',
      '1.2.3 &{1 2 3 %!d(string=) %!d(string=) %!d(string=1.2.3)}',
    ],
  ]);
});

test('comparing', () => {
  renders([
    [
      '{{ semverCompare ">=1.2" "1.2.0" }} {{ semverCompare "<1.2" "1.2.0" }} {{ semverCompare "=1.2.3" "v1.2.3" }}',
      'true false true',
    ],
    [
      '{{ semverCompare "~1.2" "1.2.9" }} {{ semverCompare "~1.2" "1.3.0" }} {{ semverCompare "~1" "1.9.0" }}',
      'true false true',
    ],
    [
      '{{ semverCompare "^0.2.3" "0.2.9" }} {{ semverCompare "^0.2.3" "0.3.0" }} {{ semverCompare "^0.0.3" "0.0.4" }} {{ semverCompare "^1.2" "1.9.0" }}',
      'true false false true',
    ],
    [
      '{{ semverCompare "1.x" "1.9.0" }} {{ semverCompare "*" "3.0.0" }} {{ semverCompare "!=1.x" "1.5.0" }} {{ semverCompare ">1" "1.5.0" }} {{ semverCompare "<=1" "1.5.0" }}',
      'true true false false true',
    ],
    [
      '{{ semverCompare "1.2 - 1.4" "1.3.0" }} {{ semverCompare "<1 || >=2" "2.1.0" }} {{ semverCompare ">=1, <2" "1.5.0" }} {{ semverCompare ">=1 <2" "2.0.0" }}',
      'true true true false',
    ],
    [
      '{{ semverCompare ">=1.28" "1.29.0-rc.1" }} {{ semverCompare ">=1.28.0-0" "1.29.0-rc.1" }} {{ semverCompare "*" "1.0.0-a" }}',
      'false true false',
    ],
    ['{{ semverCompare "==1.0" "1.0.0" }}', FAILS],
    ['{{ semverCompare "" "1.0.0" }}', FAILS],
    ['{{ semverCompare "1.0," "1.0.0" }}', FAILS],
    ['{{ semverCompare "1.0" "x" }}', FAILS],
  ]);
});
