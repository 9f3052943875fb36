/** Real git repositories in a temporary folder, keys to sign with, and sources that read them. Nothing leaves the machine. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createSnapshotSource, type SnapshotSourceOptions, type SyncEvent } from '../../../gateway/gitsync/source.ts';
import type { SourceSpec } from '../../../gateway/gitsync/source-spec.ts';
import type { SnapshotSource, SourceCondition, SourceControl } from '../../../gateway/snapshot.ts';

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
export const POLICIES = { 'mesh.yaml': MESH, 'v1.yaml': REVISION, 'overlay.tpl': 'spec: {}' };

export type Files = Readonly<Record<string, string | Buffer>>;

export class Workshop {
  readonly root = mkdtempSync(join(tmpdir(), 'meshgate-sources-'));
  readonly state = join(this.root, 'state');
  readonly events: SyncEvent[] = [];
  readonly #sources: SnapshotSource[] = [];
  readonly #servers: Server[] = [];

  repository(name: string): Repository {
    return new Repository(join(this.root, name), this.root);
  }

  open(
    sources: readonly (Partial<SourceSpec> & { readonly url: string })[],
    overrides: Partial<Omit<SnapshotSourceOptions, 'sources'>> = {},
  ): SnapshotSource & SourceControl {
    const source = createSnapshotSource({
      sources: sources.map((spec) => ({ name: 'default', intervalMs: 60_000, ...spec })),
      stateDir: this.state,
      compile: async () => [],
      environment: { PATH: process.env['PATH'], HOME: this.root },
      report: (event) => this.events.push(event),
      ...overrides,
    });
    this.#sources.push(source);
    return source;
  }

  /** An HTTP server on loopback that is closed at the end; returns its address. */
  async serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
    const server = createServer(answer).listen(0, '127.0.0.1');
    this.#servers.push(server);
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** git's own server side, for a request that is let through. */
  gitBackend(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const child = spawn('git', ['http-backend'], {
      env: {
        PATH: process.env['PATH'],
        GIT_PROJECT_ROOT: this.root,
        GIT_HTTP_EXPORT_ALL: '1',
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        REQUEST_METHOD: request.method,
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      },
    });
    request.pipe(child.stdin);
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('close', () => {
      const output = Buffer.concat(chunks);
      const end = output.indexOf('\r\n\r\n');
      for (const line of output.toString('latin1', 0, end).split('\r\n')) {
        const [name = '', value = ''] = line.split(': ');
        if (name !== 'Status') response.setHeader(name, value);
      }
      response.end(output.subarray(end + 4));
    });
  }

  write(files: Files): void {
    write(this.root, files);
  }

  /** Whether a text stands in any file below a folder. */
  holds(directory: string, text: string): boolean {
    return readdirSync(directory, { recursive: true, withFileTypes: true }).some((entry) => {
      return entry.isFile() && readFileSync(join(entry.parentPath, entry.name), 'latin1').includes(text);
    });
  }

  sshKey(name: string): { readonly file: string; readonly publicKey: string } {
    const file = join(this.root, name);
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', `${name}@example.com`, '-f', file]);
    return { file, publicKey: readFileSync(`${file}.pub`, 'utf8').trim() };
  }

  /** A signing key in a GNUPGHOME of its own. */
  pgpKey(name: string): { readonly home: string; readonly publicKey: string } {
    const home = mkdtempSync(join(tmpdir(), 'mg-gpg-'));
    const env = { PATH: process.env['PATH'], GNUPGHOME: home };
    const address = `${name}@example.com`;
    const generate = [
      '--batch',
      '--quiet',
      '--passphrase',
      '',
      '--quick-generate-key',
      address,
      'ed25519',
      'sign',
      'never',
    ];
    execFileSync('gpg', generate, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    const publicKey = execFileSync('gpg', ['--armor', '--export', address], { env, encoding: 'utf8' });
    this.#gpgHomes.push(home);
    return { home, publicKey };
  }

  readonly #gpgHomes: string[] = [];

  async close(): Promise<void> {
    for (const source of this.#sources) await source.stop();
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
    for (const home of this.#gpgHomes) {
      execFileSync('gpgconf', ['--kill', 'gpg-agent'], { env: { PATH: process.env['PATH'], GNUPGHOME: home } });
      rmSync(home, { recursive: true, force: true });
    }
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** How a commit or tag is signed. */
export interface Signing {
  readonly ssh?: string;
  /** A GNUPGHOME. */
  readonly pgp?: string;
}

export class Repository {
  readonly directory: string;
  readonly url: string;
  readonly #home: string;

  constructor(directory: string, home: string) {
    this.directory = directory;
    this.url = `file://${directory}`;
    this.#home = home;
    mkdirSync(directory, { recursive: true });
    this.git(['init', '-q', '-b', 'main']);
  }

  git(args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
    return execFileSync('git', ['-C', this.directory, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: this.#home,
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_AUTHOR_NAME: 'Ann',
        GIT_AUTHOR_EMAIL: 'ann@example.com',
        GIT_COMMITTER_NAME: 'Ann',
        GIT_COMMITTER_EMAIL: 'ann@example.com',
        ...env,
      },
    }).trim();
  }

  /** Commits files; returns the revision. */
  commit(files: Files, signing: Signing = {}): string {
    write(this.directory, files);
    this.git(['add', '-A']);
    const { flags, env } = signingOf(signing);
    this.git([...flags, 'commit', '-q', '--allow-empty', '-m', 'change', ...(flags.length > 0 ? ['-S'] : [])], env);
    return `main@sha1:${this.head()}`;
  }

  tag(name: string, signing: Signing = {}): void {
    const { flags, env } = signingOf(signing);
    this.git([...flags, 'tag', flags.length > 0 ? '-s' : '-a', '-m', name, name], env);
  }

  head(): string {
    return this.git(['rev-parse', 'HEAD']);
  }
}

function signingOf({ ssh, pgp }: Signing): { flags: readonly string[]; env: Readonly<Record<string, string>> } {
  if (ssh !== undefined) return { flags: ['-c', 'gpg.format=ssh', '-c', `user.signingKey=${ssh}`], env: {} };
  if (pgp !== undefined) return { flags: ['-c', 'user.signingKey=@example.com'], env: { GNUPGHOME: pgp } };
  return { flags: [], env: {} };
}

function write(directory: string, files: Files): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
}

/** A condition of the n-th source; fails where it is not there. */
export function condition(source: SnapshotSource, type: SourceCondition['type'], index = 0): SourceCondition {
  const found = source.status().sources?.[index]?.conditions.find((each) => each.type === type);
  assert.ok(found, `no condition ${type} in ${JSON.stringify(source.status().sources?.[index])}`);
  return found;
}

export function conditionTypes(source: SnapshotSource, index = 0): readonly string[] {
  return (source.status().sources?.[index]?.conditions ?? []).map(({ type, status }) => `${type}=${status}`);
}
