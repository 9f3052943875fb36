/**
 * Finds or builds the test apiserver (main.go beside this file) and caches it under .cache/apiserver, by a digest of its sources: tests
 * against a real cluster need nothing but Go, 1.25 or newer.
 *
 * A first build takes 4 to 10 minutes of two cores and downloads modules; after that Go's own cache makes it seconds.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Kubernetes' version, as go.mod has it; the server tells it to its clients. */
const KUBERNETES = /^\tk8s\.io\/kubernetes (v\S+)$/m;
const BUILD_LIMIT_MS = 28 * 60_000;

const sources = import.meta.dirname;
const cache = join(sources, '..', '..', '.cache', 'apiserver');

/**
 * Returns the path of the binary. MESHGATE_APISERVER names one that is there already. Throws an Error with a code in its message:
 * GO_MISSING, APISERVER_UNBUILT, APISERVER_UNUSABLE.
 */
export function installApiserver(report: (text: string) => void = () => undefined): string {
  const given = process.env.MESHGATE_APISERVER;
  if (given !== undefined && given !== '') {
    if (!existsSync(given))
      throw new Error(`APISERVER_UNUSABLE: MESHGATE_APISERVER names ${given}, which is not there`);
    return given;
  }
  const binary = join(cache, `apiserver-${digestOfSources()}`);
  if (existsSync(binary)) return binary;
  const go = spawnSync('go', ['version'], { encoding: 'utf8' });
  if (go.status !== 0) {
    throw new Error(
      'GO_MISSING: the tests against a real apiserver need Go 1.25 or newer on the PATH, to build loadtest/apiserver once; ' +
        'or MESHGATE_APISERVER with the path of a binary that was built from it',
    );
  }
  report(`building the test apiserver with ${go.stdout.trim()}: minutes the first time`);
  mkdirSync(cache, { recursive: true });
  build(binary);
  return binary;
}

/** Also old binaries go: each has 110 MB. */
function build(binary: string): void {
  const version = KUBERNETES.exec(readFileSync(join(sources, 'go.mod'), 'utf8'))?.[1] ?? '';
  const stamps = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'];
  const flags = ['-s -w', ...stamps.map((name) => `-X ${name}.gitVersion=${version}`)].join(' ');
  const part = `${binary}.${process.pid}.part`;
  const built = spawnSync('go', ['build', '-trimpath', '-ldflags', flags, '-o', part, '.'], {
    cwd: sources,
    encoding: 'utf8',
    timeout: BUILD_LIMIT_MS,
    env: { ...process.env, CGO_ENABLED: '0' },
  });
  if (built.status !== 0) {
    rmSync(part, { force: true });
    const why = built.error?.message ?? built.stderr.trim().split('\n').slice(-20).join('\n');
    throw new Error(`APISERVER_UNBUILT: go build in loadtest/apiserver failed: ${why}`);
  }
  for (const old of globSync('apiserver-*', { cwd: cache })) {
    if (!old.endsWith('.part')) rmSync(join(cache, old), { force: true });
  }
  renameSync(part, binary);
}

function digestOfSources(): string {
  const hash = createHash('sha256');
  for (const name of globSync(['*.go', 'go.mod', 'go.sum'], { cwd: sources }).sort()) {
    hash.update(`${name}\0`).update(readFileSync(join(sources, name)));
  }
  return hash.digest('hex').slice(0, 16);
}

if (import.meta.main) {
  try {
    console.log(installApiserver((text) => console.error(text)));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
