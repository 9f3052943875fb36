/**
 * prom-client's metrics of the process (`process_*`, `nodejs_*`), all but those of garbage collections: to tell of one Node makes half a dozen
 * objects and functions in the old generation, which were more than half of what made that grow under load, and so led to major collections.
 */
import { createRequire } from 'node:module';
import { collectDefaultMetrics, type Registry } from 'prom-client';

/** Adds metrics to a registry; prom-client has one in a file of its own for each name in its list. */
type AddMetrics = (registry: Registry, config: { readonly eventLoopMonitoringPrecision: number }) => void;

/** In `collectDefaultMetrics.metricsList`. */
const LEFT_OUT = 'gc';
/** How often the event loop is looked at, as prom-client does by default. */
const LOOP_LOOK_MS = 10;

const require = createRequire(import.meta.url);

export function collectProcessMetrics(registry: Registry): void {
  for (const name of collectDefaultMetrics.metricsList) {
    if (name === LEFT_OUT) continue;
    const add = require(`prom-client/lib/metrics/${name}.js`) as AddMetrics;
    add(registry, { eventLoopMonitoringPrecision: LOOP_LOOK_MS });
  }
}
