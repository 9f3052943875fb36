/** `meshgate tag`: names that stand for a revision, edited in the policy files in place. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { withTag } from '../gitsync/mesh-edit.ts';
import { istioWebhooks } from '../istio/webhooks.ts';
import { problemLines } from '../report/report.ts';
import type { Mesh, Snapshot } from '../snapshot.ts';
import { CommandError, finishWith } from './command-error.ts';
import { type CommandContext, EXIT_OK } from './context.ts';
import { writeOutput } from './files.ts';

interface TagFlags {
  readonly source: string;
  readonly mesh?: string;
}

interface SetFlags extends TagFlags {
  readonly revision: string;
}

interface GenerateFlags extends TagFlags {
  readonly service: string;
  readonly caBundle?: string;
}

/** Adds `tag set|list|remove|generate`. Exit codes: 0 done, 1 the files are wrong or lack what was named, 2 wrong use, 3 it could not run. */
export function registerTag(program: Command, context: CommandContext): void {
  const tag = program.command('tag').description('tags that stand for revisions of a mesh');
  const sub = (name: string, description: string) => {
    return tag
      .command(name)
      .description(description)
      .option('--source <dir>', 'folder with the policy files', '.')
      .option('--mesh <name>', 'mesh; the only one when left out');
  };
  sub('set', 'let a tag stand for a revision')
    .argument('<tag>', 'name of the tag')
    .requiredOption('-r, --revision <name>', 'revision it stands for from now on')
    .action((name: string, flags: SetFlags) => finishWith(context, () => setTag(name, flags.revision, flags, context)));
  sub('list', 'list tags with their revisions').action((flags: TagFlags) =>
    finishWith(context, () => listTags(flags, context)),
  );
  sub('remove', 'remove a tag')
    .argument('<tag>', 'name of the tag')
    .action((name: string, flags: TagFlags) => finishWith(context, () => setTag(name, null, flags, context)));
  sub('generate', "print the webhook configuration for a tag of an Istio mesh, as istioctl's does")
    .argument('<tag>', 'name of the tag')
    .option('--service <namespace/name>', "the gateway's Service", 'meshgate/meshgate')
    .option('--ca-bundle <file>', 'PEM file with the CA that the apiserver is to trust')
    .action((name: string, flags: GenerateFlags) => finishWith(context, () => generate(name, flags, context)));
}

async function setTag(tag: string, revision: string | null, flags: TagFlags, context: CommandContext): Promise<number> {
  const { snapshot, files } = await load(flags, context);
  const mesh = meshOf(snapshot, flags.mesh);
  if (revision !== null) {
    if (mesh.revisions.has(tag)) throw invalid(`${tag} is a revision of mesh ${mesh.name}, and can not be a tag`);
    if (!mesh.revisions.has(revision)) {
      throw invalid(
        `mesh ${mesh.name} has no revision ${revision}; there are ${[...mesh.revisions.keys()].join(', ')}`,
      );
    }
  } else if (!mesh.tags.has(tag)) throw invalid(`mesh ${mesh.name} has no tag ${tag}`);
  for (const file of files) {
    const text = await readFile(file, 'utf8');
    const edited = withTag(text, mesh.name, tag, revision);
    if (edited === null) continue;
    await writeOutput(file, edited);
    const before = mesh.tags.get(tag);
    const what = revision === null ? 'removed' : `${before === undefined ? '' : `${before} → `}${revision}`;
    context.stdout(`${file}: tag ${tag} of mesh ${mesh.name}: ${what}\n`);
    return EXIT_OK;
  }
  throw invalid(`no file holds mesh ${mesh.name}`);
}

async function listTags(flags: TagFlags, context: CommandContext): Promise<number> {
  const { snapshot } = await load(flags, context);
  const meshes = flags.mesh === undefined ? [...snapshot.meshes.values()] : [meshOf(snapshot, flags.mesh)];
  const rows = meshes.flatMap(({ name, tags }) => [...tags].map(([tag, revision]) => [tag, revision, name] as const));
  const table = [['TAG', 'REVISION', 'MESH'] as const, ...rows];
  const widths = [0, 1].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  for (const [tag, revision, mesh] of table) {
    context.stdout(`${tag.padEnd(widths[0] ?? 0)}  ${revision.padEnd(widths[1] ?? 0)}  ${mesh}\n`);
  }
  return EXIT_OK;
}

/**
 * The configuration that `istioctl tag generate` prints: the webhooks `rev.namespace` and `rev.object` for the tag, and for the tag
 * `default` those for pods without a revision. The path names the tag, so that moving it needs no new configuration.
 */
async function generate(tag: string, flags: GenerateFlags, context: CommandContext): Promise<number> {
  const { snapshot } = await load(flags, context);
  const mesh = meshOf(snapshot, flags.mesh);
  if (mesh.provider !== 'istio') throw invalid(`mesh ${mesh.name} is of ${mesh.provider}, whose webhooks have no tags`);
  const revision = mesh.tags.get(tag);
  if (revision === undefined) throw invalid(`mesh ${mesh.name} has no tag ${tag}`);
  const [namespace, name] = flags.service.split('/');
  if (!namespace || !name)
    throw new CommandError('FLAGS_INVALID', `--service wants NAMESPACE/NAME, not ${flags.service}`);
  const caBundle = flags.caBundle === undefined ? null : (await readCa(flags.caBundle)).toString('base64');
  const service = { name, namespace, path: `/inject/mesh/${mesh.name}/rev/${tag}`, port: 443 };
  const webhooks = istioWebhooks([tag], tag === 'default')
    .filter(({ prefix }) => prefix !== 'auto')
    .map((webhook) => ({
      name: webhook.name,
      admissionReviewVersions: ['v1'],
      clientConfig: { service, ...(caBundle === null ? {} : { caBundle }) },
      failurePolicy: 'Fail',
      sideEffects: 'None',
      reinvocationPolicy: 'Never',
      rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      namespaceSelector: { matchExpressions: webhook.namespaceSelector },
      objectSelector: { matchExpressions: webhook.objectSelector },
    }));
  const labels = { app: 'sidecar-injector', 'istio.io/rev': revision, 'istio.io/tag': tag };
  const { stringify } = await import('yaml');
  const configuration = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: `istio-revision-tag-${tag}`, labels },
    webhooks,
  };
  context.stdout(stringify(configuration, { aliasDuplicateObjects: false, lineWidth: 0 }));
  return EXIT_OK;
}

async function readCa(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new CommandError('FILE_UNREADABLE', `${file} can not be read`, { cause: error });
  }
}

async function load(
  { source }: TagFlags,
  { environment, stderr }: CommandContext,
): Promise<{ snapshot: Snapshot; files: readonly string[] }> {
  const { checkSource } = await import('../gitsync/check.ts');
  const { createFolder } = await import('../gitsync/folder.ts');
  const { snapshot, problems } = await checkSource({ source, compile: async () => [], environment });
  if (snapshot === null) {
    stderr(problemLines(problems));
    throw invalid('the policy files have problems');
  }
  const { signal } = new AbortController();
  const tree = await (await createFolder({ directory: source, path: '' }).resolve(signal)).load(signal);
  const names = [...tree.files.keys()].filter((name) => /\.ya?ml$/.test(name));
  return { snapshot, files: names.map((name) => join(source, name)) };
}

function meshOf({ meshes }: Snapshot, name: string | undefined): Mesh {
  const names = [...meshes.keys()].sort().join(', ');
  const [only, another] = meshes.values();
  const mesh = name === undefined ? (another === undefined ? only : undefined) : meshes.get(name);
  if (mesh !== undefined) return mesh;
  if (name === undefined) throw new CommandError('FLAGS_INVALID', `name the mesh with --mesh (${names})`);
  throw invalid(`there is no mesh ${name}; there are ${names}`);
}

function invalid(message: string): CommandError {
  return new CommandError('SOURCE_INVALID', message);
}
