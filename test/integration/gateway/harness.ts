/**
 * A real gateway on free loopback ports over snapshots that are made in memory, and a client that trusts it.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { Agent, request } from 'undici';
import { loadOptions } from '../../../gateway/config/load.ts';
import { Gateway, type ReadyLine } from '../../../gateway/gateway.ts';
import { LocalService } from '../../../gateway/service/local-service.ts';
import type { ClusterSnapshot, Mesh, Snapshot, SnapshotSource, SourceStatus } from '../../../gateway/snapshot.ts';
import { createLogger } from '../../../gateway/telemetry/logger.ts';
import type { Tracing } from '../../../gateway/telemetry/tracing.ts';
import type { RevisionSource } from '../../../workers/protocol.ts';

/** A source whose snapshots a test publishes. */
export class MemorySource implements SnapshotSource {
  #current: Snapshot | null;
  readonly #publishListeners = new Set<(snapshot: Snapshot) => void>();
  readonly #statusListeners = new Set<(status: SourceStatus) => void>();
  problems: SourceStatus['problems'] = [];

  constructor(snapshot: Snapshot | null) {
    this.#current = snapshot;
  }
  current(): Snapshot | null {
    return this.#current;
  }
  status(): SourceStatus {
    const serving = this.#current?.revision ?? null;
    const now = new Date();
    return {
      serving,
      fromState: false,
      observed: serving,
      lastAttemptAt: now,
      lastSuccessAt: now,
      problems: this.problems,
    };
  }
  onPublish(listener: (snapshot: Snapshot) => void): () => void {
    this.#publishListeners.add(listener);
    return () => this.#publishListeners.delete(listener);
  }
  onStatus(listener: (status: SourceStatus) => void): () => void {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }
  async start(): Promise<void> {
    if (this.#current !== null) this.publish(this.#current);
  }
  publish(snapshot: Snapshot): void {
    this.#current = snapshot;
    for (const listener of this.#publishListeners) listener(snapshot);
    for (const listener of this.#statusListeners) listener(this.status());
  }
  async sync(): Promise<SourceStatus> {
    return this.status();
  }
  async stop(): Promise<void> {}
}

/** A revision of a template mesh that adds one container called `proxy` with this image. */
export function templateRevision(mesh: string, name: string, image: string): RevisionSource {
  const spec = {
    provider: 'template',
    template: `spec:\n  containers:\n  - name: proxy\n    image: ${image}\n`,
    values: '{}',
    injectKey: 'example.com/inject',
    policy: 'enabled',
  } as const;
  const digest = createHash('sha256')
    .update(JSON.stringify([mesh, name, spec]))
    .digest('hex');
  return { digest, mesh, name, spec };
}

export function makeMesh(name: string, changes: Partial<Mesh> = {}): Mesh {
  return {
    name,
    provider: 'template',
    paths: [],
    defaultRevision: 'v1',
    tags: new Map([['stable', 'v1']]),
    onError: 'Fail',
    ignoredNamespaces: ['kube-system'],
    deadlineReserveMs: 50,
    share: 1,
    revisionLabel: 'istio.io/rev',
    unknownRevision: 'Default',
    vcluster: 'Skip',
    nativeSidecars: 'Auto',
    cluster: null,
    revisions: new Map([
      ['v1', templateRevision(name, 'v1', 'proxy:1')],
      ['v2', templateRevision(name, 'v2', 'proxy:2')],
    ]),
    ...changes,
  };
}

export function makeSnapshot(
  revision: string,
  meshes: readonly Mesh[],
  clusters: readonly ClusterSnapshot[] = [],
): Snapshot {
  return {
    revision,
    loadedAt: new Date(),
    meshes: new Map(meshes.map((mesh) => [mesh.name, mesh])),
    paths: new Map(meshes.flatMap((mesh) => mesh.paths.map((path) => [path, mesh.name]))),
    policies: null,
    clusters: new Map(clusters.map((cluster) => [cluster.name, cluster])),
  };
}

export interface TestGateway {
  readonly gateway: Gateway;
  readonly ready: ReadyLine;
  readonly source: MemorySource;
  readonly state: string;
  /** PEM. */
  readonly ca: string;
  /** Log lines so far. */
  readonly log: () => string;
  stop(): Promise<void>;
}

export interface TestGatewayOptions {
  readonly snapshot: Snapshot | null;
  readonly flags?: Readonly<Record<string, string>>;
  readonly workerFile?: URL;
  readonly tracing?: Tracing;
}

export async function startTestGateway(setup: TestGatewayOptions): Promise<TestGateway> {
  const state = mkdtempSync(join(tmpdir(), 'meshgate-test-'));
  const source = new MemorySource(setup.snapshot);
  let log = '';
  const sink = new Writable({
    write(chunk, _encoding, done) {
      log += String(chunk);
      done();
    },
  });
  const flags = { source: 'memory', listen: '127.0.0.1:0', admin: '127.0.0.1:0', state, workers: '1', drainDelay: '0' };
  const options = await loadOptions({ flags: { ...flags, ...setup.flags }, environment: {}, configFile: null });
  const logger = createLogger('debug', sink);
  const workerFile = setup.workerFile ?? new URL('../../../workers/main.ts', import.meta.url);
  const service = new LocalService({ options, logger, workerFile, tracing: setup.tracing ?? null });
  const gateway = new Gateway({ options, logger, version: '0.0.0-test', service, source });
  const ready = await gateway.start();
  return {
    gateway,
    ready,
    source,
    state,
    ca: readFileSync(ready.ca, 'utf8'),
    log: () => log,
    async stop() {
      await gateway.stop();
      rmSync(state, { recursive: true, force: true });
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
  /** The parsed body. */
  readonly body: ReviewAnswer;
}

export interface ReviewAnswer {
  readonly kind?: string;
  readonly apiVersion?: string;
  readonly code?: string;
  readonly message?: string;
  readonly response?: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly patch?: string;
    readonly patchType?: string;
    readonly warnings?: readonly string[];
    readonly auditAnnotations?: Readonly<Record<string, string>>;
    readonly status?: { readonly code: number; readonly message: string; readonly reason?: string };
  };
}

/** A client with keep-alive connections to one gateway. */
export class TestClient {
  readonly agent: Agent;
  readonly #origin: string;

  constructor(
    origin: string,
    ca: string,
    options: { h2?: boolean; connections?: number; cert?: string; key?: string } = {},
  ) {
    const { h2 = false, connections = 8, ...identity } = options;
    this.#origin = origin;
    this.agent = new Agent({ connections, allowH2: h2, connect: { ca, ...identity } });
  }

  async post(path: string, body: string | Buffer, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('POST', path, body, { 'content-type': 'application/json', ...headers });
  }

  async send(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body: string | Buffer | null,
    headers: Record<string, string>,
  ): Promise<Answer> {
    const answer = await request(this.#origin + path, { method, headers, body, dispatcher: this.agent });
    const text = await answer.body.text();
    return { status: answer.statusCode, headers: answer.headers, text, body: JSON.parse(text) as ReviewAnswer };
  }

  close(): Promise<void> {
    return this.agent.close();
  }
}

interface ReviewChanges {
  readonly apiVersion?: string;
  readonly namespace?: string;
  readonly note?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A review of a pod with one container. */
export function review(uid: string, changes: ReviewChanges = {}): string {
  const { apiVersion = 'admission.k8s.io/v1', namespace = 'shop', note = '', labels } = changes;
  return JSON.stringify({
    kind: 'AdmissionReview',
    apiVersion,
    request: {
      uid,
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      namespace,
      operation: 'CREATE',
      userInfo: {},
      object: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'web', namespace, ...(labels === undefined ? {} : { labels }), annotations: { note } },
        spec: { containers: [{ name: 'app', image: 'app:1', resources: {} }] },
        status: {},
      },
    },
  });
}

/** The images of the containers that a patch adds or names. */
export function patchText(answer: Answer): string {
  return Buffer.from(answer.body.response?.patch ?? '', 'base64').toString();
}
