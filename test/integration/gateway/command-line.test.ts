/**
 * The commands as users call them: what they print, and their exit codes.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { request } from 'undici';
import { patchText, review, TestClient } from './harness.ts';
import { GatewayProcess, makeFolders, readFile, run } from './process.ts';

const root = join(import.meta.dirname, '..', '..', '..');
let folders: ReturnType<typeof makeFolders>;
before(() => {
  folders = makeFolders();
});
after(() => folders.remove());

describe('serve', () => {
  test('prints one ready line on stdout, logs JSON lines on stderr, and serves where the line says', async () => {
    const { policy, state } = folders;
    const gateway = new GatewayProcess(['serve', '--source', policy, '--state', state, '--workers', '1'], {
      MESHGATE_LISTEN: '127.0.0.1:0',
      MESHGATE_ADMIN: '127.0.0.1:0',
      MESHGATE_DRAIN_DELAY: '0',
    });
    const ready = await gateway.ready();
    assert.match(ready.admission, /^https:\/\/127\.0\.0\.1:\d+$/);
    assert.match(ready.admin, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.match(ready.snapshot, /^dir@sha256:[0-9a-f]{64}$/);
    const client = new TestClient(ready.admission, readFile(ready.ca));
    assert.match(patchText(await client.post('/inject?timeout=10s', review('u'))), /"proxy:1"/);
    await client.close();
    const status = (await (await request(`${ready.admin}/api/v1/status`)).body.json()) as {
      snapshot: { revision: string };
    };
    assert.equal(status.snapshot.revision, ready.snapshot);
    gateway.child.kill('SIGTERM');
    const { code, stdout, stderr } = await gateway.ended;
    assert.equal(code, 0);
    assert.equal(stdout.split('\n').filter(Boolean).length, 1);
    for (const line of stderr.split('\n').filter(Boolean)) assert.ok(JSON.parse(line), line);
  });

  const skip = process.platform === 'linux' ? false : 'how a process was started is read from /proc';
  test('bounds its memory in the same process, unless it was told to otherwise', { skip }, async () => {
    const start = async (name: string, environment: Readonly<Record<string, string>>) => {
      const state = `${folders.state}-memory-${name}`;
      const ports = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--drain-delay', '0'];
      const args = ['serve', '--source', folders.policy, '--state', state, '--workers', '1', ...ports];
      const gateway = new GatewayProcess(args, environment);
      await gateway.ready();
      const read = (file: string) => readFileSync(`/proc/${gateway.child.pid}/${file}`, 'utf8').split('\0');
      const found = { command: read('cmdline'), environment: read('environ') };
      gateway.child.kill('SIGTERM');
      assert.equal((await gateway.ended).code, 0);
      return found;
    };
    const [bounded, told] = await Promise.all([
      start('bounded', { MALLOC_ARENA_MAX: '3' }),
      start('told', { NODE_OPTIONS: '--max-semi-space-size=16' }),
    ]);
    assert.ok(bounded.command.includes('--max-semi-space-size=2'));
    assert.ok(bounded.environment.includes('MALLOC_ARENA_MAX=3'));
    assert.ok(bounded.environment.includes('MALLOC_TRIM_THRESHOLD_=131072'));
    assert.ok(!told.command.some((each) => each.includes('semi-space')));
  });

  test('reads options from a file, which flags and variables override', async () => {
    const file = join(folders.folder, 'options.yaml');
    writeFileSync(
      file,
      `source: ${folders.policy}\nstate: ${folders.state}\nlisten: 127.0.0.1:0\nadmin: 256.0.0.1:0\nworkers: 1\n`,
    );
    const gateway = new GatewayProcess(['serve', '--config', file, '--admin', '127.0.0.1:0', '--drain-delay', '0']);
    await gateway.ready();
    gateway.child.kill('SIGINT');
    assert.equal((await gateway.ended).code, 0);
  });

  test('answers wrong use with one clear line and exit code 2', async () => {
    const file = join(folders.folder, 'wrong.yaml');
    writeFileSync(file, 'sauce: x\n');
    const cases: [string[], RegExp][] = [
      [['serve'], /--source .* is required .*\[OPTION_INVALID\]/],
      [['serve', '--source', '.', '--listen', 'nowhere'], /--listen: "nowhere" is not HOST:PORT\. \[OPTION_INVALID\]/],
      [['serve', '--source', '.', '--interval', '5 minutes'], /--interval: .* \[OPTION_INVALID\]/],
      [['serve', '--source', '.', '--workers', '0'], /--workers: .* \[OPTION_INVALID\]/],
      [['serve', '--source', '.', '--tls-cert', 'a'], /--tls-key .* \[OPTION_INVALID\]/],
      [['serve', '--source', '.', '--kubeconfig', 'a'], /a can not be read.* \[CLUSTER_CONFIG_INVALID\]/],
      [['serve', '--source', '.', '--config', file], /no option "sauce".* \[OPTION_UNKNOWN\]/],
      [['serve', '--source', '.', '--config', join(folders.folder, 'missing.yaml')], /\[CONFIG_FILE_INVALID\]/],
      [['serve', '--sauce', '.'], /unknown option '--sauce'/],
      [['sevre'], /unknown command 'sevre'/],
    ];
    const results = await Promise.all(cases.map(([args]) => run(args)));
    results.forEach(({ code, stdout, stderr }, i) => {
      const [args, message] = cases[i] ?? [[], /./];
      assert.equal(code, 2, `${args.join(' ')}: ${stderr}`);
      assert.match(stderr, message);
      assert.equal(stdout, '');
      assert.doesNotMatch(stderr, /^ +at /m);
    });
  });

  test('says what keeps it from starting, with exit code 3', async () => {
    const { policy, state, folder } = folders;
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const busy = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
    const ports = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--workers', '1'];
    const broken = join(folder, 'broken');
    mkdirSync(broken);
    writeFileSync(join(broken, 'a.yaml'), 'apiVersion: meshgate.dev/v1alpha1\nkind: Mush\nmetadata: {name: x}\n');
    const [missing, bad, used] = await Promise.all([
      run(['serve', '--source', join(folder, 'nothing'), '--state', `${state}-1`, ...ports]),
      run(['serve', '--source', broken, '--state', `${state}-2`, ...ports]),
      run(['serve', '--source', policy, '--state', `${state}-3`, ...ports, '--listen', busy]),
    ]);
    taken.close();
    assert.equal(missing.code, 3);
    assert.match(missing.stderr, /\[SOURCE_MISSING\]/);
    assert.equal(bad.code, 3);
    assert.match(bad.stderr, /a\.yaml:2:\d+: error: .*\[KIND_UNKNOWN\]/);
    assert.equal(used.code, 3);
    assert.match(used.stderr, /\[LISTEN_FAILED\]/);
  });
});

describe('help and version', () => {
  test('go to stdout with exit code 0', async () => {
    const [help, version] = await Promise.all([run(['serve', '--help']), run(['--version'])]);
    assert.equal(help.code, 0);
    for (const flag of ['--source', '--listen', '--client-ca', '--processes', '--config'])
      assert.ok(help.stdout.includes(flag));
    assert.equal(version.code, 0);
    assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
  });
});

describe('start and demo', () => {
  test("serve this checkout's policies and show what a real pod gets", async () => {
    const gateway = new GatewayProcess([
      'start',
      '--state',
      folders.state,
      '--source',
      join(root, 'policies'),
      '--path',
      '.',
    ]);
    await gateway.ready();
    const [demo, plain] = await Promise.all([
      run(['demo', '--state', folders.state], { FORCE_COLOR: '1' }),
      run(['demo', '--state', folders.state], { NO_COLOR: '1' }),
    ]);
    assert.equal(demo.code, 0, demo.stderr);
    assert.match(demo.stdout, /\u001b\[32m\+ .*name: istio-proxy/);
    assert.doesNotMatch(plain.stdout, /\u001b/);
    assert.match(plain.stdout, /^\+ .*name: istio-proxy$/m);
    assert.match(plain.stdout, /lines injected/);
    assert.match(gateway.stderr, /npm run --silent demo/);
    gateway.child.kill('SIGTERM');
    assert.equal((await gateway.ended).code, 0);
    const after = await run(['demo', '--state', folders.state]);
    assert.equal(after.code, 3);
    assert.match(after.stderr, /\[GATEWAY_NOT_RUNNING\]/);
  });
});

describe('on a Node that is too old', () => {
  /** The command's own file in a checkout without a Node of its own, as an old Node sees it. */
  function runAs(version: string): { status: number | null; stderr: string } {
    const folder = mkdtempSync(join(tmpdir(), 'meshgate-old-'));
    try {
      mkdirSync(join(folder, 'bin'));
      copyFileSync(join(root, 'bin', 'meshgate.mjs'), join(folder, 'bin', 'meshgate.mjs'));
      const preload = join(folder, 'old.mjs');
      writeFileSync(preload, `Object.defineProperty(process.versions, 'node', { value: '${version}' });\n`);
      const done = spawnSync(process.execPath, ['--import', preload, join(folder, 'bin', 'meshgate.mjs'), 'serve']);
      return { status: done.status, stderr: done.stderr.toString() };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  test('the command says which one it needs, with exit code 3', () => {
    for (const version of ['16.20.0', '20.20.2', '22.17.1']) {
      const { status, stderr } = runAs(version);
      assert.equal(status, 3, stderr);
      assert.match(stderr, new RegExp(`needs Node 22\\.18 or newer; this is ${version}`));
    }
  });
});
