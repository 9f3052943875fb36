/** `meshgate record` against a gateway that answers: files without secrets, of which every line is a review. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { recordOf } from '../../../gateway/record/recorded-review.ts';
import type { RecordingStatus } from '../../../gateway/record/recorder.ts';
import { Workspace } from '../command.ts';
import { makeMesh, makeSnapshot, review, startTestGateway, TestClient, type TestGateway } from './harness.ts';

const SECRET = 'hunter2hunter2';

function secretReview(uid: string): string {
  const value = JSON.parse(review(uid)) as { request: { object: { spec: { containers: object[] } } } };
  value.request.object.spec.containers = [
    { name: 'app', image: 'app:1', env: [{ name: 'PASSWORD', value: SECRET }], resources: {} },
  ];
  return JSON.stringify(value);
}

describe('a recording', () => {
  let gateway: TestGateway;
  let client: TestClient;
  let space: Workspace;
  before(async () => {
    space = new Workspace();
    gateway = await startTestGateway({ snapshot: makeSnapshot('r1', [makeMesh('shop'), makeMesh('other')]) });
    client = new TestClient(gateway.ready.admission, gateway.ca);
  });
  after(async () => {
    await client.close();
    await gateway.stop();
    space.remove();
  });

  /** Sends reviews until the command has ended. */
  async function record(...flags: readonly string[]) {
    const running = space.run('record', '--state', gateway.state, ...flags);
    let ended = false;
    const done = running.finally(() => {
      ended = true;
    });
    let sent = 0;
    while (!ended && sent < 5_000) {
      const answer = await client.post('/inject/mesh/shop/cluster/c1', secretReview(`u${sent}`));
      assert.equal(answer.body.response?.allowed, true);
      sent++;
      if (sent % 2 === 0) await client.post('/inject/mesh/other', secretReview(`o${sent}`));
      await new Promise((wait) => setTimeout(wait, 2));
    }
    return done;
  }

  function lines(folder: string): string[] {
    const files = readdirSync(folder).filter((name) => name.endsWith('.ndjson'));
    return files.flatMap((name) =>
      readFileSync(join(folder, name), 'utf8')
        .split('\n')
        .filter((line) => line !== ''),
    );
  }

  it('ends after its count, and holds what was answered and how, without secrets', async () => {
    const out = space.path('sample');
    const { code, out: printed, err } = await record('--out', out, '--mesh', 'shop', '--count', '20', '--json');
    assert.equal(code, 0, err);
    const status = JSON.parse(printed) as RecordingStatus;
    assert.deepEqual([status.state, status.recorded, status.redact], ['ended', 20, true]);
    const recorded = lines(out);
    assert.equal(recorded.length, 20);
    assert.ok(!recorded.join('').includes(SECRET));
    for (const line of recorded) {
      const record = recordOf(line);
      assert.deepEqual(
        [record?.mesh, record?.revision, record?.params, record?.outcome, record?.redacted],
        ['shop', 'v1', { cluster: 'c1' }, { kind: 'patched' }, true],
      );
      assert.equal((JSON.parse(line) as { kind: string }).kind, 'AdmissionReview');
    }
    const [file] = readdirSync(out);
    assert.equal(statSync(join(out, file ?? '')).mode & 0o777, 0o600);
  });

  it('leaves secrets in only when it is asked to, and warns', async () => {
    const out = space.path('whole');
    const { err } = await record('--out', out, '--count', '3', '--no-redact');
    assert.match(err, /will hold secrets/);
    assert.ok(lines(out).every((line) => line.includes(SECRET)));
  });

  it('takes the part that it is asked for', async () => {
    const out = space.path('part');
    const { out: printed } = await record('--out', out, '--mesh', 'shop', '--sample', '0.1', '--count', '5', '--json');
    assert.equal((JSON.parse(printed) as RecordingStatus).recorded, 5);
    const uids = lines(out).map((line) => Number((JSON.parse(line).request.uid as string).slice(1)));
    assert.deepEqual(
      uids.slice(1).map((uid, index) => uid - (uids[index] ?? 0)),
      [10, 10, 10, 10],
    );
  });

  it('can not be started twice, nor by whoever has no token', async () => {
    const body = JSON.stringify({ folder: space.path('x'), seconds: 60 });
    const refused = await fetch(`${gateway.ready.admin}/api/v1/recording`, { method: 'POST', body });
    assert.equal(refused.status, 401);
    const { code, err } = await space.run('record', '--state', gateway.state, '--out', 'x', '--sample', '2');
    assert.deepEqual(
      [code, /sample is not a number above 0 and up to 1.*ADMIN_BODY_INVALID/.test(err)],
      [1, true],
      err,
    );
    const first = record('--out', space.path('first'), '--count', '100000', '--for', '2s');
    await new Promise((wait) => setTimeout(wait, 500));
    const second = await space.run('record', '--state', gateway.state, '--out', space.path('second'));
    assert.match(second.err, /RECORDING_ACTIVE/);
    assert.equal((await first).code, 0);
  });

  it('fails where its files can not be written, and the gateway goes on', async () => {
    const { code, out } = await record('--out', space.write('file', 'in the way'), '--count', '5', '--json');
    const status = JSON.parse(out) as RecordingStatus;
    assert.deepEqual([code, status.state], [3, 'failed']);
    assert.match(status.message, /EEXIST|ENOTDIR/);
    assert.equal((await client.post('/inject/mesh/shop', review('after'))).status, 200);
  });
});
