/**
 * Rollouts in a running gateway under load: a good revision is promoted, one that denies is rolled back, and what is decided lasts.
 */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { request } from 'undici';
import type { RolloutDescription } from '../../../gateway/rollout/describe.ts';
import { readFile, run } from './process.ts';
import { DENYING, files, Load, RolloutGateway } from './rollout-gateway.ts';

const METRICS = `stepWeights: [20, 60], metrics: [{name: error-rate, thresholdRange: {max: 1}, minSamples: 5, onMissing: Wait}, {name: denied-rate, thresholdRange: {max: 1}, minSamples: 5, onMissing: Wait}]`;
/** Takes the change to commit when it is asked for the second time. */
const opened: Record<string, unknown>[] = [];
const forge = createServer(async (asked, response) => {
  let body = '';
  for await (const chunk of asked) body += String(chunk);
  opened.push(JSON.parse(body) as Record<string, unknown>);
  response.writeHead(opened.length === 1 ? 503 : 201).end(opened.length === 1 ? 'busy' : 'https://git.example/pulls/7');
});
const opens = () => {
  const { port } = forge.address() as AddressInfo;
  return `webhooks: [{name: pull-request, type: open-change, url: "http://127.0.0.1:${port}/", metadata: {team: mesh}}]`;
};

/** A busy machine may let an interval pass without enough requests; that is no fault of a good revision. */
const patient = () => `{interval: 300ms, threshold: 20, ${METRICS}, ${opens()}}`;
const STRICT = `{interval: 500ms, threshold: 2, ${METRICS}}`;

describe('a rollout of a gateway with two processes, under load', () => {
  const gateway = new RolloutGateway();
  const { folders, write, status, until, post, imageOf } = gateway;
  let load: Load;

  before(async () => {
    await new Promise<void>((resolve) => forge.listen(0, '127.0.0.1', resolve));
    gateway.writeAll(files('v1', 'v1', 'v2', patient(), true));
    await gateway.start();
    load = new Load(gateway.client);
  });
  after(async () => {
    await load.end();
    await gateway.end();
    forge.closeAllConnections();
    forge.close();
  });

  test('goes up step by step and promotes a good revision by itself', async () => {
    const seen = new Set<number>();
    assert.equal((await status()).suspended, true);
    write('mesh.yaml', files('v1', 'v1', 'v2', patient()));
    const done = await until('not promoted', (now) => {
      seen.add(now.canaryWeight);
      return now.phase === 'Succeeded';
    });
    assert.ok(seen.has(20) && seen.has(60), [...seen].join());
    const weights = done.events.flatMap(({ message }) => /weight (\d+)$/.exec(message)?.[1] ?? []);
    assert.deepEqual(weights, ['20', '60']);
    const metrics = await (await request(`${gateway.ready.admin}/metrics`)).body.text();
    assert.match(metrics, /^meshgate_rollout_phase\{rollout="move",mesh="shop",phase="Succeeded"\} 1$/m);
    assert.match(metrics, /^meshgate_rollout_failed_checks\{rollout="move",mesh="shop"\} \d+$/m);
    const { diff, ...change } = done.change ?? {};
    const field = 'spec.defaultRevision';
    assert.deepEqual(change, { mesh: 'shop', field, from: 'v1', to: 'v2', source: null, file: 'mesh.yaml' });
    assert.match(String(diff), /^--- a\/mesh\.yaml\n\+\+\+ b\/mesh\.yaml\n@@ /);
    assert.equal(await imageOf('anything'), 'proxy:2');
  });

  test('hands the change to commit to a webhook, again where it is not taken', async () => {
    const conditionOf = ({ conditions }: RolloutDescription) => conditions.find(({ type }) => type === 'ChangeOpened');
    const done = await until('not opened', (now) => conditionOf(now)?.status === 'True');
    const message = 'Webhook pull-request has taken the change to commit: https://git.example/pulls/7';
    assert.equal(conditionOf(done)?.message, message);
    assert.ok(done.events.some(({ type, message: told }) => type === 'Warning' && /status 503: busy/.test(told)));
    assert.equal(opened.length, 2);
    const { change, checksum: _, ...common } = opened[1] as { change: Record<string, string>; checksum: string };
    const { repository, file, field, revision: at, commit } = change;
    assert.deepEqual(common, {
      ...{ name: 'move', rollout: 'move', mesh: 'shop', from: 'v1', to: 'v2', phase: 'Succeeded', weight: 60 },
      metadata: { team: 'mesh' },
    });
    assert.deepEqual([repository, file, field, commit], [folders.policy, 'mesh.yaml', 'spec.defaultRevision', null]);
    assert.match(at ?? '', /^dir@sha256:/);
    assert.equal(change['text'], files('v2', 'v1', 'v2', patient()));
    assert.equal(readFile(join(folders.policy, 'mesh.yaml')), files('v1', 'v1', 'v2', patient()), 'it writes no files');
    assert.match(
      (await run(['rollout', 'status', '--state', folders.state])).stdout,
      /pulls\/7\n.*commit.*\n.*mesh\.yaml\n/,
    );
  });

  test('still serves what was promoted after it was killed', async () => {
    await load.end();
    gateway.process.child.kill('SIGKILL');
    await gateway.process.ended;
    await gateway.start();
    assert.equal(await imageOf('anything'), 'proxy:2');
    const now = await status();
    assert.deepEqual(
      [now.phase, now.change?.to],
      ['Succeeded', 'v2'],
      'what the files do not say is shown until they do',
    );
    load = new Load(gateway.client);
  });

  test('is over when the files say what serves', async () => {
    write('mesh.yaml', (opened[1] as { change: { text: string } }).change.text);
    const done = await until('no agreement', ({ active }) => !active);
    assert.deepEqual([done.phase, done.change], ['Succeeded', null]);
    assert.equal(await imageOf('anything'), 'proxy:2');
    assert.equal(opened.length, 2, 'what was opened is not opened again, after a restart either');
  });

  test('rolls a revision back by itself that denies, and stays so until the files change', async () => {
    write('v3.tpl', DENYING);
    write('mesh.yaml', files('v2', 'v2', 'v3', STRICT));
    const failed = await until('not rolled back', ({ phase, from }) => phase === 'Failed' && from === 'v2');
    assert.deepEqual([failed.failure?.check, failed.failure?.limit], ['denied-rate', 'max 1']);
    assert.equal(failed.failure?.value, 100);
    assert.match(
      failed.conditions[0]?.message ?? '',
      /^Rolled back to v2 from weight 20: denied-rate is 100, beyond max 1$/,
    );
    assert.equal((await post('promote')).body.code, 'ROLLOUT_REFUSED');
    assert.equal(await imageOf('anything'), 'proxy:2');
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    assert.equal((await status()).phase, 'Failed');
    assert.equal(load.broken, 0);
  });
});
