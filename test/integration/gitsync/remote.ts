/**
 * For tests of gateway/gitsync against real git repositories in temporary folders. Nothing here leaves the machine: remotes are file
 * URLs and servers on loopback.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach } from 'node:test';
import { SourceError } from '../../../gateway/gitsync/problem.ts';
import { createSnapshotSource, type SnapshotSourceOptions, type SyncEvent } from '../../../gateway/gitsync/source.ts';
import type { SourceSpec } from '../../../gateway/gitsync/source-spec.ts';
import type { Problem, SnapshotSource, SourceControl } from '../../../gateway/snapshot.ts';

export const MESH = `apiVersion: meshgate.dev/v1alpha1
kind: Mesh
metadata: {name: edge}
spec: {provider: template, defaultRevision: v1}
`;
export const REVISION = `apiVersion: meshgate.dev/v1alpha1
kind: MeshRevision
metadata: {name: v1}
spec: {mesh: edge, template: {template: {file: overlay.tpl}}}
`;

/** Of the test that runs; each has its own. */
export let root = '';
export let remote = '';
export let state = '';
export let events: SyncEvent[] = [];
let sources: SnapshotSource[] = [];

export function git(directory: string, ...args: readonly string[]): string {
  return execFileSync('git', ['-C', directory, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: root,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'a',
      GIT_AUTHOR_EMAIL: 'a@example.com',
      GIT_COMMITTER_NAME: 'a',
      GIT_COMMITTER_EMAIL: 'a@example.com',
    },
  }).trim();
}

export function write(directory: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
}

export function commit(files: Readonly<Record<string, string | Buffer>>, ...flags: readonly string[]): string {
  write(remote, files);
  git(remote, 'add', '-A');
  git(remote, 'commit', '-q', '-m', 'change', ...flags);
  return `main@sha1:${git(remote, 'rev-parse', 'HEAD')}`;
}

interface Overrides extends Partial<Omit<SnapshotSourceOptions, 'sources'>>, Partial<Omit<SourceSpec, 'url'>> {
  readonly source?: string;
}

export function open(overrides: Overrides = {}): SnapshotSource & SourceControl {
  const { source: url = `file://${remote}`, ...rest } = overrides;
  const source = createSnapshotSource({
    sources: [{ name: 'default', url, intervalMs: 60_000, ...rest }],
    stateDir: state,
    compile: async () => [],
    environment: { PATH: process.env['PATH'], HOME: root },
    report: (event) => events.push(event),
    ...rest,
  });
  sources.push(source);
  return source;
}

export function codes(problems: readonly Problem[]): readonly string[] {
  return problems.map(({ code }) => code);
}

export async function startFails(source: SnapshotSource): Promise<SourceError> {
  const error = await source.start().then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SourceError, 'start did not reject');
  return error;
}

export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, `waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A server that takes connections and never says a word. */
export async function listenSilently(): Promise<{ readonly url: string; close(): void }> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => sockets.add(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Gives each test of a file a folder with an empty repository. */
export function useRepository(): void {
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'meshgate-gitsync-'));
    remote = join(root, 'remote');
    state = join(root, 'state');
    events = [];
    sources = [];
    mkdirSync(remote);
    git(remote, 'init', '-q', '-b', 'main');
  });

  afterEach(async () => {
    for (const source of sources) await source.stop();
    rmSync(root, { recursive: true, force: true });
  });
}
