import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { FileLock } from './file-lock.ts';
import { initialState } from './reduce.ts';
import type { Rollout } from './rollout.ts';
import type { RolloutState } from './state.ts';
import { RolloutStore } from './store.ts';

const base = mkdtempSync(join(tmpdir(), 'meshgate-rollout-'));
after(() => rmSync(base, { recursive: true, force: true }));
let folders = 0;
const folder = (): string => join(base, `f${folders++}`);

const state: RolloutState = initialState(
  { digest: 'd', mesh: 'm', from: 'a', to: 'b' } as Rollout,
  '2026-01-01T00:00:00Z',
);
const states = (weight: number) => new Map([['r', { ...state, weight }]]);
const weightOf = async (store: RolloutStore) => (await store.load()).stored.states.get('r')?.weight;

describe('stored states', () => {
  it('are read as they were stored, and only the newest versions stay', async () => {
    const store = new RolloutStore(folder());
    assert.deepEqual((await store.load()).stored, { version: 0, states: new Map() });
    for (let version = 0; version < 12; version++) assert.equal(await store.commit(version, states(version)), true);
    const { stored, problems } = await store.load();
    assert.deepEqual([stored.version, stored.states, problems], [12, states(11), []]);
    const kept = Array.from({ length: 8 }, (_, i) => `state.${i + 5}.json`);
    assert.deepEqual(readdirSync(store.folder).sort(), kept.sort());
  });

  it('are stored by one of those who start from the same version', async () => {
    const place = folder();
    for (let version = 0; version < 10; version++) {
      const all = await Promise.all(
        Array.from({ length: 8 }, (_, i) => new RolloutStore(place).commit(version, states(i))),
      );
      assert.equal(all.filter(Boolean).length, 1);
      assert.equal(await weightOf(new RolloutStore(place)), all.indexOf(true));
    }
    assert.equal(await new RolloutStore(place).commit(3, states(1)), false, 'also when that version is long gone');
    assert.equal((await new RolloutStore(place).load()).stored.version, 10);
  });

  it('are those of the version before when the newest is damaged, whose number is not used again', async () => {
    const store = new RolloutStore(folder());
    await store.commit(0, states(10));
    await store.commit(1, states(20));
    const file = join(store.folder, 'state.2.json');
    const text = readFileSync(file, 'utf8');
    for (const torn of [
      text.slice(0, -5),
      text.replace('"weight":20', '"weight":90'),
      '',
      'x\ny',
      text.replace('"shape":1', '"shape":9'),
    ]) {
      writeFileSync(file, torn);
      const { stored, problems } = await store.load();
      assert.deepEqual([stored.version, stored.states.get('r')?.weight, problems.length], [2, 10, 1]);
    }
    assert.equal(await store.commit(2, states(30)), true);
    assert.equal(await weightOf(store), 30);
  });
});

/** Runs a program with the store in a process of its own. */
function start(place: string, program: string): ChildProcess {
  const imports = `import { RolloutStore } from '${new URL('store.ts', import.meta.url)}';
import { FileLock } from '${new URL('file-lock.ts', import.meta.url)}';
const store = new RolloutStore(${JSON.stringify(place)});
const lock = new FileLock(${JSON.stringify(place)});
`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', imports + program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return child;
}

function output(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.on('data', (chunk) => {
    text += String(chunk);
  });
  return new Promise((resolve) => child.on('close', () => resolve(text)));
}

/** Raises the weight by one, again and again, and tells each that is stored. */
const RAISE = `
for (let i = 0; i < LIMIT; i++) {
  const { stored } = await store.load();
  const before = stored.states.get('r') ?? ${JSON.stringify({ ...state, weight: 0 })};
  const weight = before.weight + 1;
  if (await store.commit(stored.version, new Map([['r', { ...before, weight }]]))) process.stdout.write(weight + '\\n');
}
`;

describe('processes', () => {
  it('that race lose no step and make none twice', async () => {
    const place = folder();
    const told = await Promise.all([1, 2, 3].map(() => output(start(place, RAISE.replace('LIMIT', '60')))));
    const weights = told.flatMap((text) => text.trim().split('\n').map(Number)).sort((a, b) => a - b);
    assert.equal(new Set(weights).size, weights.length, 'no two have made the same step');
    const { version, states: stored } = (await new RolloutStore(place).load()).stored;
    assert.equal(stored.get('r')?.weight, version, 'each version is one step above the one before');
    assert.ok(version >= 60 && weights.length >= 40, `${version} steps, ${weights.length} told`);
  });

  it('that are killed at any point leave what they have told, or one more', async () => {
    const place = folder();
    let last = 0;
    for (let round = 0; round < 6; round++) {
      const child = start(place, RAISE.replace('LIMIT', '1e9'));
      const text = output(child);
      await new Promise((resolve) => child.stdout?.once('data', resolve));
      await new Promise((resolve) => setTimeout(resolve, 7 * round));
      child.kill('SIGKILL');
      const told = (await text).trim().split('\n').map(Number);
      const { stored, problems } = await new RolloutStore(place).load();
      const weight = stored.states.get('r')?.weight ?? 0;
      assert.deepEqual(problems, []);
      assert.equal(told[0], last + 1);
      assert.ok(weight === told.at(-1) || weight === (told.at(-1) ?? 0) + 1, `${weight} after ${told.at(-1)}`);
      last = weight;
    }
  });
});

describe('the lock', () => {
  it('has one owner, until it lets go', async () => {
    const place = folder();
    const [a, b] = [new FileLock(place), new FileLock(place)];
    assert.deepEqual([await a.hold(), await b.hold(), await a.hold()], [true, false, true]);
    assert.equal((await b.owner())?.pid, process.pid);
    await b.release();
    assert.equal(await b.hold(), false, 'what one does not have one can not release');
    await a.release();
    assert.deepEqual([await b.hold(), await a.hold()], [true, false]);
  });

  it('has one owner when many want it at once', async () => {
    const place = folder();
    for (let round = 0; round < 10; round++) {
      const locks = Array.from({ length: 8 }, () => new FileLock(place));
      await Promise.all(locks.map((lock) => lock.hold()));
      const held = await Promise.all(locks.map((lock) => lock.hold()));
      assert.equal(held.filter(Boolean).length, 1);
      await locks[held.indexOf(true)]?.release();
    }
  });

  it('is taken over from a process that was killed, at once', async () => {
    const place = folder();
    const child = start(place, `console.log(await lock.hold()); setInterval(() => {}, 1000);`);
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    const heirs = [new FileLock(place), new FileLock(place)];
    for (const heir of heirs) assert.equal(await heir.hold(), false);
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    await Promise.all(heirs.map((heir) => heir.hold()));
    const held = await Promise.all(heirs.map((heir) => heir.hold()));
    assert.equal(held.filter(Boolean).length, 1);
  });

  it('is not taken over because clocks differ', async () => {
    const place = folder();
    const [a, b] = [new FileLock(place), new FileLock(place)];
    await a.hold();
    for (const year of [1990, 2090]) {
      utimesSync(join(place, 'controller.lock'), new Date(year, 1), new Date(year, 1));
      assert.equal(await b.hold(), false);
    }
  });
});
