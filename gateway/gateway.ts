/**
 * A running gateway: puts the parts together, starts them in order, and ends them in order.
 */

import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { CompileProblem } from '../workers/inject/provider.ts';
import type { RevisionSource } from '../workers/protocol.ts';
import { AdmissionHandler } from './admission/handler.ts';
import { addressUrl } from './config/address.ts';
import type { GatewayOptions } from './config/options.ts';
import { GatewayError } from './errors.ts';
import { WorkerPool } from './pool/pool.ts';
import { Router } from './routing/router.ts';
import { AdminServer } from './server/admin-server.ts';
import { AdmissionServer } from './server/admission-server.ts';
import { createCertificates } from './server/certificate.ts';
import { type CredentialFiles, type Credentials, CredentialWatch, readCredentials } from './server/credentials.ts';
import { assessReadiness, type Readiness } from './server/readiness.ts';
import type { Snapshot, SnapshotSource } from './snapshot.ts';
import { describeStatus } from './status/status.ts';
import { type Logger, RequestLog } from './telemetry/logger.ts';
import { Metrics } from './telemetry/metrics.ts';
import type { Tracing } from './telemetry/tracing.ts';

/** How often it is looked whether a self-made certificate has to be renewed. */
const RENEWAL_CHECK_MS = 12 * 3_600_000;

export type CompileCheck = (source: RevisionSource) => Promise<readonly CompileProblem[]>;

export interface GatewayParts {
  readonly options: GatewayOptions;
  readonly logger: Logger;
  readonly version: string;
  /** The piscina entry file. */
  readonly workerFile: URL;
  /** Makes the source of snapshots; `compile` tries a revision in a thread of its own. */
  readonly createSource: (compile: CompileCheck) => SnapshotSource;
  /** Null when nothing is traced. */
  readonly tracing: Tracing | null;
}

export interface ReadyLine {
  readonly ready: true;
  readonly admission: string;
  readonly admin: string;
  /** File of the certificate that callers have to trust. */
  readonly ca: string;
  readonly snapshot: string;
}

export class Gateway {
  readonly #parts: GatewayParts;
  readonly #metrics = new Metrics();
  readonly #startedAt = new Date();
  readonly #pool: WorkerPool;
  readonly #source: SnapshotSource;
  readonly #admin: AdminServer;
  readonly #handler: AdmissionHandler;
  #router: Router | null = null;
  #adopting: Promise<void> = Promise.resolve();
  #server: AdmissionServer | null = null;
  #credentials: Credentials | null = null;
  #watch: CredentialWatch | null = null;
  #renewal: NodeJS.Timeout | null = null;
  #draining = false;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
    const { options, logger, workerFile } = parts;
    this.#pool = new WorkerPool({
      workers: options.workers,
      workerFile,
      maxHeapMb: options.workerMemory,
      onWorkerLost: (error, jobs) =>
        logger.error({ err: error, jobs, code: 'WORKER_CRASHED' }, 'a worker ended and is replaced'),
    });
    this.#source = parts.createSource((source) => this.#pool.check(source));
    this.#handler = new AdmissionHandler({
      router: () => this.#router,
      pool: this.#pool,
      metrics: this.#metrics,
      log: new RequestLog(logger),
      trace: parts.tracing === null ? null : parts.tracing.record,
    });
    this.#admin = new AdminServer({
      readiness: () => this.#readiness(),
      metrics: async () => ({
        contentType: this.#metrics.registry.contentType,
        text: await this.#metrics.registry.metrics(),
      }),
      status: () => this.#status(),
    });
  }

  /**
   * Starts everything; resolves when reviews can be served. Rejects with a coded error (GatewayError, or the source's own) after
   * having stopped what was started.
   */
  async start(): Promise<ReadyLine> {
    try {
      return await this.#start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Ends gracefully: not ready, then not accepting, then nothing in flight, then stopped. */
  async drain(): Promise<void> {
    const { options, logger } = this.#parts;
    this.#draining = true;
    if (this.#server !== null) this.#server.draining = true;
    logger.info({ delayMs: options.drainDelay }, 'shutting down');
    await new Promise((done) => setTimeout(done, options.drainDelay));
    const cut = (await this.#server?.close(options.drainTimeout)) ?? 0;
    if (cut > 0) logger.warn({ requests: cut }, 'requests were still in flight at the end of the drain timeout');
    this.#server = null;
    await this.stop();
    logger.info('stopped');
  }

  /** Ends everything at once. */
  async stop(): Promise<void> {
    if (this.#renewal !== null) clearInterval(this.#renewal);
    await this.#server?.close(0);
    await this.#watch?.close();
    await this.#source.stop();
    await this.#adopting.catch(() => undefined);
    await this.#pool.close();
    await this.#parts.tracing?.shutdown().catch(() => undefined);
    await this.#admin.close();
  }

  async #start(): Promise<ReadyLine> {
    const { options, logger } = this.#parts;
    this.#addGauges();
    const adminPort = await this.#admin.listen(options.admin);
    const { files, ca } = await this.#credentialFiles();
    this.#credentials = await readCredentials(files);
    this.#source.onStatus((status) => this.#metrics.countSync(status.problems.length === 0 ? 'ok' : 'failed'));
    this.#source.onPublish((snapshot) => this.#adopt(snapshot));
    await this.#source.start();
    // The first snapshot's revisions are known to the pool before its workers open, so that they open warm.
    await this.#adopting;
    await this.#pool.open();
    if (!this.#pool.ready) throw new GatewayError('WORKERS_FAILED');
    const server = new AdmissionServer(this.#handler, this.#credentials);
    this.#server = server;
    this.#watch = new CredentialWatch(
      files,
      this.#credentials,
      (changed) => this.#useCredentials(changed),
      (error) => {
        logger.error(
          { err: error, code: 'CERTIFICATE_INVALID' },
          'changed credentials can not be used; the old ones stay',
        );
      },
    );
    const port = await server.listen(options.listen);
    return {
      ready: true,
      admission: addressUrl('https', options.listen.host, port),
      admin: addressUrl('http', options.admin.host, adminPort),
      ca: resolve(ca),
      snapshot: this.#router?.snapshot.revision ?? '',
    };
  }

  /** Snapshots are adopted one after the other: a request only ever meets revisions that the workers have compiled. */
  #adopt(snapshot: Snapshot): void {
    const { logger } = this.#parts;
    this.#adopting = this.#adopting.then(async () => {
      const start = performance.now();
      const sources = [...snapshot.meshes.values()].flatMap((mesh) => [...mesh.revisions.values()]);
      const failed = await this.#pool.warm(sources);
      if (failed.length > 0) logger.error({ digests: failed }, 'revisions of the snapshot did not compile in a worker');
      this.#router = new Router(snapshot);
      logger.info({ snapshot: snapshot.revision, warmMs: Math.round(performance.now() - start) }, 'snapshot serves');
    });
    this.#adopting.catch((error: unknown) => logger.error({ err: error }, 'the snapshot could not be adopted'));
  }

  #useCredentials(credentials: Credentials): void {
    this.#credentials = credentials;
    this.#server?.setCredentials(credentials);
    this.#parts.logger.info({ validTo: credentials.validTo }, 'certificate reloaded');
  }

  async #credentialFiles(): Promise<{ files: CredentialFiles; ca: string }> {
    const { options, logger } = this.#parts;
    const { tlsCert, tlsKey, clientCa } = options;
    if (tlsCert !== null && tlsKey !== null) return { files: { cert: tlsCert, key: tlsKey, clientCa }, ca: tlsCert };
    const folder = join(options.state, 'tls');
    const make = () => createCertificates(folder, options.serviceNames);
    const { ca, cert, key } = await make();
    this.#renewal = setInterval(() => {
      make().then(
        () => this.#watch?.check(),
        (error: unknown) =>
          logger.error({ err: error, code: 'CERTIFICATE_INVALID' }, 'the certificate could not be renewed'),
      );
    }, RENEWAL_CHECK_MS).unref();
    return { files: { cert, key, clientCa }, ca };
  }

  #readiness(): Readiness {
    return assessReadiness({
      serving: this.#router?.snapshot.revision ?? null,
      poolReady: this.#pool.ready,
      certificateValidTo: this.#credentials?.validTo ?? null,
      draining: this.#draining,
      source: this.#source.status(),
      now: new Date(),
    });
  }

  #status(): object {
    return describeStatus({
      version: this.#parts.version,
      startedAt: this.#startedAt,
      snapshot: this.#router?.snapshot ?? null,
      source: this.#source.status(),
      pool: this.#pool.stats(),
      readiness: this.#readiness(),
      connections: this.#server?.connections ?? 0,
    });
  }

  #addGauges(): void {
    this.#metrics.addGauges({
      snapshot: () => this.#router?.snapshot ?? null,
      pool: () => this.#pool.stats(),
      connections: () => this.#server?.connections ?? 0,
      certificateExpiry: () => this.#credentials?.validTo ?? null,
      ready: () => this.#readiness().ready,
    });
  }
}
