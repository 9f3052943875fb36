/** The Lease of a real apiserver: one holder, whoever dies, is cut off or has a wrong clock. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { at, numberAt, textAt } from '../../../gateway/cluster/kube-objects.ts';
import { LeaseLock, type LeaseTiming } from '../../../gateway/cluster/lease-lock.ts';
import { CuttableProxy } from './cuttable-proxy.ts';
import { output, pause, until, Workbench } from './workbench.ts';

/** As the gateway's, seven times as fast. */
const TIMING: LeaseTiming = { durationSeconds: 2, renewDeadlineMs: 1_400, retryMs: 300 };
const name = 'meshgate-rollouts';

let bench: Workbench;
before(async () => {
  bench = await Workbench.start();
});
after(async () => {
  await bench.stop();
});

async function lockIn(namespace: string, kubeconfig?: string, told: unknown[] = []): Promise<LeaseLock> {
  const client = await bench.client(kubeconfig);
  return new LeaseLock({ client, namespace, name, timing: TIMING, onFailure: (error) => told.push(error) });
}

const leaseIn = (namespace: string) => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}`;

describe('a Lease', { concurrency: 3 }, () => {
  it('has one holder when many want it at once, and the next one when it lets go', async () => {
    const namespace = await bench.namespace();
    const locks = await Promise.all(Array.from({ length: 5 }, () => lockIn(namespace)));
    const holding = async () => (await Promise.all(locks.map((lock) => lock.hold()))).map((held, i) => (held ? i : -1));
    const holders = async () => (await holding()).filter((i) => i >= 0);
    let first = -1;
    await until('no holder', async () => {
      const now = await holders();
      first = now[0] ?? -1;
      return now.length > 0;
    });
    for (let i = 0; i < 20; i++) {
      assert.deepEqual(await holders(), [first]);
      await pause(50);
    }
    const lease = await bench.admin.request('GET', leaseIn(namespace));
    assert.equal(textAt(lease, 'spec', 'holderIdentity'), (await locks[first]?.owner())?.token);
    assert.deepEqual(
      [numberAt(lease, 'spec', 'leaseDurationSeconds'), numberAt(lease, 'spec', 'leaseTransitions')],
      [2, 0],
    );
    assert.match(textAt(lease, 'spec', 'renewTime'), /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z$/);
    await locks[first]?.release();
    const tookMs = await until('not taken', async () => (await holders()).some((i) => i !== first));
    assert.ok(tookMs < 2_500, `${tookMs} ms: nobody waits for a Lease that was given back`);
    assert.equal(numberAt(await bench.admin.request('GET', leaseIn(namespace)), 'spec', 'leaseTransitions'), 1);
  });

  it('is taken over from a process that was killed, after its duration and not before', async () => {
    const namespace = await bench.namespace();
    const holder = bench.program(
      { LeaseLock: 'cluster/lease-lock.ts' },
      `const lock = new LeaseLock({ client, namespace: '${namespace}', name: '${name}', timing: ${JSON.stringify(TIMING)} });
for (;;) {
  if (await lock.hold()) process.stdout.write('held\\n');
  await new Promise((resolve) => setTimeout(resolve, 100));
}
`,
    );
    const text = output(holder);
    await new Promise((resolve) => holder.stdout?.once('data', resolve));
    const heir = await lockIn(namespace);
    for (let i = 0; i < 10; i++) {
      assert.equal(await heir.hold(), false);
      await pause(100);
    }
    holder.kill('SIGKILL');
    await text;
    const waitedMs = await until('not taken over', () => heir.hold());
    assert.ok(waitedMs > 1_200 && waitedMs < 6_000, `${waitedMs} ms`);
  });

  it('is judged by how long it does not change, whatever times its holder writes', async () => {
    const namespace = await bench.namespace();
    const collection = leaseIn(namespace).replace(/\/[^/]+$/, '');
    // Its holder's clock is years behind: not a reason to take it.
    const spec = { holderIdentity: 'other', leaseDurationSeconds: 2, leaseTransitions: 7 };
    const past = { ...spec, acquireTime: '2001-01-01T00:00:00.000000Z', renewTime: '2001-01-01T00:00:00.000000Z' };
    const head = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' };
    let lease = await bench.create(collection, { ...head, metadata: { name, namespace }, spec: past });
    const lock = await lockIn(namespace);
    for (let i = 0; i < 6; i++) {
      assert.equal(await lock.hold(), false);
      await pause(500);
      const renewTime = `2001-01-01T00:00:0${i}.000000Z`;
      const body = { ...head, metadata: at(lease, 'metadata'), spec: { ...past, renewTime } };
      lease = await bench.admin.request('PUT', leaseIn(namespace), { body });
    }
    // And years ahead: not a reason to wait for it.
    const body = {
      ...head,
      metadata: at(lease, 'metadata'),
      spec: { ...past, renewTime: '2099-01-01T00:00:00.000000Z' },
    };
    await bench.admin.request('PUT', leaseIn(namespace), { body });
    const waitedMs = await until('not taken over', () => lock.hold());
    assert.ok(waitedMs > 1_500, `${waitedMs} ms`);
    assert.equal(numberAt(await bench.admin.request('GET', leaseIn(namespace)), 'spec', 'leaseTransitions'), 8);
  });

  for (const way of ['closed', 'silent'] as const) {
    it(`is given up by a holder whose way to the apiserver is ${way} before another has it`, async () => {
      const namespace = await bench.namespace();
      const proxy = await CuttableProxy.before(Number(new URL(bench.admin.access.server).port));
      const server = `https://127.0.0.1:${proxy.port}`;
      const told: unknown[] = [];
      const cutOff = await lockIn(namespace, bench.kubeconfig(`cut-${way}`, null, {}, { server }), told);
      await until('not held', () => cutOff.hold());
      const heir = await lockIn(namespace);
      await heir.hold();
      proxy.cut(way);
      const seen: string[] = [];
      await until('not taken over', async () => {
        const [own, others] = await Promise.all([cutOff.hold(), heir.hold()]);
        assert.ok(!(own && others), 'both hold it');
        seen.push(own ? 'own' : others ? 'others' : 'nobody');
        await pause(20);
        return others;
      });
      assert.deepEqual([...new Set(seen)], ['own', 'nobody', 'others']);
      assert.equal(told[0], null);
      assert.match(String(told[1]), /gets no answer|broke off/);
      proxy.mend();
      for (let i = 0; i < 10; i++) {
        assert.deepEqual(await Promise.all([cutOff.hold(), heir.hold()]), [false, true]);
        await pause(100);
      }
      assert.equal(told.at(-1), null, 'it says when the cluster answers again');
      await proxy.stop();
    });
  }
});
