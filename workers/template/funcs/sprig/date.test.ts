/** Dates as sprig has them: expected texts are those of sprig 3.3.0. */
import { test } from 'node:test';
import { FAILS, renders } from '../render-fixture.ts';

test('formatting', () => {
  renders([
    ['{{ dateInZone "Mon, 02 Jan 2006 15:04:05 MST" 86399 "UTC" }}', 'Thu, 01 Jan 1970 23:59:59 UTC'],
    ['{{ date "2006-01-02T15:04:05.000Z07:00" (int64 1500000000) }}', '2017-07-14T02:40:00.000Z'],
    ['{{ dateInZone "2006-01-02 15:04 -0700 MST" 0 "America/New_York" }}', '1969-12-31 19:00 -0500 EST'],
    ['{{ dateInZone "15:04" 0 "nowhere" }}', '00:00'],
    ['{{ htmlDate 0 }} {{ htmlDateInZone -1 "UTC" }}', '1970-01-01 1969-12-31'],
    [
      '{{ date "January _2 2 02 __2 002 06 3 03 PM pm 4 04 5 05 Monday Jane" 0 }}',
      'January  1 1 01   1 001 70 12 12 AM am 0 00 0 00 Thursday Jane',
    ],
    ['{{ date "2006" 9223372036854775807 }}', '292277026596'],
  ]);
});

test('parsing', () => {
  renders([
    ['{{ toDate "2006-01-02" "2020-02-29" }}', '2020-02-29 00:00:00 +0000 UTC'],
    ['{{ toDate "2006-01-02" "2019-02-29" }}', '0001-01-01 00:00:00 +0000 UTC'],
    ['{{ mustToDate "2006-01-02" "2019-02-29" }}', FAILS],
    ['{{ toDate "2006-01-02T15:04:05Z07:00" "2020-01-02T03:04:05.5+02:00" }}', '2020-01-02 03:04:05.5 +0200 +0200'],
    ['{{ toDate "3:04PM" "12:30AM" }}', '0000-01-01 00:30:00 +0000 UTC'],
    ['{{ toDate "Jan 2 2006 MST" "feb 3 2020 CET" }}', '2020-02-03 00:00:00 +0000 CET'],
    ['{{ toDate "2006 002" "2020 366" }}', '2020-12-31 00:00:00 +0000 UTC'],
    ['{{ unixEpoch (toDate "2006-01-02" "2020-01-01") }}', '1577836800'],
  ]);
});

test('changing', () => {
  renders([
    ['{{ dateModify "-1.5h" (toDate "2006-01-02" "2020-01-01") }}', '2019-12-31 22:30:00 +0000 UTC'],
    ['{{ dateModify "x" (toDate "2006-01-02" "2020-01-01") }}', '2020-01-01 00:00:00 +0000 UTC'],
    ['{{ mustDateModify "x" (toDate "2006-01-02" "2020-01-01") }}', FAILS],
    ['{{ dateModify "1h" 5 }}', FAILS],
  ]);
});

test('durations', () => {
  renders([
    ['{{ duration 95 }} {{ duration "95" }} {{ duration (int64 3661) }} {{ duration "x" }}', '0s 1m35s 1h1m1s 0s'],
    [
      '{{ durationRound "2h10m5s" }} {{ durationRound "400h" }} {{ durationRound "-9000h" }} {{ durationRound "1s" }} {{ durationRound (int64 90000000000) }}',
      '2h 16d 1y 0s 1m',
    ],
  ]);
});

test('methods of a time', () => {
  renders([
    [
      '{{ with toDate "2006-01-02" "2020-02-29" }}{{ .Year }} {{ .Month }} {{ .Day }} {{ .Weekday }} {{ .YearDay }} {{ .Unix }} {{ .Format "Jan 2" }} {{ .AddDate 1 0 0 }} {{ .IsZero }}{{ end }}',
      '2020 February 29 Saturday 60 1582934400 Feb 29 2021-03-01 00:00:00 +0000 UTC false',
    ],
    [
      '{{ (toDate "" "x").IsZero }} {{ kindOf (toDate "" "") }} {{ printf "%#v" (toDate "2006-01-02" "2020-02-29") }}',
      'true struct time.Date(2020, time.February, 29, 0, 0, 0, 0, time.Local)',
    ],
  ]);
});
