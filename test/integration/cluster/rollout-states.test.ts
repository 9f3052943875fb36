/** The rollouts' states in a ConfigMap of a real apiserver: controllers that race, die and are cut off lose nothing. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ConfigMapStore } from '../../../gateway/cluster/config-map-store.ts';
import { textAt } from '../../../gateway/cluster/kube-objects.ts';
import type { RolloutState } from '../../../gateway/rollout/state.ts';
import type { RolloutStates } from '../../../gateway/rollout/state-text.ts';
import { output, pause, until, Workbench } from './workbench.ts';

const STATE: RolloutState = {
  ...{ digest: 'd', phase: 'Progressing', weight: 0, iterations: 0, failedChecks: 0, paused: false, agreed: false },
  condition: {
    type: 'Promoted',
    status: 'Unknown',
    reason: 'Progressing',
    message: '',
    lastTransitionTime: '',
    lastUpdateTime: '',
  },
  ...{ failure: null, events: [], generation: 1 },
};
const statesAt = (weight: number): RolloutStates => new Map([['r', { ...STATE, weight }]]);
const name = 'meshgate-rollouts';

let bench: Workbench;
const stores: ConfigMapStore[] = [];
before(async () => {
  bench = await Workbench.start();
});
after(async () => {
  await Promise.all(stores.map((store) => store.stop()));
  await bench.stop();
});

async function storeIn(namespace: string): Promise<ConfigMapStore> {
  const store = new ConfigMapStore({ client: await bench.client(), namespace, name });
  stores.push(store);
  return store;
}

const weightOf = async (store: ConfigMapStore) => (await store.load()).stored.states.get('r')?.weight;
const placeIn = (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps/${name}`;

describe('stores of one ConfigMap', () => {
  it('let one of many that start from one version win, and the others see what it stored', async () => {
    const namespace = await bench.namespace();
    const many = await Promise.all(Array.from({ length: 6 }, () => storeIn(namespace)));
    for (let round = 0; round < 10; round++) {
      const versions = await Promise.all(many.map(async (store) => (await store.load()).stored.version));
      const won = await Promise.all(many.map((store, i) => store.commit(versions[i] ?? -1, statesAt(round * 10 + i))));
      assert.equal(won.filter(Boolean).length, 1, `round ${round}`);
      const winner = round * 10 + won.indexOf(true);
      const lateMs = await until('not seen by all', async () => {
        return (await Promise.all(many.map(weightOf))).every((weight) => weight === winner);
      });
      assert.ok(lateMs < 2_000, `${lateMs} ms`);
    }
  });

  it('do not take a version for another', async () => {
    const store = await storeIn(await bench.namespace());
    await store.load();
    assert.equal(await store.commit(0, statesAt(1)), true);
    assert.equal(await store.commit(0, statesAt(2)), false);
    assert.equal(await store.commit(5, statesAt(3)), false);
    assert.equal(await weightOf(store), 1);
    assert.equal(await store.commit(await store.newest(), statesAt(4)), true);
    assert.equal(await weightOf(store), 4);
  });

  it('keep what they know when somebody damages or removes it, and say that it has to be stored again', async () => {
    const namespace = await bench.namespace();
    const [one, other] = [await storeIn(namespace), await storeIn(namespace)];
    await Promise.all([one.load(), other.load()]);
    assert.equal(await one.commit(0, statesAt(10)), true);
    assert.equal(await one.commit(1, statesAt(20)), true);
    await until('not followed', async () => (await weightOf(other)) === 20);
    const harm: [RegExp, () => Promise<unknown>][] = [
      [
        /is no state of this gateway$/,
        () => bench.admin.request('PUT', placeIn(namespace), { body: damaged(namespace) }),
      ],
      [/was removed$/, () => bench.admin.request('DELETE', placeIn(namespace))],
    ];
    for (const [why, harmIt] of harm) {
      await harmIt();
      await until('not noticed', async () => (await one.load()).unsaved === true);
      const { stored, problems } = await one.load();
      assert.match(problems[0] ?? '', why);
      assert.equal(stored.states.get('r')?.weight, 20);
      assert.equal(await one.commit(stored.version, stored.states), true);
      assert.equal((await one.load()).unsaved, undefined);
      await until('not followed', async () => (await other.load()).unsaved === undefined);
      assert.equal(await weightOf(other), 20);
    }
    // One that begins now finds the states before the damaged ones.
    await bench.admin.request('PUT', placeIn(namespace), { body: damaged(namespace, await previousOf(namespace)) });
    const late = await storeIn(namespace);
    const { stored, problems } = await late.load();
    assert.deepEqual([stored.states.get('r')?.weight, problems.length], [20, 1]);
  });
});

function damaged(namespace: string, previous = ''): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data: { states: '{}\n[]', previous } };
}

async function previousOf(namespace: string): Promise<string> {
  const store = await storeIn(namespace);
  const { version, states } = (await store.load()).stored;
  assert.equal(await store.commit(version, states), true);
  return textAt(await bench.admin.request('GET', placeIn(namespace)), 'data', 'previous');
}

describe('processes with a store', { concurrency: 2 }, () => {
  /** Raises the weight by one, again and again, and tells each that is stored. */
  const raise = (namespace: string, times: string) =>
    bench.program(
      { ConfigMapStore: 'cluster/config-map-store.ts' },
      `const store = new ConfigMapStore({ client, namespace: '${namespace}', name: '${name}' });
for (let i = 0; i < ${times}; i++) {
  const { stored } = await store.load();
  const before = stored.states.get('r') ?? ${JSON.stringify(STATE)};
  const weight = before.weight + 1;
  if (await store.commit(stored.version, new Map([['r', { ...before, weight }]]))) process.stdout.write(weight + '\\n');
}
await store.stop();
await client.close();
`,
    );

  it('race over HTTP, lose no step and make none twice', async () => {
    const namespace = await bench.namespace();
    const told = await Promise.all([1, 2, 3].map(() => output(raise(namespace, '40'))));
    const weights = told.flatMap((text) => text.trim().split('\n').map(Number)).sort((a, b) => a - b);
    assert.ok(weights.length >= 40, `${weights.length} steps`);
    assert.deepEqual(
      weights,
      weights.map((_, i) => i + 1),
      'each step was made once, and none was left out',
    );
    assert.equal(await weightOf(await storeIn(namespace)), weights.length);
  });

  it('leave what they have told, or one more, when they are killed at any point', async () => {
    const namespace = await bench.namespace();
    const store = await storeIn(namespace);
    let last = 0;
    for (let round = 0; round < 4; round++) {
      const child = raise(namespace, '1e9');
      const text = output(child);
      await new Promise((resolve) => child.stdout?.once('data', resolve));
      await pause(3 + 11 * round);
      child.kill('SIGKILL');
      const told = (await text).trim().split('\n').map(Number);
      await pause(300);
      const weight = (await weightOf(store)) ?? 0;
      assert.equal(told[0], last + 1);
      assert.ok(weight === told.at(-1) || weight === (told.at(-1) ?? 0) + 1, `${weight} after ${told.at(-1)}`);
      last = weight;
    }
  });
});
