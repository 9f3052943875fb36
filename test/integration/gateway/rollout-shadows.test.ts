/** What the analysis of a rollout reads of its shadows, while both revisions answer. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DEFAULT_ROLLOUT_SHADOW,
  type RolloutShadow,
  RolloutShadows,
  type ShadowedRollout,
} from '../../../gateway/shadow/rollout-shadows.ts';
import { makeMesh, makeSnapshot, review, startTestGateway, TestClient, type TestGateway } from './harness.ts';

const STATUS = { path: '/metadata/annotations/meshgate.dev~1status/**' };
const IMAGE = { path: '/spec/containers/proxy/image', from: 'proxy:1', to: 'proxy:2' };
const EACH = { intervalMs: 1_000, minSamples: 1, thresholdRange: { max: 0 } };

function rolloutOf(name: string, shadow: Partial<RolloutShadow>): ShadowedRollout {
  return { name, mesh: 'shop', from: 'v1', to: 'v2', shadow: { ...DEFAULT_ROLLOUT_SHADOW, perSecond: 200, ...shadow } };
}

describe('the difference rate of a rollout', () => {
  let gateway: TestGateway;
  let client: TestClient;
  let nowMs = 0;
  let shadows: RolloutShadows;
  before(async () => {
    gateway = await startTestGateway({ snapshot: makeSnapshot('r1', [makeMesh('shop')]) });
    client = new TestClient(gateway.ready.admission, gateway.ca);
    shadows = new RolloutShadows(gateway.gateway.shadows, () => nowMs);
  });
  after(async () => {
    shadows.close();
    await client.close();
    await gateway.stop();
  });

  async function send(count: number, path: string): Promise<void> {
    for (let i = 0; i < count; i++) await client.post(path, review(`u${i}`, { note: `${i}` }));
  }

  async function compared(name: string, count: number): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      if ((shadows.gate(name)?.compared ?? 0) >= count) return;
      await sleep(20);
    }
    assert.fail(JSON.stringify(shadows.gate(name)));
  }

  it('has no data before anything was compared, and waits for it', async () => {
    const reading = await shadows.differenceRate(rolloutOf('a', {}), EACH);
    assert.deepEqual(reading, { value: null, reason: 'no review was compared yet', scarce: true, baseline: null });
  });

  it('counts what both revisions answer, and only since the question before', async () => {
    await send(6, '/inject/mesh/shop');
    await send(4, '/inject/mesh/shop/rev/v2');
    await compared('a', 10);
    nowMs += EACH.intervalMs;
    assert.equal((await shadows.differenceRate(rolloutOf('a', {}), EACH)).value, 100);
    nowMs += EACH.intervalMs;
    const later = await shadows.differenceRate(rolloutOf('a', {}), EACH);
    assert.deepEqual([later.value, later.scarce], [null, true]);
  });

  it('is none where all differences are allowed, seen from either side', async () => {
    const rollout = rolloutOf('b', { allowedDifferences: [STATUS, IMAGE] });
    await shadows.differenceRate(rollout, EACH);
    await send(3, '/inject/mesh/shop');
    await send(3, '/inject/mesh/shop/rev/v2');
    await compared('b', 6);
    nowMs += EACH.intervalMs;
    assert.equal((await shadows.differenceRate(rollout, EACH)).value, 0);
    assert.deepEqual(shadows.gate('b'), { compared: 6, different: 6, notAllowed: 0, failed: 0 });
  });

  it('waits for as many reviews as a gate demands, however long that takes, and no longer than it has to', async () => {
    const gate = { ...EACH, minSamples: 8 };
    const allowed = rolloutOf('g', { allowedDifferences: [STATUS, IMAGE] });
    const ask = async (rollout: ShadowedRollout, sent: number, total: number, question = gate) => {
      await send(sent, '/inject/mesh/shop');
      await compared(rollout.name, total);
      nowMs += EACH.intervalMs;
      const { value, reason, scarce } = await shadows.differenceRate(rollout, question);
      return value ?? [reason, scarce];
    };
    assert.equal(await shadows.begin(allowed, EACH.intervalMs), null);
    assert.deepEqual(await ask(allowed, 3, 3), ['3 reviews of at least 8 were compared', true]);
    assert.deepEqual(await ask(allowed, 3, 6), ['6 reviews of at least 8 were compared', true]);
    assert.equal(await ask(allowed, 2, 8), 0);
    const strict = rolloutOf('s', {});
    assert.equal(await shadows.begin(strict, EACH.intervalMs), null);
    const tolerant = { ...gate, thresholdRange: { max: 20 } };
    assert.deepEqual(await ask(strict, 1, 1, tolerant), ['1 reviews of at least 8 were compared', true]);
    assert.equal(await ask(strict, 1, 2, tolerant), 100, 'the six that are missing could not help');
    assert.equal(await ask(strict, 1, 3), 100, 'one that is not allowed is enough where none may be');
    for (const name of ['g', 's']) shadows.end(name);
  });

  it('says why there is none where the upstream is down', async () => {
    const upstream = { url: 'https://127.0.0.1:1/inject', caFile: null, timeoutMs: 1_000 };
    const rollout = rolloutOf('c', { upstream });
    await shadows.differenceRate(rollout, EACH);
    await send(2, '/inject/mesh/shop');
    for (let tries = 0; tries < 100 && shadows.gate('c')?.failed !== 2; tries++) await sleep(20);
    nowMs += EACH.intervalMs;
    const reading = await shadows.differenceRate(rollout, EACH);
    assert.deepEqual([reading.value, reading.scarce, reading.reason], [null, false, '2 reviews could not be compared']);
  });

  it('says why nothing is shadowed', async () => {
    const reading = await shadows.differenceRate({ ...rolloutOf('d', {}), to: 'v9' }, EACH);
    assert.match(reading.reason, /no reviews are shadowed: Mesh shop has no revision and no tag "v9"/);
    assert.equal(shadows.gate('d'), null);
  });

  it('ends with the rollout', () => {
    shadows.end('b');
    const names = gateway.gateway.shadows.list().map(({ spec }) => spec.name);
    assert.deepEqual(names, ['rollout/a', 'rollout/a/back', 'rollout/c']);
  });
});
