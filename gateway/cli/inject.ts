/** `meshgate inject`: injects the workloads in a file of resources, as `istioctl kube-inject` and `linkerd inject` do, or as a policy source says. */
import type { Command } from 'commander';
import type { NamedOutcome, ResourceOutcome } from '../../workers/inject/workload.ts';
import type { JsonObject } from '../../workers/template/value.ts';
import type { OutputFormat, Rewritten } from '../manifests/rewrite.ts';
import { CommandError, finishWith } from './command-error.ts';
import { type CommandContext, EXIT_FINDINGS, EXIT_OK } from './context.ts';
import { readInput, shown, writeOutput } from './files.ts';
import { addInjectionFlags, type InjectionFlags, wayOf } from './injection-flags.ts';
import { addLinkerdInjectFlags, type LinkerdInjectFlags } from './linkerd-flags.ts';

export interface RewriteFlags {
  readonly filename: string;
  readonly output?: string;
}

/** Adds `inject`. Exit codes: 0 fine, 1 a workload is denied or a file is wrong, 2 wrong use, 3 it could not run. */
export function registerInject(program: Command, context: CommandContext): void {
  const command = program
    .command('inject')
    .description('inject the workloads in a file of Kubernetes resources; everything else stays as it is');
  addLinkerdInjectFlags(addRewriteFlags(addInjectionFlags(command))).action(
    (flags: LinkerdInjectFlags & RewriteFlags) =>
      finishWith(context, async () => {
        const { linkerdSpec } = await import('./linkerd-setup.ts');
        const linkerd = await linkerdSpec(flags, context);
        if (linkerd !== null) {
          const { injectLinkerd } = await import('./linkerd-inject.ts');
          return injectLinkerd(linkerd, flags, context);
        }
        const change = await injectorOf(flags, context);
        return rewriteFile(flags, context, change);
      }),
  );
}

/** Adds the flags for the file that goes in and the one that comes out. */
export function addRewriteFlags(command: Command): Command {
  return command
    .requiredOption('-f, --filename <file>', 'file of resources, YAML or JSON; - for standard input')
    .option('-o, --output <file>', 'file to write instead of standard output; or just json or yaml, for the format');
}

/** What injects a resource, by the flags. Throws CommandError. */
export async function injectorOf(
  flags: InjectionFlags,
  context: CommandContext,
): Promise<(resource: JsonObject) => ResourceOutcome> {
  return wayOf(flags) === 'files' ? kubeInjector(flags, context) : sourceInjector(flags, context);
}

async function kubeInjector(
  flags: InjectionFlags,
  context: CommandContext,
): Promise<(resource: JsonObject) => ResourceOutcome> {
  const { coded, readCluster, readTexts, specOfTexts } = await import('./injection-setup.ts');
  const { asInjectConfig } = await import('../istio/configuration.ts');
  const { namespaceContext } = await import('../manifests/cluster-file.ts');
  const { compileKubeInject, injectResource } = await import('../../workers/inject/istio/kube-inject.ts');
  const texts = await readTexts(flags);
  const cluster = await readCluster(flags);
  const spec = specOfTexts({ ...texts, injectConfig: asInjectConfig(texts.injectConfig) }, flags);
  const revision = coded(() => compileKubeInject(spec));
  for (const { field, message, code } of revision.warnings) context.stderr(`warning: ${field}: ${message} [${code}]\n`);
  return (resource) =>
    injectResource(revision, resource, (namespace) => namespaceContext(cluster, namespace || (flags.namespace ?? '')));
}

async function sourceInjector(
  flags: InjectionFlags,
  context: CommandContext,
): Promise<(resource: JsonObject) => ResourceOutcome> {
  const { loadChoice } = await import('./source-destination.ts');
  const { injectCreated } = await import('../manifests/trial.ts');
  const choose = await loadChoice(flags, context);
  const warned = new Set<string>();
  const destinationOf = (review: string) => {
    const { destination, routing } = choose(review);
    const { denial = null, warning = null } = routing ?? {};
    if (warning !== null && !warned.has(warning)) context.stderr(`warning: ${warning}\n`);
    if (warning !== null) warned.add(warning);
    return denial === null ? destination : { denial };
  };
  return (resource) => injectCreated(destinationOf, resource, flags.namespace ?? '');
}

const FORMATS: ReadonlySet<string> = new Set(['json', 'yaml'] satisfies OutputFormat[]);

/** Reads, changes and writes the file; nothing is written when a workload is refused. Resolves with the exit code. */
export async function rewriteFile(
  { filename, output }: RewriteFlags,
  context: CommandContext,
  change: (resource: JsonObject) => ResourceOutcome,
): Promise<number> {
  const { ManifestError } = await import('../manifests/documents.ts');
  const { rewriteManifests } = await import('../manifests/rewrite.ts');
  const format = output !== undefined && FORMATS.has(output) ? (output as OutputFormat) : 'as-is';
  const input = await readInput(filename);
  let result: Rewritten;
  try {
    result = rewriteManifests(input, change, format);
  } catch (error) {
    if (error instanceof ManifestError)
      throw new CommandError('MANIFEST_INVALID', `${shown(filename)}: ${error.message}`);
    throw error;
  }
  for (const skipped of result.skipped)
    context.stderr(`===> Skipping injection because ${subject(skipped)} ${why(skipped)}\n`);
  if (result.denied.length > 0) {
    for (const denied of result.denied) {
      context.stderr(`meshgate: ${denied.kind} "${denied.name}" is denied: ${denied.message} [${denied.code}]\n`);
    }
    return EXIT_FINDINGS;
  }
  if (output === undefined || format !== 'as-is') context.stdout(result.text);
  else await writeOutput(output, result.text);
  return EXIT_OK;
}

function subject({ kind, name }: NamedOutcome): string {
  return `${kind} "${name}"`;
}

/** In istioctl's words where it has some. */
function why({ code, message }: NamedOutcome): string {
  switch (code) {
    case 'HOST_NETWORK':
      return 'has host networking enabled';
    case 'INJECT_LABEL_FALSE':
    case 'INJECT_ANNOTATION_FALSE':
      return 'has sidecar injection disabled';
    default:
      return `is left alone: ${message}`;
  }
}
