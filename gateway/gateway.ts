/**
 * A running gateway: what there is one of (source, certificates, admin port) around an admission service, started and ended in order.
 */
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Registry } from 'prom-client';
import type { Cluster } from './cluster/cluster.ts';
import { addressUrl } from './config/address.ts';
import type { GatewayOptions } from './config/options.ts';
import { recordRoutes } from './record/record-routes.ts';
import { Recorder } from './record/recorder.ts';
import { RolloutController } from './rollout/controller.ts';
import { FileLock } from './rollout/file-lock.ts';
import { NO_FURTHER_METRICS } from './rollout/investigate.ts';
import { Outbound } from './rollout/outbound.ts';
import type { Rollout } from './rollout/rollout.ts';
import { RolloutStore } from './rollout/store.ts';
import { makeAdminToken, removeAdminAccess, writeAdminAccess } from './server/admin-access.ts';
import { AdminServer } from './server/admin-server.ts';
import { createCertificates } from './server/certificate.ts';
import { type CredentialFiles, type Credentials, CredentialWatch, readCredentials } from './server/credentials.ts';
import { assessReadiness, type Readiness } from './server/readiness.ts';
import type { AdmissionService } from './service/admission-service.ts';
import { RolloutShadows } from './shadow/rollout-shadows.ts';
import { ShadowController } from './shadow/shadow-controller.ts';
import { shadowRoutes } from './shadow/shadow-routes.ts';
import type { Snapshot, SnapshotSource, SourceControl, SourceStatus } from './snapshot.ts';
import { describeRollouts, rolloutRoutes } from './status/rollout-routes.ts';
import { sourceRoutes } from './status/source-routes.ts';
import { describeStatus } from './status/status.ts';
import { TapHub } from './tap/tap-hub.ts';
import { GatewayMetrics } from './telemetry/gateway-metrics.ts';
import type { Logger } from './telemetry/logger.ts';
import { ShadowMetrics } from './telemetry/shadow-metrics.ts';

/** How often it is looked whether a self-made certificate has to be renewed. */
const RENEWAL_CHECK_MS = 12 * 3_600_000;

export interface GatewayParts {
  readonly options: GatewayOptions;
  readonly logger: Logger;
  readonly version: string;
  readonly service: AdmissionService;
  readonly source: SnapshotSource;
  /** What webhooks and commands may ask of the source; left out: nothing. */
  readonly control?: SourceControl;
  /** Keeps the rollouts' state; null or left out: the state folder does. The gateway closes it. */
  readonly cluster?: Cluster | null;
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
  readonly #metrics: GatewayMetrics;
  readonly #recorder: Recorder;
  readonly shadows: ShadowController;
  readonly #rolloutShadows: RolloutShadows;
  readonly #admin: AdminServer;
  readonly #rollouts: RolloutController;
  readonly #startedAt = new Date();
  readonly #adminToken = makeAdminToken();
  #adopting: Promise<void> = Promise.resolve();
  #credentials: Credentials | null = null;
  #watch: CredentialWatch | null = null;
  #renewal: NodeJS.Timeout | null = null;
  #draining = false;
  /** Why a rollout's shadow did not start: told once. */
  #shadowRefused: string | null = null;
  /** The note for commands is in the state folder. */
  #noted = false;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
    const tap = new TapHub(parts.service);
    this.#recorder = new Recorder(tap);
    this.#metrics = new GatewayMetrics({
      snapshot: () => parts.service.serving,
      certificateExpiry: () => this.#credentials?.validTo ?? null,
      ready: () => this.#readiness().ready,
      rollouts: () => describeRollouts(this.#rollouts),
    });
    this.shadows = new ShadowController({
      hub: tap,
      snapshot: () => parts.service.serving,
      metrics: new ShadowMetrics(this.#metrics.registry),
      now: () => performance.now(),
    });
    this.#rolloutShadows = new RolloutShadows(this.shadows, () => performance.now());
    const { options, logger, service, cluster } = parts;
    const folder = join(options.state, 'rollouts');
    const readiness = cluster?.readinessOf(() => service.serving);
    this.#rollouts = new RolloutController({
      store: cluster?.store ?? new RolloutStore(folder),
      lock: cluster?.lock ?? new FileLock(folder),
      outbound: new Outbound(),
      repository: (source) => repositoryOf(parts.source.status(), source),
      further: {
        ...NO_FURTHER_METRICS,
        begin: async (rollout) => {
          await this.#shadowRollout(rollout);
          await readiness?.begin(rollout, this.#weightOf(rollout));
        },
        differenceRate: (rollout, metric) => this.#rolloutShadows.differenceRate(rollout, metric),
        ...(readiness === undefined ? {} : { readiness: (rollout) => readiness.read(rollout) }),
      },
      logger,
      fleet: service,
    });
    const adminToken = this.#adminToken;
    this.#admin = new AdminServer({
      readiness: () => this.#readiness(),
      metrics: async () => ({
        contentType: Registry.PROMETHEUS_CONTENT_TYPE,
        text: `${await this.#metrics.registry.metrics()}${await parts.service.metrics()}`,
      }),
      status: () => this.#status(),
      routes: [
        ...rolloutRoutes({
          controller: this.#rollouts,
          shadows: this.shadows,
          serving: () => service.serving,
          adminToken,
        }),
        ...sourceRoutes({
          status: () => parts.source.status(),
          control: parts.control ?? null,
          hookTokenFile: parts.options.hookTokenFile,
          adminToken,
          logger,
        }),
        ...recordRoutes(this.#recorder, adminToken),
        ...shadowRoutes(this.shadows, adminToken),
      ],
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
    const { options, logger, service } = this.#parts;
    this.#draining = true;
    // What comes from now on says nothing about a revision, and another gateway may take over.
    await this.#rollouts.stop();
    service.beginDrain();
    logger.info({ delayMs: options.drainDelay }, 'shutting down');
    await new Promise((done) => setTimeout(done, options.drainDelay));
    const cut = await service.close(options.drainTimeout);
    if (cut > 0) logger.warn({ requests: cut }, 'requests were still in flight at the end of the drain timeout');
    await this.stop();
    logger.info('stopped');
  }

  /** Ends everything at once. */
  async stop(): Promise<void> {
    const { service, source } = this.#parts;
    if (this.#renewal !== null) clearInterval(this.#renewal);
    await this.#rollouts.stop();
    await this.#parts.cluster?.close();
    await service.close(0);
    await this.#recorder.stop();
    this.#watch?.close();
    await source.stop();
    await this.#adopting;
    this.#rolloutShadows.close();
    await this.shadows.close();
    await service.stop();
    await this.#admin.close();
    if (this.#noted) await removeAdminAccess(this.#parts.options.state);
  }

  async #shadowRollout(rollout: Rollout): Promise<void> {
    const asks = rollout.metrics.some(({ name, prometheus }) => prometheus === null && name === 'difference-rate');
    if (!asks && rollout.shadow === undefined) return;
    const refused = await this.#rolloutShadows.begin(rollout, rollout.intervalMs);
    this.#rolloutShadows.mark(rollout.name);
    // Where a metric asks, its check says so.
    const told = asks ? null : refused;
    if (told !== null && told !== this.#shadowRefused) {
      this.#parts.logger.warn({ code: 'SHADOW_REFUSED', rollout: rollout.name }, told);
    }
    this.#shadowRefused = told;
  }

  #weightOf({ name }: Rollout): number {
    return this.#rollouts.list().find(({ rollout }) => rollout.name === name)?.state?.weight ?? 0;
  }

  async #start(): Promise<ReadyLine> {
    const { options, logger, service, source } = this.#parts;
    const adminPort = await this.#admin.listen(options.admin);
    await this.#noteAccess(addressUrl('http', options.admin.host, adminPort));
    const { files, ca } = await this.#credentialFiles();
    this.#credentials = await readCredentials(files);
    source.onStatus((status) => this.#metrics.countSync(status.problems.length === 0 ? 'ok' : 'failed'));
    source.onPublish((snapshot) => this.#adopt(snapshot));
    const known = this.#watchCluster();
    await source.start();
    // Namespaces decide what is injected: who asks first must not be answered without them.
    await known;
    // The first snapshot's revisions are known before the workers open, so that they open warm.
    await this.#adopting;
    const port = await service.listen(options.listen, this.#credentials);
    this.#rollouts.begin();
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
    return {
      ready: true,
      admission: addressUrl('https', options.listen.host, port),
      admin: addressUrl('http', options.admin.host, adminPort),
      ca: resolve(ca),
      snapshot: service.serving?.revision ?? '',
    };
  }

  async #watchCluster(): Promise<void> {
    const { cluster, service, logger } = this.#parts;
    const failed = (error: unknown): void => {
      logger.error({ err: error }, 'what is known of the cluster could not be handed on');
    };
    await cluster?.watchContext(
      (known) => void service.setCluster(known).catch(failed),
      (changes) => void service.changeOwners(changes).catch(failed),
    );
  }

  /** Where it can not be left, only the commands that need it do not work. */
  async #noteAccess(url: string): Promise<void> {
    const { options, logger } = this.#parts;
    try {
      await writeAdminAccess(options.state, { url, token: this.#adminToken, pid: process.pid });
      this.#noted = true;
    } catch (error) {
      logger.warn(
        { err: error },
        'the state folder can not be written: `meshgate rollback` will not find this gateway',
      );
    }
  }

  /** Snapshots are adopted one after the other: a request only ever meets revisions that the workers have compiled. */
  #adopt(snapshot: Snapshot): void {
    const { logger, service } = this.#parts;
    this.#adopting = this.#adopting.then(async () => {
      const start = performance.now();
      try {
        await this.#rollouts.prepare(snapshot);
        await service.adopt(snapshot);
        await this.#rollouts.settle();
        const warmMs = Math.round(performance.now() - start);
        logger.info({ snapshot: snapshot.revision, warmMs }, 'snapshot serves');
      } catch (error) {
        logger.error({ err: error, snapshot: snapshot.revision }, 'the snapshot could not be adopted');
      }
    });
  }

  #useCredentials(credentials: Credentials): void {
    this.#credentials = credentials;
    this.#parts.service.setCredentials(credentials);
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
    const { service, source } = this.#parts;
    return assessReadiness({
      serving: service.serving?.revision ?? null,
      poolReady: service.ready,
      certificateValidTo: this.#credentials?.validTo ?? null,
      draining: this.#draining,
      source: source.status(),
      now: new Date(),
    });
  }

  async #status(): Promise<object> {
    const { service, source, version, cluster = null } = this.#parts;
    return describeStatus({
      version,
      startedAt: this.#startedAt,
      snapshot: service.serving,
      source: source.status(),
      readiness: this.#readiness(),
      cluster,
      ...(await service.stats()),
    });
  }
}

/** URL of a source, or of the only one. */
function repositoryOf({ sources = [] }: SourceStatus, source: string | null): string {
  return (source === null ? sources[0] : sources.find(({ name }) => name === source))?.url ?? '';
}
