/**
 * The one test command: types, lint and format, every `*.test.ts`, the k6 smoke load against the real gateway, and a short benchmark
 * that tells whether the gateway has become slow.
 * Prints what fails as it happens and ends with the line `N passed, N failed`; exits 1 when anything failed.
 *
 * `npm test -- --only types,lint,tests,smoke,bench` runs some of the steps; `npm test -- --match PATTERN` only test files whose path
 * contains PATTERN. CI runs it without arguments. With CI set a skipped test counts as failed: nothing may be left out there.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const STEP_LIMIT_MS = 15 * 60_000;
const root = join(import.meta.dirname, '..');
const bin = (name: string): string => join(root, 'node_modules', '.bin', name);

interface Count {
  passed: number;
  failed: number;
}

const { values: options } = parseArgs({ options: { only: { type: 'string' }, match: { type: 'string' } } });
const wanted = new Set((options.only ?? 'types,lint,tests,smoke,bench').split(','));
const total: Count = { passed: 0, failed: 0 };
const running = new Set<ChildProcess>();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  limitMs = STEP_LIMIT_MS,
): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...env },
    });
    running.add(child);
    const limit = setTimeout(() => {
      console.error(`stopped after ${limitMs / 60_000} minutes: ${command} ${args.join(' ')}`);
      child.kill('SIGKILL');
    }, limitMs);
    const end = (code: number): void => {
      clearTimeout(limit);
      running.delete(child);
      resolve(code);
    };
    child.on('error', (error) => {
      console.error(error.message);
      end(1);
    });
    child.on('close', (code) => end(code ?? 1));
  });
}

async function step(name: string, work: () => Promise<Count>): Promise<void> {
  if (!wanted.has(name)) return;
  const start = performance.now();
  console.log(`── ${name}`);
  const count = await work();
  total.passed += count.passed;
  total.failed += count.failed;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`   ${name}: ${count.passed} passed, ${count.failed} failed in ${seconds} s`);
}

const one = (exitCode: number): Count => (exitCode === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 });

/** These tests need the apiserver of loadtest/apiserver, which takes minutes to build the first time. */
const CLUSTER_TESTS = 'test/integration/cluster/';
const BUILD_LIMIT_MS = 30 * 60_000;

async function runTests(): Promise<Count> {
  let files = globSync('{gateway,workers,policies,loadtest,test,build}/**/*.test.ts', { cwd: root })
    .filter((file) => options.match === undefined || file.includes(options.match))
    .sort();
  if (files.length === 0) return { passed: 0, failed: 1 };
  let unbuilt = 0;
  if (files.some((file) => file.startsWith(CLUSTER_TESTS))) {
    const code = await run(process.execPath, ['loadtest/apiserver/install.ts'], {}, BUILD_LIMIT_MS);
    // Each of these would try to build it again; that it is missing is one failure, which has said why.
    if (code !== 0) {
      unbuilt = 1;
      files = files.filter((file) => !file.startsWith(CLUSTER_TESTS));
      if (files.length === 0) return { passed: 0, failed: unbuilt };
    }
  }
  const folder = mkdtempSync(join(tmpdir(), 'meshgate-test-'));
  const summary = join(folder, 'summary.json');
  try {
    const code = await run(
      process.execPath,
      [
        '--test',
        '--test-concurrency=2',
        '--test-timeout=300000',
        `--test-reporter=${join(root, 'test', 'reporter.ts')}`,
        '--test-reporter-destination=stdout',
        ...files,
      ],
      { MESHGATE_TEST_SUMMARY: summary },
    );
    const { passed, failed, skipped } = JSON.parse(readFileSync(summary, 'utf8')) as Count & { skipped: number };
    const failures = (process.env.CI ? failed + skipped : failed) + unbuilt;
    // A runner that ends badly without a failed test (a file that can not be loaded, a crash) is a failure too.
    return { passed, failed: code !== 0 && failures === 0 ? 1 : failures };
  } catch (error) {
    console.error(error);
    return { passed: 0, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Programs that the tests of signatures run, and the Debian packages that bring them. */
const PROGRAMS = { git: 'git', gpg: 'gnupg', gpgconf: 'gnupg', 'ssh-keygen': 'openssh-client' };

/** Installs what is missing where that is allowed; the tests fail by name where it is not. */
async function installPrograms(): Promise<void> {
  const missing = Object.entries(PROGRAMS).filter(([name]) => {
    return spawnSync(name, ['--version'], { stdio: 'ignore' }).error !== undefined;
  });
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map(([, debian]) => debian))];
  console.log(`   missing: ${missing.map(([name]) => name).join(', ')}; installing ${packages.join(', ')}`);
  if (process.getuid?.() !== 0) throw new Error(`install these first: apt-get install ${packages.join(' ')}`);
  await run('apt-get', ['update', '-qq']);
  const code = await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages]);
  if (code !== 0) throw new Error(`apt-get install ${packages.join(' ')} ended with ${code}`);
}

if (wanted.has('tests')) await installPrograms();
await step('types', async () => one(await run(bin('tsc'), ['--noEmit'])));
await step('lint', async () => one(await run(bin('biome'), ['check', '--error-on-warnings', '.'])));
await step('tests', runTests);
await step('smoke', async () => one(await run(process.execPath, ['loadtest/run.ts', 'smoke'])));
await step('bench', async () => one(await run(process.execPath, ['loadtest/bench/guard.ts'])));

console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
