/**
 * What a gateway takes of memory: one with a revision for each recorded release of Istio and one worker, before and after full load on 16
 * connections, with recorded reviews of all kinds for every revision. docs/benchmarks.md has what it is on a quiet machine; the limits here
 * leave room for what a busy one adds, and for a start that has to strip types first.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { residentBytes } from '../../loadtest/bench/cpu-time.ts';
import { startGateway } from '../../loadtest/gateway.ts';
import { corpusSkip } from './corpus.ts';
import { istioReleaseSpec, istioReleases } from './istio-releases.ts';
import { ConformanceFolder } from './policy-folder.ts';
import { reviewCases } from './review-case.ts';

const MB = 1e6;
/** It is 171 to 191 MB. */
const IDLE_LIMIT_MB = 215;
/** It is 250 to 256 MB; with an unbounded young generation, and all that templates are compiled to kept, it was 520. */
const LOAD_LIMIT_MB = 300;
const CONNECTIONS = 16;
const LOAD_MS = 6_000;
/** What the load has to have been at least, that the test says something. */
const LEAST_REQUESTS = 3_000;
/** Time for what belongs to the start to end. */
const SETTLE_MS = 3_000;

interface Ask {
  readonly path: string;
  readonly body: string;
}

/** Writes a folder with one revision a release, and returns recorded reviews, each for all releases in turn. */
function prepare(folder: string, releases: readonly string[]): Ask[] {
  const policies = new ConformanceFolder(folder);
  const specs = releases.map((release) => istioReleaseSpec(release, 'classic'));
  const asks: Ask[] = [];
  for (const recorded of reviewCases('istio')) {
    if (!/^releases\/[^/]+\/classic$/.test(recorded.set)) continue;
    for (const spec of specs) {
      const path = policies.add({ ...recorded, spec });
      if (path !== null) asks.push({ path: `${encodeURI(path)}?timeout=30s`, body: recorded.body });
    }
  }
  policies.write();
  return asks;
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

function check(t: TestContext, when: string, pid: number, limitMb: number): void {
  const bytes = residentBytes(pid);
  assert.notEqual(bytes, null);
  const mb = Math.round((bytes ?? 0) / MB);
  t.diagnostic(`${mb} MB ${when}`);
  assert.ok(mb <= limitMb, `${mb} MB ${when}, and at most ${limitMb} are expected (docs/benchmarks.md)`);
}

/** /proc is Linux's. */
const skip = process.platform === 'linux' ? corpusSkip() : 'resident memory is read from /proc';

test('all recorded releases of Istio at once take no more memory than is documented', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'meshgate-memory-'));
  try {
    const releases = istioReleases();
    const asks = prepare(folder, releases);
    const gateway = await startGateway({ args: ['--source', folder, '--workers', '1', '--log-level', 'error'] });
    const pool = new Pool(gateway.admission, { connections: CONNECTIONS, connect: { ca: readFileSync(gateway.ca) } });
    try {
      await sleep(SETTLE_MS);
      check(t, `with ${releases.length} releases, idle`, gateway.pid, IDLE_LIMIT_MB);
      const sent = await load(pool, asks);
      check(t, `after ${sent} requests`, gateway.pid, LOAD_LIMIT_MB);
      assert.ok(sent >= LEAST_REQUESTS, `${sent} requests are too few to tell`);
      await sleep(SETTLE_MS);
      check(t, 'some seconds later', gateway.pid, LOAD_LIMIT_MB);
    } finally {
      await pool.close();
      await gateway.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
