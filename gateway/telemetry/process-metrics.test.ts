import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { collectProcessMetrics } from './process-metrics.ts';

test("are all of prom-client's but those of garbage collections", () => {
  const [own, theirs] = [new Registry(), new Registry()];
  collectProcessMetrics(own);
  collectDefaultMetrics({ register: theirs });
  const names = (registry: Registry): string[] => registry.getMetricsAsArray().map(({ name }) => name);
  assert.deepEqual(
    names(own),
    names(theirs).filter((name) => name !== 'nodejs_gc_duration_seconds'),
  );
});
