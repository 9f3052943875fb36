import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { readCounted } from './built-in-metrics.ts';
import { rolloutOf as anyRollout } from './fixture.ts';
import { investigate, NO_FURTHER_METRICS, type Sources } from './investigate.ts';
import { Outbound } from './outbound.ts';
import { planOf } from './plan.ts';
import { initialState } from './reduce.ts';
import { emptyTally, type Tally } from './revision-tally.ts';
import type { Rollout, Webhook } from './rollout.ts';
import type { RolloutState } from './state.ts';
import { TallyWindow } from './tally-window.ts';

let answer: (request: IncomingMessage, response: ServerResponse, body: string) => void = () => undefined;
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => {
    body += String(chunk);
  });
  request.on('end', () => answer(request, response, body));
});
let address = '';
const outbound = new Outbound();
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(async () => {
  await outbound.close();
  server.closeAllConnections();
  server.close();
});

function rolloutOf(changes: Partial<Rollout> = {}): Rollout {
  return anyRollout({ steps: [10], ...changes });
}

describe('a Prometheus query', () => {
  const variables = { mesh: 'm', from: 'v1', to: 'v2', rollout: 'r', interval: '60s' };
  const ask = async (body: string | object, status = 200) => {
    answer = (_, response) => response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
    const { value, reason } = await outbound.query({ address, query: 'x' }, variables);
    return value ?? reason.replace(/127\.0\.0\.1:\d+/, 'HOST');
  };
  const vector = (...values: unknown[]) => ({
    status: 'success',
    data: { resultType: 'vector', result: values.map((each) => ({ metric: {}, value: [1_700_000_000, each] })) },
  });

  it('is sent with its variables filled in, and its one number is read', async () => {
    let url = '';
    answer = (request, response) => {
      url = request.url ?? '';
      response.end(JSON.stringify(vector('0.25')));
    };
    const query = 'rate(x{mesh="{{ mesh }}",rev="{{to}}"}[{{ interval }}])';
    assert.equal((await outbound.query({ address: `${address}/prom/`, query }, variables)).value, 0.25);
    const { pathname, searchParams } = new URL(url, address);
    assert.deepEqual([pathname, searchParams.get('query')], ['/prom/api/v1/query', 'rate(x{mesh="m",rev="v2"}[60s])']);
  });

  it('gives no data, with the reason, where there is anything but one number', async () => {
    assert.equal(await ask(vector('12')), 12);
    assert.equal(await ask({ status: 'success', data: { resultType: 'scalar', result: [1, '3'] } }), 3);
    assert.equal(await ask(vector('+Inf')), Number.POSITIVE_INFINITY);
    assert.equal(await ask(vector('NaN')), 'the query gives NaN');
    assert.equal(await ask(vector()), 'the query gives 0 series, not one');
    assert.equal(await ask(vector('1', '2')), 'the query gives 2 series, not one');
    assert.equal(
      await ask({ status: 'success', data: { resultType: 'matrix', result: [] } }),
      'the query gives a matrix, not one number',
    );
    assert.equal(
      await ask('{"status":"error","error":"bad_data"}', 400),
      'Prometheus answers 400: {"status":"error","error":"bad_data"}',
    );
    assert.match(String(await ask('<html>')), /^Prometheus at HOST gives no answer: .*JSON/);
    assert.match(String(await ask(`[${'1,'.repeat(1024 * 1024)}1]`)), /^Prometheus at HOST gives no answer/);
    const nobody = await outbound.query({ address: 'http://127.0.0.1:1', query: 'x' }, variables);
    assert.deepEqual(
      [nobody.value, nobody.reason.startsWith('Prometheus at 127.0.0.1:1 gives no answer')],
      [null, true],
    );
  });
});

describe('webhooks', () => {
  const state: RolloutState = { ...initialState(rolloutOf(), ''), phase: 'Progressing', weight: 10 };
  const hook = (changes: Partial<Webhook> = {}): Webhook => {
    return { name: 'w', type: 'rollout', url: address, timeoutMs: 2_000, metadata: { a: 'b' }, ...changes };
  };

  it('are told what a rollout is about, and say yes with a status of 2xx', async () => {
    let told: Record<string, unknown> = {};
    answer = (_, response, body) => {
      told = JSON.parse(body) as Record<string, unknown>;
      response.writeHead(202).end();
    };
    assert.deepEqual(await outbound.callWebhook(hook(), rolloutOf(), state), { name: 'w', ok: true, message: '' });
    const { checksum, ...rest } = told;
    assert.equal(checksum, rolloutOf().digest);
    const expected = {
      name: 'r',
      phase: 'Progressing',
      metadata: { a: 'b' },
      mesh: 'm',
      from: 'v1',
      to: 'v2',
      weight: 10,
    };
    assert.deepEqual(rest, expected);
  });

  it('say no with any other status, or when they do not answer in time', async () => {
    answer = (_, response) => response.writeHead(503).end('not yet\n');
    assert.deepEqual(await outbound.callWebhook(hook(), rolloutOf(), state), {
      name: 'w',
      ok: false,
      message: 'status 503: not yet',
    });
    answer = () => undefined;
    const silent = await outbound.callWebhook(hook({ timeoutMs: 50 }), rolloutOf(), state);
    assert.deepEqual([silent.ok, /^no answer: /.test(silent.message)], [false, true]);
  });

  it('are handed the change to commit, and may say where they have opened it', async () => {
    let told: Record<string, unknown> = {};
    answer = (_, response, body) => {
      told = JSON.parse(body) as Record<string, unknown>;
      response.writeHead(201).end('https://git.example/pulls/7\r\nand more\n');
    };
    const change = {
      ...{ repository: 'https://git.example/policies', revision: 'main@sha1:abc', commit: 'abc' },
      ...{ file: 'mesh.yaml', diff: '--- a/mesh.yaml', text: 'kind: Mesh' },
    };
    const answered = await outbound.openChange(hook({ type: 'open-change' }), rolloutOf(), state, change);
    assert.deepEqual(answered, { name: 'w', ok: true, message: 'https://git.example/pulls/7' });
    const { checksum: _, ...rest } = told;
    assert.deepEqual(rest, {
      ...{
        name: 'r',
        rollout: 'r',
        phase: 'Progressing',
        metadata: { a: 'b' },
        mesh: 'm',
        from: 'v1',
        to: 'v2',
        weight: 10,
      },
      change: { title: 'Make revision v2 the default of mesh m', field: 'spec.defaultRevision', ...change },
    });
  });

  it('are called in order, and no further than the answer is known', async () => {
    const called: string[] = [];
    const open = new Set(['/rollout', '/gate']);
    answer = (request, response) => {
      called.push(request.url ?? '');
      response.writeHead(open.has(request.url ?? '') ? 200 : 500).end();
    };
    const webhooks = [
      hook({ name: 'gate', type: 'confirm-promotion', url: `${address}/gate` }),
      hook({ name: 'stop', type: 'rollback', url: `${address}/stop` }),
      hook({ name: 'rollout', url: `${address}/rollout` }),
      hook({ name: 'end', type: 'post-rollout', url: `${address}/end` }),
    ];
    const rollout = rolloutOf({ webhooks });
    const sources: Sources = {
      outbound,
      further: NO_FURTHER_METRICS,
      change: null,
      counts: () => ({ to: null, from: null }),
    };
    const run = async () => {
      called.length = 0;
      const plan = planOf(rollout, { ...state, digest: rollout.digest }, true);
      assert.ok(plan);
      return investigate(rollout, state, plan, sources);
    };
    assert.deepEqual([(await run()).gate, called], [null, ['/stop', '/rollout', '/gate']]);
    open.delete('/gate');
    assert.deepEqual((await run()).gate, { open: false, message: 'webhook gate (status 500)' });
    open.delete('/rollout');
    assert.deepEqual([(await run()).measured.hooks[0]?.ok, called], [false, ['/stop', '/rollout']]);
    open.add('/stop');
    assert.deepEqual([(await run()).rollback, called], ['stop', ['/stop']]);
  });
});

describe('built-in metrics', () => {
  const tally = (requests: number, errors: number, denied: number) => ({
    ...emptyTally('m', 'v2'),
    requests,
    errors,
    denied,
  });
  const asked = (max: number, minSamples = 1) => ({ thresholdRange: { max }, minSamples });
  const late = (requests: number, slow: number): Tally => {
    const empty = emptyTally('m', 'v2');
    return {
      ...empty,
      requests,
      shares: empty.shares.map((_, i) => (i === 3 ? requests - slow : i === 18 ? slow : 0)),
    };
  };
  it('are percentages of the requests, beside those of the old revision', () => {
    const counts = { to: tally(50, 1, 5), from: tally(200, 0, 1) };
    const reading = { value: 10, reason: '', baseline: 0.5, alike: false };
    assert.deepEqual(readCounted('denied-rate', asked(1), counts), reading);
    assert.equal(readCounted('error-rate', asked(1), { ...counts, from: null }).value, 2);
    assert.equal(readCounted('budget-share-p99', asked(50), { to: late(50, 0), from: null }).value, 1);
  });
  it('have no data without enough requests', () => {
    const few = { to: tally(19, 0, 0), from: tally(19, 0, 0) };
    const none = readCounted('error-rate', asked(1), { to: null, from: null });
    assert.deepEqual([none.reason, none.scarce], ['the revision had 0 requests', true]);
    assert.equal(
      readCounted('error-rate', asked(1, 20), few).reason,
      'the revision had 19 requests of at least 20, the old one 19',
    );
  });
  it('tell where the old revision is near the limit too, and only chance is between both', () => {
    const denied = (to: number, from: number, total = 500) => {
      const counts = { to: tally(total, 0, to), from: tally(total, 0, from) };
      return readCounted('denied-rate', asked(5), counts).alike === true;
    };
    assert.equal(denied(29, 24), true, 'trouble that began within the interval');
    assert.equal(denied(29, 12), false, 'an old revision that is far from the limit');
    assert.equal(denied(400, 24), false, 'much worse than chance');
    assert.equal(denied(60, 30), true, 'an old revision that is beyond the limit');
    assert.equal(denied(90, 30), false, 'one that may be so because of the new one');
    assert.equal(denied(3, 0, 50), false);
    const few = (to: number, from: number, total = 24) => {
      return readCounted('denied-rate', asked(5, 20), { to: tally(total, 0, to), from: tally(16, 0, from) }).alike;
    };
    assert.deepEqual([few(3, 1), few(3, 0), few(24, 1)], [true, true, false], 'few requests of both');
    assert.equal(few(6, 0, 48), false, 'few requests of the old one');
    const slow = (to: number, from: number) => {
      return (
        readCounted('budget-share-p99', asked(50), { to: late(1_000, to), from: late(1_000, from) }).alike === true
      );
    };
    assert.deepEqual([slow(12, 9), slow(12, 2), slow(200, 9)], [true, false, false]);
  });
  it('look back over the interval, and while requests are few to the last check that has decided', () => {
    const window = new TallyWindow();
    const counts = (to: number, from: number) => [
      { ...emptyTally('m', 'v2'), requests: to },
      { ...emptyTally('m', 'v1'), requests: from },
    ];
    const [before, open] = [10, 20].map((weight) => ({ weight, iterations: 0, failedChecks: 0 }));
    assert.ok(before && open);
    for (const [minute, decided] of [before, open, open, open].entries()) {
      window.add(minute * 60_000, decided, counts(minute * 5, minute * 50));
    }
    const read = (minSamples: number, nowMs = 240_000) => {
      const metric = { intervalMs: 60_000, minSamples };
      const { to, from } = window.read({ mesh: 'm', from: 'v1', to: 'v2' }, metric, nowMs, counts(20, 200));
      return [to?.requests, from?.requests];
    };
    assert.deepEqual(read(5), [5, 50]);
    assert.deepEqual(read(6), [10, 100]);
    assert.deepEqual(read(100), [15, 150], 'what came at the weight before counts no more');
    window.add(240_000, { ...open, failedChecks: 1 }, counts(20, 200));
    assert.deepEqual(read(100, 300_000), [0, 0], 'nor does what has failed a check');
  });
  it('of what is not there say so', async () => {
    const metrics = ['difference-rate', 'readiness'].map((name) => {
      return {
        name,
        thresholdRange: { max: 1 },
        intervalMs: 1,
        minSamples: 1,
        onMissing: 'Fail' as const,
        prometheus: null,
      };
    });
    const rollout = rolloutOf({ metrics });
    const state = { ...initialState(rollout, ''), phase: 'Progressing' as const, weight: 10 };
    const plan = planOf(rollout, state, true);
    assert.ok(plan);
    const { measured } = await investigate(rollout, state, plan, {
      outbound,
      further: NO_FURTHER_METRICS,
      change: null,
      counts: () => ({ to: null, from: null }),
    });
    assert.deepEqual(
      measured.readings.map(({ reason }) => reason),
      ['no reviews are shadowed', 'no cluster is watched'],
    );
  });
});
