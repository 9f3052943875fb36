/** The scraper against a real server, and what becomes of its readings; the metrics are written by the gateway's own class. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Counter } from 'prom-client';
import { type OutcomeKind, RequestMetrics } from '../../gateway/telemetry/request-metrics.ts';
import { parseExposition } from './exposition.ts';
import { adminFigures } from './panels.ts';
import type { AdminFigures, Line } from './record.ts';
import { type Scrape, Scraper, scrapeOnce } from './scrape.ts';

function observe(
  metrics: RequestMetrics,
  outcome: OutcomeKind,
  reason: string,
  durationMs: number,
  times: number,
): void {
  const sample = {
    mesh: 'm',
    revision: 'r',
    outcome,
    reason,
    reasons: [],
    durationMs,
    budgetShare: durationMs / 1_000,
    queueMs: 4,
    workerMs: 2,
    shed: false,
    reused: false,
    missed: false,
  };
  for (let i = 0; i < times; i++) metrics.observe(sample);
}

async function readings(metrics: RequestMetrics, between: () => void): Promise<AdminFigures> {
  const read = async (atMs: number): Promise<Scrape> => ({
    atMs,
    samples: parseExposition(await metrics.registry.metrics()),
  });
  const first = await read(10_000);
  between();
  const figures = adminFigures([first, await read(12_000)], 10_000);
  assert.ok(figures !== null);
  return figures;
}

function lineOf({ panels }: AdminFigures, panel: string, name: string): Line {
  const line = panels.find(({ id }) => id === panel)?.lines.find((each) => each.name === name);
  assert.ok(line !== undefined, `${panel}: ${name}`);
  return line;
}

describe('the figures of a gateway', () => {
  test('are what came between two readings, for each second', async () => {
    const metrics = new RequestMetrics();
    observe(metrics, 'patched', '', 5, 1_000);
    const figures = await readings(metrics, () => {
      observe(metrics, 'patched', '', 5, 60);
      observe(metrics, 'failed', 'QUEUE_FULL', 1, 30);
      observe(metrics, 'failed', 'DEADLINE_EXCEEDED', 900, 10);
    });
    assert.deepEqual(lineOf(figures, 'outcomes', 'patched').points, [[2, 30]]);
    assert.deepEqual(lineOf(figures, 'lost', 'QUEUE_FULL').points, [[2, 15]]);
    assert.deepEqual(lineOf(figures, 'lost', 'DEADLINE_EXCEEDED').points, [[2, 5]]);
    assert.equal(figures.refusedIn50Ms, 0.75);
    assert.equal(figures.budgetShares.find(([bound]) => bound === 0.75)?.[1], 0.9);
    assert.ok(figures.peakMemoryMb > 10);
    for (const name of ['queue p99', 'worker p50']) assert.equal(lineOf(figures, 'times', name).points.length, 1);
  });

  test('show counters of lost reviews that this code has never heard of', async () => {
    const metrics = new RequestMetrics();
    const shed = new Counter({ name: 'meshgate_shed_by_weather_total', help: 'h', registers: [metrics.registry] });
    const figures = await readings(metrics, () => shed.inc(8));
    assert.deepEqual(lineOf(figures, 'lost', 'shed_by_weather').points, [[2, 4]]);
  });

  test('are none from a single reading', () => {
    assert.equal(adminFigures([{ atMs: 1, samples: [] }], 0), null);
  });
});

test('the scraper reads once a second until it is stopped, and outlives failures', async () => {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    response.statusCode = asked === 2 ? 500 : 200;
    response.end(`reviews_total ${asked}\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const scraper = new Scraper(`http://127.0.0.1:${port}`);
    await scraper.start();
    while (asked < 3) await sleep(20);
    const scrapes = await scraper.stop();
    assert.deepEqual(
      scrapes.map(({ samples }) => samples[0]?.value),
      [1, 3, 4],
    );
    assert.equal(scraper.failures, 1);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

test('an address without metrics is told', async () => {
  const server = createServer((_request, response) => {
    response.statusCode = 404;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    await assert.rejects(scrapeOnce(`http://127.0.0.1:${port}`), /answered 404/);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
