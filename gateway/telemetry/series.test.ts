/** Against prom-client's own counters and histograms, which are given the same values. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AggregatorRegistry, Counter, Histogram, Registry } from 'prom-client';
import { CountedSeries, DistributedSeries } from './series.ts';

const BOUNDS = [0.5, 1, 2];
const label = fc.constantFrom('', 'shop', 'other', 'a"b', '__proto__');

function texts(fill: (own: Registry, theirs: Registry) => void): Promise<[string, string]> {
  const [own, theirs] = [new Registry(), new Registry()];
  fill(own, theirs);
  return Promise.all([own.metrics(), theirs.metrics()]);
}

test('a distribution is told as prom-client tells its histograms', async () => {
  const value = fc.oneof(fc.constantFrom(...BOUNDS, 0, 7), fc.double({ min: 0, max: 3, noNaN: true }));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(value, label, label)), async (added) => {
      const [own, theirs] = await texts((ownRegistry, registry) => {
        const names = { name: 'seconds', help: 'Time.', labelNames: ['mesh', 'outcome'] as const };
        const series = new DistributedSeries({ ...names, registry: ownRegistry }, BOUNDS);
        const histogram = new Histogram({ ...names, buckets: BOUNDS, registers: [registry] });
        for (const [seconds, mesh, outcome] of added) {
          series.add(seconds, mesh, outcome);
          histogram.observe({ mesh, outcome }, seconds);
        }
      });
      assert.equal(own, theirs);
    }),
  );
});

test('a count is told as prom-client tells its counters, however often it is read', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(label, label)), async (added) => {
      const own = new Registry();
      const theirs = new Registry();
      const names = { name: 'things_total', help: 'Things.', labelNames: ['mesh', 'reason'] as const };
      const series = new CountedSeries({ ...names, registry: own });
      const counter = new Counter({ ...names, registers: [theirs] });
      for (const [mesh, reason] of added) {
        series.add(mesh, reason);
        counter.inc({ mesh, reason });
        await own.metrics();
      }
      assert.equal(await own.metrics(), await theirs.metrics());
    }),
  );
});

test('the distributions of several processes add up', async () => {
  const registries = [1, 2].map((seconds) => {
    const registry = new Registry();
    const series = new DistributedSeries({ name: 'seconds', help: 'Time.', labelNames: ['mesh'], registry }, BOUNDS);
    series.add(seconds, 'shop');
    return registry;
  });
  const all = await Promise.all(registries.map((registry) => registry.getMetricsAsJSON()));
  const text = await AggregatorRegistry.aggregate(all).metrics();
  assert.ok(text.includes('seconds_bucket{le="1",mesh="shop"} 1'), text);
  assert.ok(text.includes('seconds_bucket{le="+Inf",mesh="shop"} 2'), text);
  assert.ok(text.includes('seconds_sum{mesh="shop"} 3'), text);
});
