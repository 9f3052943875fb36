/**
 * What a gateway takes of memory that serves many releases at once: with one worker, before and after full load on 16 connections of
 * HTTP/1.1, as the apiserver's. docs/benchmarks.md has what it is on a quiet machine; the limits here leave room for what a
 * busy one adds, and for a start that has to strip types first.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { cpuSeconds, residentBytes } from '../../loadtest/bench/cpu-time.ts';
import { startGateway } from '../../loadtest/gateway.ts';
import { corpusSkip } from './corpus.ts';
import { inTurn } from './in-turn.ts';
import { istioReleaseSpec, istioReleases } from './istio-releases.ts';
import { ConformanceFolder } from './policy-folder.ts';
import { type ReviewCase, reviewCases } from './review-case.ts';

const MB = 1e6;
/** It is 164 to 177 MB. */
const IDLE_LIMIT_MB = 205;
/** It is 187 to 195 MB. */
const LOAD_LIMIT_MB = 230;
const CONNECTIONS = 16;
const LOAD_MS = 6_000;
/** What the load has to have been at least, that the test says something. */
const LEAST_REQUESTS = 3_000;
/** Time for what belongs to the start, or to the load, to end. */
const SETTLE_MS = 3_000;

interface Ask {
  readonly path: string;
  readonly body: string;
}

class Mix {
  readonly #folder: ConformanceFolder;
  readonly #asks = new Map<string, Ask[]>();

  constructor(folder: string) {
    this.#folder = new ConformanceFolder(folder);
  }

  add(release: string, recorded: ReviewCase): void {
    const path = this.#folder.add(recorded);
    if (path === null) return;
    const asks = this.#asks.get(release) ?? [];
    this.#asks.set(release, asks);
    asks.push({ path: `${encodeURI(path)}?timeout=30s`, body: recorded.body });
  }

  /** Writes the folder. */
  finish(): { readonly releases: number; readonly asks: readonly Ask[] } {
    this.#folder.write();
    return { releases: this.#asks.size, asks: inTurn(this.#asks.values()) };
  }
}

/** Every release that has answers, one revision each, with its own recorded reviews. */
function recordedReleases(folder: string): ReturnType<Mix['finish']> {
  const mix = new Mix(folder);
  for (const provider of ['istio', 'linkerd'] as const) {
    for (const recorded of reviewCases(provider)) {
      const release = /^releases\/([^/]+)\/(?:classic|default)$/.exec(recorded.set)?.[1];
      if (release !== undefined) mix.add(release, recorded);
    }
  }
  return mix.finish();
}

/** Every release of Istio whose configuration is there, with the reviews that any of them has answered. */
function istioReleasesAlone(folder: string): ReturnType<Mix['finish']> {
  const mix = new Mix(folder);
  const specs = istioReleases().map((release) => ({ release, spec: istioReleaseSpec(release, 'classic') }));
  for (const recorded of reviewCases('istio')) {
    if (!/^releases\/[^/]+\/classic$/.test(recorded.set)) continue;
    for (const { release, spec } of specs) mix.add(release, { ...recorded, spec });
  }
  return mix.finish();
}

async function load(pool: Pool, asks: readonly Ask[]): Promise<number> {
  const end = performance.now() + LOAD_MS;
  let sent = 0;
  const connection = async (): Promise<void> => {
    while (performance.now() < end) {
      const { path, body } = asks[sent % asks.length] as Ask;
      sent++;
      const headers = { 'content-type': 'application/json' };
      const answer = await pool.request({ method: 'POST', path, headers, body });
      assert.equal(answer.statusCode, 200);
      await answer.body.dump();
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, connection));
  return sent;
}

function residentMb(t: TestContext, when: string, pid: number): number {
  const bytes = residentBytes(pid);
  assert.notEqual(bytes, null);
  const mb = Math.round((bytes ?? 0) / MB);
  t.diagnostic(`${mb} MB ${when}`);
  return mb;
}

function limit(mb: number, when: string, limitMb: number): void {
  assert.ok(mb <= limitMb, `${mb} MB ${when}, and at most ${limitMb} are expected (docs/benchmarks.md)`);
}

/** /proc is Linux's. */
const skip = process.platform === 'linux' ? corpusSkip() : 'resident memory is read from /proc';

for (const [name, prepare] of [
  ['all recorded releases of Istio and Linkerd', recordedReleases],
  ['all configurations of releases of Istio', istioReleasesAlone],
] as const) {
  test(`${name} at once take no more memory than is documented`, { skip }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'meshgate-memory-'));
    try {
      const { releases, asks } = prepare(folder);
      const gateway = await startGateway({ args: ['--source', folder, '--workers', '1', '--log-level', 'error'] });
      const connect = { ca: readFileSync(gateway.ca) };
      const pool = new Pool(gateway.admission, { connections: CONNECTIONS, allowH2: false, connect });
      try {
        await sleep(SETTLE_MS);
        limit(residentMb(t, `with ${releases} releases, idle`, gateway.pid), 'idle', IDLE_LIMIT_MB);
        const before = cpuSeconds(gateway.pid) ?? Number.NaN;
        const sent = await load(pool, asks);
        const after = cpuSeconds(gateway.pid) ?? Number.NaN;
        t.diagnostic(`${sent} requests, ${Math.round(((after - before) / sent) * 1e6)} µs of CPU each`);
        assert.ok(sent >= LEAST_REQUESTS, `${sent} requests are too few to tell`);
        limit(residentMb(t, 'after the load', gateway.pid), 'after the load', LOAD_LIMIT_MB);
        await sleep(SETTLE_MS);
        limit(residentMb(t, 'some seconds later', gateway.pid), 'some seconds later', LOAD_LIMIT_MB);
      } finally {
        await pool.close();
        await gateway.stop();
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
