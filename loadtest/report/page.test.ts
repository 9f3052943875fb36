import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exampleRun, spread } from './example-run.ts';
import { renderReport } from './page.ts';
import { type AdminFigures, parseRecord, type RunFigures, type RunRecord } from './record.ts';

const admin: AdminFigures = {
  panels: [
    {
      id: 'memory',
      title: 'Memory',
      unit: 'MB',
      lines: [
        {
          name: 'resident',
          points: [
            [0, 200],
            [5, 240],
          ],
        },
      ],
    },
    { id: 'lost', title: 'Shed and missed', unit: '/s', lines: [{ name: 'QUEUE_FULL', points: [[1, 3]] }] },
  ],
  budgetShares: [
    [0.5, 0.9],
    [1, 1],
  ],
  refusedIn50Ms: null,
  peakMemoryMb: 240,
  startMemoryMb: 200,
};

function record(changes: Partial<RunFigures> = {}, ok = true): RunRecord {
  const checks = [{ name: 'slowest answer', limit: '< 10 s', measured: '8 ms', ok }];
  return { ...exampleRun({ admin, ...changes }), checks, findings: ['A finding.'], passed: ok };
}

const VOID = new Set(['meta', 'path', 'circle', 'rect']);

/** Walks over all tags and throws unless each is closed where it has to be; returns how many of each there are. */
function countElements(html: string): Map<string, number> {
  const open: string[] = [];
  const counts = new Map<string, number>();
  const body = html.replace(/^<!doctype html>/, '').replace(/<style>[^<]*<\/style>/, '');
  for (const [, closing, name = '', attributes = ''] of body.matchAll(/<(\/?)([a-z0-9]+)((?:\s[^<>]*)?)>/g)) {
    if (closing === '/') assert.equal(open.pop(), name);
    else {
      counts.set(name, (counts.get(name) ?? 0) + 1);
      assert.match(attributes, /^(\s+[a-zA-Z-]+(="[^"<>]*")?)*\s*\/?$/, `<${name}${attributes}>`);
      if (!VOID.has(name)) open.push(name);
    }
  }
  assert.deepEqual(open, []);
  assert.doesNotMatch(body.replaceAll(/<\/?[a-z0-9]+(?:\s[^<>]*)?>/g, ''), /[<>]/, 'no stray bracket');
  return counts;
}

describe('the report', () => {
  test('is well-formed, and every plot has a name and a description of its own', () => {
    const html = renderReport(record(), null);
    const counts = countElements(html);
    assert.ok((counts.get('figure') ?? 0) >= 6);
    assert.equal(html.match(/role="img"/g)?.length, counts.get('desc'));
    const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    assert.equal(new Set(ids).size, ids.length);
    for (const [, labels = ''] of html.matchAll(/aria-labelledby="([^"]+)"/g))
      for (const id of labels.split(' ')) assert.ok(ids.includes(id), id);
  });

  test('needs no network and no script, and forbids both', () => {
    const html = renderReport(record(), record());
    assert.doesNotMatch(html, /https?:|\ssrc=|\shref=|url\(|@import|<script/);
    assert.match(html, /Content-Security-Policy" content="default-src 'none'/);
  });

  test('takes no text for markup, wherever it comes from', () => {
    const evil = '<img src=x onerror="alert(1)">&\'';
    const html = renderReport(
      record({
        target: evil,
        about: evil,
        scenario: evil,
        sample: { checked: 1, wrong: 1, problems: [evil] },
        environment: { [evil]: evil },
      }),
      record({ scenario: evil }),
    );
    countElements(html);
    assert.doesNotMatch(html, /<img/);
  });

  test('says first whether the run passed, and what was crossed', () => {
    assert.match(renderReport(record(), null), /✓ Passed/);
    const failed = renderReport(record({}, false), null);
    assert.match(failed, /✗ Failed: 1 of 1 checks/);
    assert.ok(failed.indexOf('✗ Failed') < failed.indexOf('<h2>'));
  });

  test('says what the slowest answer is of the timeout', () => {
    assert.match(renderReport(record({ latency: spread(1_000, 5, 2_500) }), null), /took 2\.5 s, 25 % of the 10 s/);
  });

  test('shows an earlier run beside this one, and warns when it had other settings', () => {
    const same = renderReport(record(), record({ latency: spread(1_000, 10, 16) }));
    countElements(same);
    assert.match(same, /−50 %/);
    assert.match(same, /Memory: earlier run/);
    assert.doesNotMatch(same, /other settings/);
    const { settings } = exampleRun();
    assert.match(renderReport(record(), record({ settings: { ...settings, rate: 7 } })), /other settings/);
  });

  test('of an injector without an admin port says that its own figures are missing', () => {
    const html = renderReport(record({ admin: null }), null);
    countElements(html);
    assert.match(html, /There are none/);
  });

  test('of a run without answers is still a page', () => {
    countElements(renderReport(record({ latency: spread(0, 0), intervals: [], phases: [] }), null));
  });
});

test('a record is read back as it was written, and other files are refused', () => {
  const written = record();
  assert.deepEqual(parseRecord(JSON.stringify(written)), written);
  assert.throws(() => parseRecord('{'), /not JSON/);
  for (const other of ['null', '[]', '{"format":"other"}']) assert.throws(() => parseRecord(other), /not a run's JSON/);
});
