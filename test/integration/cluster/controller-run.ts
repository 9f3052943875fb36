/**
 * A rollout controller on a cluster, without a gateway around it: its fleet is a list of the weights that it was told. As a program,
 * `controller-run.ts KUBECONFIG NAMESPACE`, it prints them, and `controls` when it has the Lease.
 */
import { openAccess } from '../../../gateway/cluster/access.ts';
import { ClusterClient } from '../../../gateway/cluster/cluster-client.ts';
import { ConfigMapStore } from '../../../gateway/cluster/config-map-store.ts';
import { LeaseLock, type LeaseTiming } from '../../../gateway/cluster/lease-lock.ts';
import { RolloutController } from '../../../gateway/rollout/controller.ts';
import { NO_FURTHER_METRICS } from '../../../gateway/rollout/investigate.ts';
import { Outbound } from '../../../gateway/rollout/outbound.ts';
import { sealRollout } from '../../../gateway/rollout/rollout.ts';
import type { Mesh, Snapshot } from '../../../gateway/snapshot.ts';

const TIMING: LeaseTiming = { durationSeconds: 3, renewDeadlineMs: 2_000, retryMs: 300 };
export const STEPS = [10, 20, 30, 40, 50];
export const INTERVAL_MS = 1_000;

const snapshotOf = (intervalMs: number): Snapshot => ({
  revision: 's',
  loadedAt: new Date(0),
  meshes: new Map([
    [
      'm',
      {
        name: 'm',
        defaultRevision: 'v1',
        revisions: new Map(['v1', 'v2'].map((name) => [name, { name, digest: name }])),
      } as unknown as Mesh,
    ],
  ]),
  paths: new Map(),
  clusters: new Map(),
  policies: null,
  rollouts: new Map([
    [
      'r',
      sealRollout(
        {
          ...{ name: 'r', mesh: 'm', from: 'v1', to: 'v2', namespaceSelector: null, objectSelector: null },
          ...{ intervalMs, threshold: 2, steps: STEPS, iterations: 1, metrics: [], webhooks: [] },
          ...{ skipAnalysis: false, suspend: false },
        },
        ['1', '2'],
      ),
    ],
  ]),
});

export class ControllerRun {
  readonly weights: number[] = [];
  readonly log: string[] = [];
  readonly controller: RolloutController;
  readonly #store: ConfigMapStore;
  readonly #client: ClusterClient;

  private constructor(client: ClusterClient, namespace: string, onWeight: (weight: number) => void) {
    this.#client = client;
    const place = { client, namespace, name: 'meshgate-rollouts' };
    this.#store = new ConfigMapStore(place);
    const note = (facts: unknown, text?: string) =>
      this.log.push(`${text ?? ''} ${String((facts as { err?: unknown }).err)}`);
    this.controller = new RolloutController({
      store: this.#store,
      lock: new LeaseLock({ ...place, timing: TIMING, onFailure: (error) => this.log.push(String(error)) }),
      outbound: new Outbound(),
      repository: () => '',
      further: NO_FURTHER_METRICS,
      logger: { info: () => undefined, warn: note, error: note },
      fleet: {
        assign: async ([own]) => {
          const weight = own === undefined ? 0 : own.promoted ? 100 : own.weight;
          this.weights.push(weight);
          onWeight(weight);
        },
        tallies: async () => [],
      },
    });
  }

  static async start(
    kubeconfig: string,
    namespace: string,
    onWeight: (weight: number) => void = () => undefined,
    intervalMs = INTERVAL_MS,
  ): Promise<ControllerRun> {
    const run = new ControllerRun(new ClusterClient(await openAccess({ kubeconfig })), namespace, onWeight);
    await run.controller.prepare(snapshotOf(intervalMs));
    await run.controller.settle();
    run.controller.begin();
    return run;
  }

  get weight(): number {
    return this.weights.at(-1) ?? 0;
  }

  get phase(): string {
    return this.controller.list()[0]?.state?.phase ?? '';
  }

  async stop(): Promise<void> {
    await this.controller.stop();
    await this.#store.stop();
    await this.#client.close();
  }
}

if (import.meta.main) {
  const [kubeconfig = '', namespace = ''] = process.argv.slice(2);
  const run = await ControllerRun.start(kubeconfig, namespace, (weight) => process.stdout.write(`${weight}\n`));
  let told = false;
  setInterval(() => {
    if (run.controller.controls && !told) process.stdout.write('controls\n');
    told ||= run.controller.controls;
  }, 20);
}
