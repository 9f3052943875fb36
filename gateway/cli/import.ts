/** `meshgate import istio`: makes a policy folder of what a cluster, or its objects in files, says about Istio's injection. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import type { JsonObject } from '../../workers/template/value.ts';
import { type ControlPlane, findControlPlane } from '../istio/control-plane.ts';
import { CommandError, finishWith } from './command-error.ts';
import { type CommandContext, EXIT_FINDINGS, EXIT_OK } from './context.ts';
import { readInput, shown, writeOutput } from './files.ts';
import type { InjectionFlags } from './injection-flags.ts';

interface ImportFlags extends InjectionFlags {
  readonly output: string;
  readonly mesh: string;
  readonly cluster?: string;
  readonly istioNamespace: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly live?: boolean;
  readonly force?: boolean;
}

/** Adds `import istio`. Exit codes: 0 fine, 1 something is missing or does not compile, 2 wrong use, 3 it could not run. */
export function registerImport(program: Command, context: CommandContext): void {
  program
    .command('import')
    .description("make policy files of a mesh's own configuration")
    .command('istio')
    .description("from Istio's ConfigMaps, tags, namespaces and nodes: all revisions at once, then check the result")
    .argument('[files...]', 'objects as kubectl prints them, YAML or JSON; - for standard input')
    .requiredOption('-o, --output <folder>', 'folder to write')
    .option('--mesh <name>', 'name of the mesh', 'istio')
    .option('--cluster <name>', "name of the cluster; its clusterName in Istio's values when left out")
    .option('-i, --istioNamespace <name>', 'namespace of the control plane', 'istio-system')
    .option('--live', 'read the cluster of the current kubeconfig')
    .option('--kubeconfig <file>', 'read the cluster of this kubeconfig')
    .option('--context <name>', 'context of the kubeconfig')
    .option('--injectConfigFile <file>', 'bare text of a revision without ConfigMaps: its injection configuration')
    .option('--valuesFile <file>', '… its values')
    .option('--meshConfigFile <file>', '… its mesh configuration')
    .option('-r, --revision <name>', '… its name', 'default')
    .option('--force', 'overwrite files that are there')
    .action((files: string[], flags: ImportFlags) => finishWith(context, () => importIstio(files, flags, context)));
}

async function importIstio(files: readonly string[], flags: ImportFlags, context: CommandContext): Promise<number> {
  const { policyFolder, isPolicyName } = await import('../istio/policy-folder.ts');
  const { clusterOfObjects } = await import('../manifests/cluster-objects.ts');
  const objects = await readAll(files, flags, context);
  const plane = await withBareTexts(findControlPlane(objects, flags.istioNamespace), flags);
  const cluster = flags.cluster ?? clusterName(plane) ?? 'cluster';
  for (const name of [flags.mesh, cluster]) {
    if (!isPolicyName(name))
      throw new CommandError('FLAGS_INVALID', `${JSON.stringify(name)} can not be a name in policy files`);
  }
  const { files: written, findings } = policyFolder(plane, clusterOfObjects(objects), { mesh: flags.mesh, cluster });
  for (const finding of findings) context.stderr(`warning: ${finding}\n`);
  if (written.size === 0) throw new CommandError('CONFIGURATION_INVALID', 'there is no revision to import');
  await writeFolder(flags, written);
  return report(flags.output, context, findings.length > 0);
}

async function readAll(files: readonly string[], flags: ImportFlags, context: CommandContext): Promise<JsonObject[]> {
  const { ManifestError } = await import('../manifests/documents.ts');
  const { readObjects } = await import('../manifests/objects.ts');
  const live = flags.live === true || flags.kubeconfig !== undefined || flags.context !== undefined;
  if (files.length === 0 && !live && flags.injectConfigFile === undefined) {
    throw new CommandError('FLAGS_INVALID', 'name files with objects, or read a cluster with --live or --kubeconfig');
  }
  const objects: JsonObject[] = [];
  for (const file of files) {
    const text = await readInput(file);
    try {
      objects.push(...readObjects(text));
    } catch (error) {
      if (error instanceof ManifestError)
        throw new CommandError('MANIFEST_INVALID', `${shown(file)}: ${error.message}`);
      throw error;
    }
  }
  if (live) objects.push(...(await readLive(flags, context)));
  return objects;
}

async function readLive(flags: ImportFlags, { stderr }: CommandContext): Promise<readonly JsonObject[]> {
  const { importQueries, readClusterObjects } = await import('../cluster/read-objects.ts');
  const { kubeconfig = null, context = null } = flags;
  const { objects, findings } = await readClusterObjects(
    { kubeconfig, context },
    importQueries(flags.istioNamespace, 'app=istiod'),
  );
  for (const finding of findings) stderr(`warning: ${finding}\n`);
  return objects;
}

/** The revision that is given by three texts comes beside those of the ConfigMaps. */
async function withBareTexts(plane: ControlPlane, flags: ImportFlags): Promise<ControlPlane> {
  const { injectConfigFile, valuesFile, meshConfigFile, revision = 'default' } = flags;
  if (injectConfigFile === undefined && valuesFile === undefined && meshConfigFile === undefined) return plane;
  const { readTexts } = await import('./injection-setup.ts');
  const { foundRevision } = await import('../istio/control-plane.ts');
  const texts = await readTexts(flags);
  const revisions = new Map(plane.revisions).set(revision, foundRevision(revision, texts, null));
  // What the objects lack, the texts have.
  return { ...plane, revisions, findings: plane.revisions.size === 0 ? [] : plane.findings };
}

/** The cluster's name in the values of a revision that has one. */
function clusterName({ revisions }: ControlPlane): string | undefined {
  const names = [...revisions.values()].map(({ cluster }) => cluster.toLowerCase());
  return names.find((name) => name !== '');
}

/** Writes the files of a policy folder. Throws CommandError where one is there and is not to be overwritten. */
export async function writeFolder(
  { output, force }: Pick<ImportFlags, 'output' | 'force'>,
  files: ReadonlyMap<string, string>,
): Promise<void> {
  const existing = [...files.keys()].filter((path) => existsSync(join(output, path)));
  if (existing.length > 0 && force !== true) {
    throw new CommandError(
      'FLAGS_INVALID',
      `${join(output, existing[0] ?? '')} is there already: --force overwrites it`,
    );
  }
  for (const [path, text] of files) {
    const file = join(output, path);
    try {
      await mkdir(dirname(file), { recursive: true });
    } catch (error) {
      throw new CommandError('FILE_UNWRITABLE', `${dirname(file)} can not be made: ${String(error)}`);
    }
    await writeOutput(file, text);
  }
}

const PROVIDERS = { istio: 'Istio', linkerd: 'Linkerd', template: '' } as const;

/** Loads the folder as the gateway would, compiles every revision, and tells what it found; warnings are no findings. */
export async function report(folder: string, context: CommandContext, hasFindings: boolean): Promise<number> {
  const { checkSource } = await import('../gitsync/check.ts');
  const { formatProblem } = await import('../gitsync/problem.ts');
  const { inProcessCompiler } = await import('./validate.ts');
  const { snapshot, problems } = await checkSource({
    source: folder,
    compile: await inProcessCompiler(),
    environment: context.environment,
  });
  for (const problem of problems)
    context.stderr(`${formatProblem({ ...problem, file: join(folder, problem.file) })}\n`);
  if (snapshot === null) return EXIT_FINDINGS;
  for (const mesh of snapshot.meshes.values()) {
    const tags = [...mesh.tags].map(([tag, revision]) => `${tag} → ${revision}`).join(', ');
    const revisions = [...mesh.revisions.values()].map(({ name, spec }) => {
      const release =
        'release' in spec && spec.release !== undefined ? ` (${PROVIDERS[spec.provider]} ${spec.release})` : '';
      return `${name}${release}${name === mesh.defaultRevision ? ', the default' : ''}`;
    });
    context.stdout(`mesh ${mesh.name}: revisions ${revisions.join('; ')}${tags === '' ? '' : `; tags ${tags}`}\n`);
  }
  for (const cluster of snapshot.clusters.values()) {
    context.stdout(`cluster ${cluster.name}: ${cluster.namespaces.size} namespaces, ${cluster.nodes.length} nodes\n`);
  }
  context.stdout(`serve it with: meshgate serve --source ${folder}\n`);
  return hasFindings ? EXIT_FINDINGS : EXIT_OK;
}
