/** What the injection flags come to: configuration read, sources loaded, clusters known. */
import { CompileError } from '../../workers/inject/provider.ts';
import type { IstioRevisionSpec, RevisionSource } from '../../workers/protocol.ts';
import {
  ConfigurationError,
  type ConfigurationFiles,
  DEFAULT_REVISION,
  type IstioTexts,
  readIstioTexts,
  type TextName,
} from '../istio/configuration.ts';
import { readClusterFile } from '../manifests/cluster-file.ts';
import { ManifestError } from '../manifests/documents.ts';
import type { Destination } from '../manifests/trial.ts';
import { findRevision } from '../routing/revision-choice.ts';
import type { ClusterSnapshot, Mesh, Snapshot } from '../snapshot.ts';
import { CommandError } from './command-error.ts';
import type { CommandContext } from './context.ts';
import { readInput } from './files.ts';
import { type InjectionFlags, nativeSidecarsOf } from './injection-flags.ts';

/** The three texts that the flags name. Throws CommandError. */
export async function readTexts(flags: InjectionFlags): Promise<IstioTexts> {
  const names: Readonly<Record<TextName, string | undefined>> = {
    injectConfig: flags.injectConfigFile,
    values: flags.valuesFile,
    meshConfig: flags.meshConfigFile,
  };
  const files: { -readonly [N in TextName]?: ConfigurationFiles[N] } = {};
  for (const key of Object.keys(names) as TextName[]) {
    const name = names[key];
    if (name !== undefined) files[key] = { name, text: await readInput(name) };
  }
  return coded(() => readIstioTexts(files, flags.revision ?? ''));
}

/** The specification of a revision whose texts are given, with what the flags say about it. */
export function specOfTexts(texts: IstioTexts, flags: InjectionFlags): IstioRevisionSpec {
  return {
    provider: 'istio',
    ...texts,
    revision: flags.revision ?? DEFAULT_REVISION,
    platform: flags.platform ?? '',
    compliancePolicy: flags.compliancePolicy ?? '',
    env: {},
    nativeSidecars: nativeSidecarsOf(flags) ?? 'Auto',
    ...(flags.release === undefined ? {} : { release: flags.release }),
  };
}

/** The cluster that the flags name; null where they name none. Throws CommandError. */
export async function readCluster(flags: InjectionFlags): Promise<ClusterSnapshot | null> {
  const file = flags.clusterSnapshot;
  if (file === undefined) return null;
  const text = await readInput(file);
  try {
    return await readClusterFile(text);
  } catch (error) {
    if (error instanceof ManifestError) throw new CommandError('CONFIGURATION_INVALID', `${file}: ${error.message}`);
    throw error;
  }
}

/** What the flags, or a URL path, say about where reviews go. */
export interface NamedRoute {
  readonly snapshot: Snapshot;
  readonly mesh: Mesh;
  /** The default where none is named. */
  readonly revision: RevisionSource;
  readonly params: Destination['params'];
  /** Whether the revision is named. */
  readonly explicit: boolean;
}

/**
 * Reads the source and finds the mesh and revision that a URL path leads to, or that --mesh and --revision name. Throws CommandError, or
 * SourceError for a source that can not be read.
 */
export async function loadRoute(
  flags: InjectionFlags,
  context: CommandContext,
  requestPath?: string,
): Promise<NamedRoute> {
  const snapshot = await loadSnapshot(flags, context);
  return requestPath === undefined ? chosenRoute(snapshot, flags) : routeOfPath(snapshot, flags, requestPath);
}

/** Where reviews go for a revision that is given as three files: a mesh of its own, with that revision alone. Throws CommandError. */
export async function filesDestination(flags: InjectionFlags, requestPath = '/inject'): Promise<Destination> {
  const { compileRevision } = await import('../../workers/inject/compile.ts');
  const { ClusterView } = await import('../routing/cluster.ts');
  const { parseParams } = await import('../routing/params.ts');
  const { istioDestination } = await import('../istio/destination.ts');
  const spec = specOfTexts(await readTexts(flags), flags);
  const cluster = await readCluster(flags);
  return {
    ...coded(() => istioDestination(spec, compileRevision)),
    params: parseParams(requestPath.replace(/^\/inject\/?/, '')),
    cluster: cluster === null ? null : new ClusterView(cluster),
  };
}

function chosenRoute(snapshot: Snapshot, flags: InjectionFlags): NamedRoute {
  const mesh = meshOf(snapshot, flags.mesh);
  const wanted = flags.revision ?? mesh.defaultRevision;
  const revision = findRevision(mesh, wanted);
  if (revision === undefined) {
    const known = [...mesh.revisions.keys(), ...mesh.tags.keys()].join(', ');
    throw new CommandError(
      'SOURCE_INVALID',
      `mesh ${mesh.name} has no revision and no tag ${wanted}; there are ${known}`,
    );
  }
  return { snapshot, mesh, revision, params: {}, explicit: flags.revision !== undefined };
}

async function routeOfPath(snapshot: Snapshot, flags: InjectionFlags, path: string): Promise<NamedRoute> {
  for (const name of ['mesh', 'revision'] as const) {
    if (flags[name] !== undefined) {
      throw new CommandError('FLAGS_INVALID', `--request-path says what --${name} would say`);
    }
  }
  const { Router } = await import('../routing/router.ts');
  const resolution = new Router(snapshot).resolve(path);
  if (!resolution.ok) throw new CommandError('SOURCE_INVALID', resolution.message.replace(/\.$/, ''));
  return { snapshot, ...resolution.route };
}

async function loadSnapshot(flags: InjectionFlags, context: CommandContext): Promise<Snapshot> {
  const { checkSource } = await import('../gitsync/check.ts');
  const { formatProblem } = await import('../gitsync/problem.ts');
  const { splitSource } = await import('./validate.ts');
  const { source, ref } = splitSource(flags.source ?? '');
  const { snapshot, problems } = await checkSource({
    source,
    ref,
    path: flags.path,
    // Only one revision is needed, which is compiled when it is used.
    compile: async () => [],
    environment: context.environment,
  });
  for (const problem of problems) context.stderr(`${formatProblem(problem)}\n`);
  if (snapshot === null) throw new CommandError('SOURCE_INVALID', 'the policy source has problems');
  return snapshot;
}

function meshOf(snapshot: Snapshot, name: string | undefined): Mesh {
  const names = [...snapshot.meshes.keys()].sort().join(', ');
  if (name !== undefined) {
    const mesh = snapshot.meshes.get(name);
    if (mesh === undefined) throw new CommandError('SOURCE_INVALID', `there is no mesh ${name}; there are ${names}`);
    return mesh;
  }
  const [only, another] = snapshot.meshes.values();
  if (only === undefined || another !== undefined) {
    throw new CommandError('FLAGS_INVALID', `the source has several meshes: name one with --mesh (${names})`);
  }
  return only;
}

/** Runs something that reads configuration, with its errors as a command's. */
export function coded<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfigurationError) throw new CommandError('CONFIGURATION_INVALID', error.message);
    if (error instanceof CompileError) throw new CommandError('CONFIGURATION_INVALID', compileMessage(error));
    throw error;
  }
}

/** All problems, one a line behind the first. */
function compileMessage({ problems }: CompileError): string {
  const lines = problems.map(({ code, field, message, line, column }) => {
    const place = line === undefined ? field : `${field}:${line}:${column ?? 1}`;
    return `${place}: ${message} (${code})`;
  });
  return `the configuration does not compile\n  ${lines.join('\n  ')}`;
}
