/** Rollout controllers on a real apiserver: one decides, the others follow it, and whoever ends or is cut off, no step is lost or jumped. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { ControllerRun, INTERVAL_MS, STEPS } from './controller-run.ts';
import { CuttableProxy } from './cuttable-proxy.ts';
import { pause, until, Workbench } from './workbench.ts';

let bench: Workbench;
const proxies: CuttableProxy[] = [];
const runs: ControllerRun[] = [];
before(async () => {
  bench = await Workbench.start();
});
after(async () => {
  await Promise.all(runs.map((run) => run.stop()));
  await Promise.all(proxies.map((proxy) => proxy.stop()));
  await bench.stop();
});

async function start(...args: Parameters<typeof ControllerRun.start>): Promise<ControllerRun> {
  const run = await ControllerRun.start(...args);
  runs.push(run);
  return run;
}

/** A way to the apiserver that can be cut, and a kubeconfig of it. */
async function cuttable(name: string): Promise<{ proxy: CuttableProxy; kubeconfig: string }> {
  const proxy = await CuttableProxy.before(Number(new URL(bench.admin.access.server).port));
  proxies.push(proxy);
  const server = `https://127.0.0.1:${proxy.port}`;
  return { proxy, kubeconfig: bench.kubeconfig(name, null, {}, { server }) };
}

/** That a fleet went up step by step, from where it was first told to where it is. */
function assertSteps(weights: readonly number[]): void {
  const all = [0, ...STEPS, 100];
  const [first = 0] = weights;
  assert.deepEqual(weights, all.slice(all.indexOf(first)), 'step by step');
}

describe('controllers of one cluster', { concurrency: 4 }, () => {
  it('are one that decides and others that follow within two seconds; one of these takes over from one that was killed', async () => {
    const namespace = await bench.namespace();
    const { kubeconfig } = bench.apiserver;
    const program = join(import.meta.dirname, 'controller-run.ts');
    const leader = spawn(process.execPath, [program, kubeconfig, namespace], { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines: string[] = [];
    /** When the leader was told a weight, by this process's clock. */
    const toldMs = new Map<number, number>();
    createInterface({ input: leader.stdout }).on('line', (line) => {
      lines.push(line);
      if (line !== 'controls') toldMs.set(Number(line), performance.now());
    });
    await until('no leader', () => lines.includes('controls'));
    const seenMs = new Map<number, number>();
    const follower = await start(kubeconfig, namespace, (weight) => seenMs.set(weight, performance.now()));
    await until('no third step', () => follower.weight === 30);
    leader.kill('SIGKILL');
    const killedMs = performance.now();
    for (const [weight, ms] of toldMs) {
      const lateMs = (seenMs.get(weight) ?? killedMs) - ms;
      assert.ok(lateMs < 2_000, `weight ${weight} came ${lateMs} ms late`);
    }
    await until('not taken over', () => follower.controller.controls);
    await until('not promoted', () => follower.phase === 'Succeeded');
    assertSteps([...new Set([...lines.filter((line) => line !== 'controls').map(Number), ...follower.weights])]);
    assertSteps(follower.weights);
    assert.ok(performance.now() - killedMs > 3 * INTERVAL_MS, 'no interval was shortened');
  });

  it('race from the beginning without a step too many, and take commands wherever they are given', async () => {
    const namespace = await bench.namespace();
    const { kubeconfig } = bench.apiserver;
    const three = await Promise.all([1, 2, 3].map(() => start(kubeconfig, namespace, () => undefined, 4_000)));
    await until('no step', () => three.every(({ weight }) => weight === 10));
    assert.equal(three.filter(({ controller }) => controller.controls).length, 1);
    const results = await Promise.allSettled(three.map(({ controller }) => controller.command('r', 'pause')));
    assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected', 'rejected']);
    await three[0]?.controller.command('r', 'abort');
    const lateMs = await until('not aborted everywhere', () => three.every(({ weight }) => weight === 0));
    assert.ok(lateMs < 2_000, `${lateMs} ms`);
    for (const { weights } of three) assert.deepEqual(weights.slice(-2), [10, 0]);
  });

  it('serve on with the weight they know while the cluster is away, and go on when it is back', async () => {
    const namespace = await bench.namespace();
    const { proxy, kubeconfig } = await cuttable('away');
    const run = await start(kubeconfig, namespace);
    await until('no step', () => run.weight === 10 && run.controller.controls);
    proxy.cut('closed');
    await until('still decides', () => !run.controller.controls);
    await pause(2 * INTERVAL_MS);
    assert.equal(run.weight, 10);
    assert.match(run.log.join('\n'), /gets no answer/);
    proxy.mend();
    await until('does not go on', () => run.weight === 20);
    assertSteps([...run.weights, ...STEPS.slice(2), 100]);
  });

  it('begin without the cluster, and find the rollouts where they were when it is there', async () => {
    const namespace = await bench.namespace();
    const first = await start(bench.apiserver.kubeconfig, namespace);
    await until('no second step', () => first.weight === 20);
    await first.stop();
    const { proxy, kubeconfig } = await cuttable('absent');
    proxy.cut('closed');
    const startMs = performance.now();
    const run = await start(kubeconfig, namespace);
    assert.ok(performance.now() - startMs < 6_000, 'the start does not wait long for the cluster');
    assert.deepEqual(run.weights, []);
    proxy.mend();
    await until('not found', () => run.weights.length > 0);
    assert.equal(run.weights[0], first.weight, 'nothing else before');
  });
});
