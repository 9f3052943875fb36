/** `meshgate import linkerd`: makes a policy folder of what a cluster, its objects in files, or Helm values say about Linkerd's injection. */
import type { Command } from 'commander';
import type { JsonObject, JsonValue } from '../../workers/template/value.ts';
import type { LinkerdControlPlane } from '../linkerd/control-plane.ts';
import { CommandError, finishWith } from './command-error.ts';
import type { CommandContext } from './context.ts';
import { readInput, shown } from './files.ts';

interface ImportFlags {
  readonly output: string;
  readonly mesh: string;
  readonly cluster: string;
  readonly linkerdNamespace?: string;
  readonly live?: boolean;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly values?: string;
  readonly helmValues?: readonly string[];
  readonly trustAnchors?: string;
  readonly revision?: string;
  readonly release?: string;
  readonly force?: boolean;
}

/** Adds `import linkerd`. Exit codes: 0 fine, 1 something is missing or does not compile, 2 wrong use, 3 it could not run. */
export function registerImportLinkerd(program: Command, context: CommandContext): void {
  const parent = program.commands.find((command) => command.name() === 'import') ?? program.command('import');
  parent
    .command('linkerd')
    .description("from Linkerd's ConfigMaps or Helm values, its webhook, namespaces and owners; then check the result")
    .argument('[files...]', 'objects as kubectl prints them, YAML or JSON; - for standard input')
    .requiredOption('-o, --output <folder>', 'folder to write')
    .option('--mesh <name>', 'name of the mesh', 'linkerd')
    .option('--cluster <name>', 'name of the cluster', 'cluster')
    .option('-L, --linkerd-namespace <name>', 'namespace of the control plane; that of linkerd-config when left out')
    .option('--live', 'read the cluster of the current kubeconfig')
    .option('--kubeconfig <file>', 'read the cluster of this kubeconfig')
    .option('--context <name>', 'context of the kubeconfig')
    .option('--values <file>', 'values without a ConfigMap, complete: helm get values RELEASE --all -o yaml')
    .option('--helm-values <files...>', "your own values, each over the ones before and all over the chart's defaults")
    .option('--trust-anchors <file>', 'PEM, or the ConfigMap linkerd-identity-trust-roots')
    .option('-r, --revision <name>', 'name of the revision; linkerdVersion when left out')
    .option('--release <version>', "line or edge whose injector's behaviour and defaults count, such as 2.19")
    .option('--force', 'overwrite files that are there')
    .action((files: string[], flags: ImportFlags) => finishWith(context, () => importLinkerd(files, flags, context)));
}

async function importLinkerd(files: readonly string[], flags: ImportFlags, context: CommandContext): Promise<number> {
  const { missingParts } = await import('../linkerd/control-plane.ts');
  const { withoutPrivateKeys } = await import('../linkerd/secrets.ts');
  const { linkerdPolicyFolder } = await import('../linkerd/policy-folder.ts');
  const { clusterOfObjects } = await import('../manifests/cluster-objects.ts');
  const { report, writeFolder } = await import('./import.ts');
  const objects = await readAll(files, flags, context);
  const plane = await withGivenTexts(objects, flags);
  for (const finding of plane.findings) context.stderr(`warning: ${finding}\n`);
  const { values, trustAnchors } = plane;
  if (values === undefined || trustAnchors === undefined) {
    throw new CommandError(
      'CONFIGURATION_INVALID',
      `there is nothing to import without ${missingParts(plane).join(', and ')}`,
    );
  }
  const { values: clean, removed } = withoutPrivateKeys(values);
  if (removed.length > 0) context.stderr(`warning: private keys are left out: ${removed.join(', ')}\n`);
  const name = await revisionName(clean, flags);
  await checkNames([name, flags.mesh, flags.cluster]);
  const parts = {
    name,
    values: clean,
    valuesComment: COMMENTS[flags.helmValues === undefined ? 'cluster' : 'helm'],
    trustAnchors,
    controlPlaneNamespace: plane.namespace,
    release: await releaseOf(clean, plane, flags),
    injectorVersion: plane.injectorVersion,
  };
  const { onError, ignoredNamespaces } = plane;
  const options = { mesh: flags.mesh, cluster: flags.cluster, onError, ignoredNamespaces };
  await writeFolder(flags, linkerdPolicyFolder(parts, clusterOfObjects(objects), options));
  return report(flags.output, context, plane.findings.length > 0);
}

const COMMENTS = {
  cluster:
    'The files beside this one are the texts of ConfigMaps linkerd-config and linkerd-identity-trust-roots, as they are.',
  helm: "values.yaml beside this file: your own Helm values over the chart's defaults, as far as they show in pods.",
} as const;

async function readAll(files: readonly string[], flags: ImportFlags, context: CommandContext): Promise<JsonObject[]> {
  const { ManifestError } = await import('../manifests/documents.ts');
  const { readObjects } = await import('../manifests/objects.ts');
  const live = flags.live === true || flags.kubeconfig !== undefined || flags.context !== undefined;
  if (files.length === 0 && !live && flags.values === undefined && flags.helmValues === undefined) {
    const ways = 'name files with objects or values, or read a cluster with --live or --kubeconfig';
    throw new CommandError('FLAGS_INVALID', ways);
  }
  const objects: JsonObject[] = [];
  for (const file of files) {
    const text = await readInput(file);
    try {
      objects.push(...readObjects(text));
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      throw new CommandError('MANIFEST_INVALID', `${shown(file)}: ${error.message}`);
    }
  }
  if (live) objects.push(...(await readLive(flags, context)));
  return objects;
}

async function readLive(flags: ImportFlags, { stderr }: CommandContext): Promise<readonly JsonObject[]> {
  const { importQueries, readClusterObjects } = await import('../cluster/read-objects.ts');
  const { DEFAULT_NAMESPACE } = await import('../linkerd/configuration.ts');
  const { linkerdNamespace: namespace = DEFAULT_NAMESPACE } = flags;
  const { kubeconfig = null, context = null } = flags;
  const { objects, findings } = await readClusterObjects(
    { kubeconfig, context },
    importQueries(namespace, 'linkerd.io/control-plane-component=proxy-injector'),
  );
  for (const finding of findings) stderr(`warning: ${finding}\n`);
  return objects;
}

/** What the objects tell, with the texts that the flags name in the place of theirs. */
async function withGivenTexts(objects: readonly JsonObject[], flags: ImportFlags): Promise<LinkerdControlPlane> {
  const { findLinkerd } = await import('../linkerd/control-plane.ts');
  const { anchorsInValues, LinkerdConfigurationError, readAnchorsText, readValuesText } = await import(
    '../linkerd/configuration.ts'
  );
  const plane = findLinkerd(objects, flags.linkerdNamespace);
  if (flags.values !== undefined && flags.helmValues !== undefined) {
    throw new CommandError('FLAGS_INVALID', '--values and --helm-values exclude each other');
  }
  const file = async (name: string) => ({ name, text: await readInput(name) });
  try {
    const given =
      flags.helmValues !== undefined
        ? await helmValues(flags.helmValues, flags.release)
        : flags.values !== undefined
          ? readValuesText(await file(flags.values))
          : undefined;
    const values = given ?? plane.values;
    const anchors =
      flags.trustAnchors !== undefined
        ? readAnchorsText(await file(flags.trustAnchors))
        : (plane.trustAnchors ?? (values === undefined ? undefined : anchorsInValues(values)));
    return { ...plane, values, trustAnchors: anchors, findings: given === undefined ? plane.findings : [] };
  } catch (error) {
    if (error instanceof LinkerdConfigurationError) throw new CommandError('CONFIGURATION_INVALID', error.message);
    throw error;
  }
}

/** The user's own values over the chart's defaults. Throws CommandError. */
async function helmValues(names: readonly string[], release: string | undefined): Promise<string> {
  const { chartDefaults } = await import('../linkerd/chart-defaults.ts');
  const { mergeHelmValues } = await import('../linkerd/helm-values.ts');
  const { marshalYaml } = await import('../../workers/yaml/marshal.ts');
  const { readLinkerdRelease } = await import('../../workers/inject/linkerd/releases.ts');
  let own: JsonObject = {};
  for (const name of names) own = mergeHelmValues(own, await readMapping(name));
  const { linkerdVersion } = own;
  const told = release ?? (typeof linkerdVersion === 'string' ? linkerdVersion : undefined);
  const known = told === undefined ? undefined : readLinkerdRelease(told);
  if (known === undefined) {
    const missing = 'whose defaults the values stand on: --release, such as 2.19 or edge-25.10.7';
    throw new CommandError('FLAGS_INVALID', `say ${missing}`);
  }
  return marshalYaml(mergeHelmValues(chartDefaults({ ...known.place, name: known.name }), own));
}

async function readMapping(name: string): Promise<JsonObject> {
  const { parseYaml } = await import('../../workers/yaml/parse.ts');
  const { YamlError } = await import('../../workers/yaml/error.ts');
  const { isJsonObject } = await import('../../workers/template/value.ts');
  let value: JsonValue;
  try {
    value = parseYaml(await readInput(name));
  } catch (error) {
    if (error instanceof YamlError) throw new CommandError('CONFIGURATION_INVALID', `${shown(name)}: ${error.message}`);
    throw error;
  }
  if (value === null) return {};
  if (isJsonObject(value)) return value;
  throw new CommandError('CONFIGURATION_INVALID', `${shown(name)} holds no values, which are a mapping`);
}

const FALLBACK_NAME = 'default';

async function revisionName(values: string, { revision }: ImportFlags): Promise<string> {
  if (revision !== undefined) return revision;
  const { isPolicyName } = await import('../istio/policy-folder.ts');
  const version = await linkerdVersion(values);
  return isPolicyName(version) ? version : FALLBACK_NAME;
}

/**
 * Whose injector's behaviour counts: as the flags say, as the injector's own image says, as the values say; undefined where none of
 * them names a release, which the check of the folder then tells.
 */
async function releaseOf(
  values: string,
  { injectorVersion }: LinkerdControlPlane,
  { release }: ImportFlags,
): Promise<string | undefined> {
  if (release !== undefined) return release;
  const { readLinkerdRelease } = await import('../../workers/inject/linkerd/releases.ts');
  const told = [injectorVersion ?? '', await linkerdVersion(values)];
  return told.find((version) => readLinkerdRelease(version) !== undefined);
}

/** `linkerdVersion` of the values; '' where they have none. */
async function linkerdVersion(values: string): Promise<string> {
  const { parseYaml } = await import('../../workers/yaml/parse.ts');
  try {
    const { linkerdVersion: version } = (parseYaml(values) ?? {}) as { linkerdVersion?: unknown };
    return typeof version === 'string' ? version : '';
  } catch {
    // The check of the folder says what is wrong with the values.
    return '';
  }
}

async function checkNames(names: readonly string[]): Promise<void> {
  const { isPolicyName } = await import('../istio/policy-folder.ts');
  const wrong = names.find((name) => !isPolicyName(name));
  if (wrong === undefined) return;
  throw new CommandError('FLAGS_INVALID', `${JSON.stringify(wrong)} can not be a name in policy files`);
}
