/**
 * What a run is aimed at: this checkout's gateway, started with the default policies or with a generated folder of many meshes, or
 * any injector that already runs.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeMeshFolder } from './fleet/mesh-folder.ts';
import type { Destination } from './fleet/mix.ts';
import { startGateway } from './gateway.ts';
import type { LoadTestOptions } from './options.ts';

const root = join(import.meta.dirname, '..');

export interface Injector {
  readonly destinations: readonly Destination[];
  readonly admin: string | null;
  /** Of the gateway that was started; null for an injector that runs somewhere else. */
  readonly pid: number | null;
  /** For the report. */
  readonly description: string;
  /** Cores that are left to the load generator, as a command to put before it. */
  readonly generatorPrefix: readonly string[];
  stop(): Promise<void>;
}

export async function openInjector(options: LoadTestOptions): Promise<Injector> {
  return options.target === null ? startOwn(options) : given(options.target, options);
}

/** What marks a pod for a provider, and what it is injected with. */
function marksOf({ provider, sidecar }: LoadTestOptions): Omit<Destination, 'url'> {
  return {
    sidecar: sidecar ?? (provider === 'linkerd' ? 'linkerd-proxy' : 'istio-proxy'),
    labels: {},
    annotations: provider === 'linkerd' ? { 'linkerd.io/inject': 'enabled' } : {},
  };
}

function given(target: string, options: LoadTestOptions): Injector {
  return {
    destinations: [{ url: target, ...marksOf(options) }],
    admin: options.admin,
    pid: null,
    description: target,
    generatorPrefix: [],
    stop: () => Promise.resolve(),
  };
}

async function startOwn(options: LoadTestOptions): Promise<Injector> {
  const folder = mkdtempSync(join(tmpdir(), 'meshgate-meshes-'));
  const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const { args, destinations, description } = policiesFor(options, folder);
    const cores = shareCores();
    if (options.workers !== null) args.push('--workers', String(options.workers));
    if (options.processes !== null) args.push('--processes', String(options.processes));
    const gateway = await startGateway({ args, prefix: cores.gateway });
    return {
      destinations: destinations.map((each) => ({ ...each, url: `${gateway.admission}${each.url}` })),
      admin: gateway.admin,
      pid: gateway.pid,
      description,
      generatorPrefix: cores.generator,
      stop: async () => {
        await gateway.stop();
        removeFolder();
      },
    };
  } catch (error) {
    removeFolder();
    throw error;
  }
}

function policiesFor(
  options: LoadTestOptions,
  folder: string,
): { args: string[]; destinations: readonly Destination[]; description: string } {
  if (options.settings.meshes === 0) {
    const path = options.provider === 'linkerd' ? '/' : '/inject';
    const args = ['--source', root, '--path', 'policies'];
    return { args, destinations: [{ url: path, ...marksOf(options) }], description: 'this checkout, default policies' };
  }
  const corpus = process.env.MESHGATE_CORPUS ?? join(root, '..', 'shared', 'corpus');
  const { destinations, meshes, revisions } = writeMeshFolder(folder, options.settings.meshes, {
    policies: join(root, 'policies'),
    corpus,
  });
  return {
    args: ['--source', folder],
    destinations,
    description: `this checkout, ${meshes} meshes with ${revisions} revisions`,
  };
}

/** Half of the cores for the gateway, the others for the generator, so that the one is not measured waiting for the other. */
function shareCores(): { readonly gateway: readonly string[]; readonly generator: readonly string[] } {
  const cores = availableParallelism();
  const canPin = cores > 1 && spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status === 0;
  if (!canPin) return { gateway: [], generator: [] };
  const half = Math.floor(cores / 2);
  const pin = (from: number, to: number): readonly string[] => ['taskset', '-c', `${from}-${to}`];
  return { gateway: pin(0, half - 1), generator: pin(half, cores - 1) };
}
