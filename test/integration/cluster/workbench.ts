/** One apiserver for a test file, with a namespace of its own for each test, and accounts that may do no more than they are given. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { openAccess } from '../../../gateway/cluster/access.ts';
import { ClusterClient } from '../../../gateway/cluster/cluster-client.ts';
import { textAt } from '../../../gateway/cluster/kube-objects.ts';
import { type Apiserver, type ApiserverOptions, startApiserver } from '../../../loadtest/apiserver/apiserver.ts';

const root = join(import.meta.dirname, '..', '..', '..');

export class Workbench {
  readonly apiserver: Apiserver;
  readonly admin: ClusterClient;
  readonly #children: ChildProcess[] = [];
  readonly #clients: ClusterClient[] = [];
  #count = 0;

  private constructor(apiserver: Apiserver, admin: ClusterClient) {
    this.apiserver = apiserver;
    this.admin = admin;
  }

  static async start(options: ApiserverOptions = {}): Promise<Workbench> {
    const apiserver = await startApiserver(options);
    return new Workbench(apiserver, new ClusterClient(await openAccess({ kubeconfig: apiserver.kubeconfig })));
  }

  async stop(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    await Promise.all([this.admin, ...this.#clients].map((client) => client.close()));
    await this.apiserver.stop();
  }

  /** Makes a namespace. */
  async namespace(prefix = 'test'): Promise<string> {
    const name = `${prefix}-${++this.#count}`;
    await this.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    return name;
  }

  async create(path: string, body: object): Promise<unknown> {
    return this.admin.request('POST', path, { body });
  }

  /** A client with a connection pool of its own, as another gateway has. */
  async client(kubeconfig = this.apiserver.kubeconfig): Promise<ClusterClient> {
    const client = new ClusterClient(await openAccess({ kubeconfig }));
    this.#clients.push(client);
    return client;
  }

  /** A kubeconfig file of a new service account that nothing is allowed to yet. */
  async account(namespace: string, name: string): Promise<string> {
    const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
    await this.create(accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } });
    const asked = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
    const token = textAt(await this.create(`${accounts}/${name}/token`, asked), 'status', 'token');
    return this.kubeconfig(`${namespace}-${name}`, { token }, { namespace });
  }

  /** The administrator's kubeconfig with another user, or other members of its context and cluster. */
  kubeconfig(name: string, user: object | null, context: object = {}, cluster: object = {}): string {
    const file = join(this.apiserver.kubeconfig, '..', `${name}.kubeconfig`);
    const config = parse(readFileSync(this.apiserver.kubeconfig, 'utf8')) as {
      users: { user: object }[];
      contexts: { context: object }[];
      clusters: { cluster: object }[];
    };
    for (const entry of config.users) entry.user = user ?? entry.user;
    for (const entry of config.contexts) entry.context = { ...entry.context, ...context };
    for (const entry of config.clusters) entry.cluster = { ...entry.cluster, ...cluster };
    writeFileSync(file, stringify(config), { mode: 0o600 });
    return file;
  }

  /** Runs a program of TypeScript in a process of its own, with `client`; imports are from gateway/. */
  program(imports: Readonly<Record<string, string>>, text: string): ChildProcess {
    const lines = Object.entries({
      openAccess: 'cluster/access.ts',
      ClusterClient: 'cluster/cluster-client.ts',
      ...imports,
    }).map(([name, path]) => `import { ${name} } from ${JSON.stringify(join(root, 'gateway', path))};`);
    const open = `const client = new ClusterClient(await openAccess({ kubeconfig: ${JSON.stringify(this.apiserver.kubeconfig)} }));`;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', [...lines, open, text].join('\n')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#children.push(child);
    return child;
  }
}

/** All that a process prints until it ends. */
export function output(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.on('data', (chunk) => {
    text += String(chunk);
  });
  return new Promise((resolve) => child.on('close', () => resolve(text)));
}

/** Resolves with how long it took, in milliseconds. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, limitMs = 15_000): Promise<number> {
  const startMs = performance.now();
  while (!(await holds())) {
    if (performance.now() - startMs > limitMs) throw new Error(what);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return performance.now() - startMs;
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
