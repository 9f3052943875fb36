import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { parseExposition } from './exposition.ts';
import { estimateQuantile, histogramOf, partWithin, since } from './histogram.ts';

/** What prom-client, which the gateway has, really writes. */
async function written(fill: (registers: Registry[]) => void): Promise<string> {
  const registry = new Registry();
  fill([registry]);
  return registry.metrics();
}

test('samples are read with their labels, whatever stands in those', async () => {
  const odd = 'a "quoted" \\ back\nline, {brace}="x"';
  const text = await written((registers) => {
    new Counter({ name: 'reviews_total', help: 'h', labelNames: ['reason', 'mesh'], registers }).inc(
      { reason: odd, mesh: '' },
      3,
    );
    new Gauge({ name: 'plain', help: 'h', registers }).set(-2.5e-7);
  });
  const samples = parseExposition(text);
  assert.deepEqual(
    samples.map(({ name, value, labels }) => [name, value, labels.get('reason')]),
    [
      ['reviews_total', 3, odd],
      ['plain', -2.5e-7, undefined],
    ],
  );
});

test('what is not a sample is passed over', () => {
  assert.deepEqual(parseExposition('# HELP a b\n\n<html>\nnot-a-name 3\n'), []);
});

describe('a histogram', () => {
  const read = async (values: readonly [string, number][]) => {
    const text = await written((registers) => {
      const histogram = new Histogram({
        name: 'took_seconds',
        help: 'h',
        labelNames: ['mesh'],
        buckets: [0.1, 0.2, 1],
        registers,
      });
      for (const [mesh, value] of values) histogram.observe({ mesh }, value);
    });
    const histogram = histogramOf(parseExposition(text), 'took_seconds');
    assert.ok(histogram !== null);
    return histogram;
  };

  test('is summed over its series', async () => {
    const { buckets, count, sum } = await read([
      ['a', 0.05],
      ['b', 0.15],
      ['b', 5],
    ]);
    assert.deepEqual(buckets, [
      [0.1, 1],
      [0.2, 2],
      [1, 2],
      [Number.POSITIVE_INFINITY, 3],
    ]);
    assert.equal(count, 3);
    assert.ok(Math.abs(sum - 5.2) < 1e-9);
  });

  test('tells quantiles within its buckets, and no more than its last bound', async () => {
    const histogram = await read([
      ['a', 0.15],
      ['a', 0.15],
      ['a', 0.15],
      ['a', 7],
    ]);
    // Three values evenly spread from 0.1 to 0.2: the second of them ends at two thirds.
    assert.ok(Math.abs((estimateQuantile(histogram, 0.5) ?? 0) - (0.1 + 0.1 * (2 / 3))) < 1e-9);
    assert.equal(estimateQuantile(histogram, 0.99), 1);
    assert.equal(partWithin(histogram, 0.2), 0.75);
    assert.equal(partWithin(histogram, 0.3), null);
  });

  test('less an earlier reading holds what came between', async () => {
    const earlier = await read([['a', 0.05]]);
    const later = await read([
      ['a', 0.05],
      ['a', 0.5],
    ]);
    const between = since(later, earlier);
    assert.equal(between.count, 1);
    assert.equal(partWithin(between, 0.2), 0);
    assert.equal(estimateQuantile(since(later, later), 0.5), null);
  });

  test('that is not there is null', () => {
    assert.equal(histogramOf([], 'took_seconds'), null);
  });
});
