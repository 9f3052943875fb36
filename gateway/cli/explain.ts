/** `meshgate explain`: why a pod is injected or not, step by step. */
import { type Command, Option } from 'commander';
import type { ClusterContext } from '../../workers/protocol.ts';
import type { Arrival, Explanation } from '../explain/explanation.ts';
import type { Subject } from '../explain/subjects.ts';
import { WEBHOOK_PREFIXES, type WebhookPrefix } from '../istio/webhooks.ts';
import type { Destination } from '../manifests/trial.ts';
import { CommandError, finishWith } from './command-error.ts';
import { type CommandContext, EXIT_FINDINGS, EXIT_OK } from './context.ts';
import { readInput, shown } from './files.ts';
import { addInjectionFlags, type InjectionFlags, wayOf } from './injection-flags.ts';
import { addLinkerdSourceFlags, type LinkerdSourceFlags } from './linkerd-flags.ts';
import type { ChooseInSource } from './source-destination.ts';

interface ExplainFlags extends InjectionFlags, LinkerdSourceFlags {
  readonly requestPath?: string;
  readonly namespaceLabels?: string;
  readonly namespaceAnnotations?: string;
  readonly webhook?: WebhookPrefix | 'all' | 'none';
  readonly json?: boolean;
}

/** Adds `explain`. Exit codes: 0 explained, 1 a pod is denied or a file is wrong, 2 wrong use, 3 it could not run. */
export function registerExplain(program: Command, context: CommandContext): void {
  const command = program
    .command('explain')
    .description('tell step by step why pods are injected or not')
    .argument('<file>', 'pods, workloads, or a recorded AdmissionReview, YAML or JSON; - for standard input');
  addLinkerdSourceFlags(addInjectionFlags(command))
    .optionsGroup('Explanation:')
    .option('--request-path <path>', "the request's URL path, such as /inject/cluster/C/net/N, instead of --mesh")
    .option('--namespace-labels <key=value,…>', "the namespace's labels, instead of the cluster's")
    .option('--namespace-annotations <key=value,…>', "the namespace's annotations, instead of the cluster's")
    .addOption(
      new Option(
        '--webhook <name>',
        "which of Istio's webhooks are looked at; for a recorded review none, else all",
      ).choices([...WEBHOOK_PREFIXES, 'all', 'none']),
    )
    .option('--json', 'print a JSON list')
    .action((file: string, flags: ExplainFlags) => finishWith(context, () => explain(file, flags, context)));
}

async function explain(file: string, flags: ExplainFlags, context: CommandContext): Promise<number> {
  const { explainReview } = await import('../explain/explanation.ts');
  const { explanationText, releasesText } = await import('../explain/text.ts');
  const { contextOf } = await import('../manifests/trial.ts');
  const choose = await choiceOf(flags, context);
  const explanations: Explanation[] = [];
  for (const subject of await subjectsOf(file, flags)) {
    const { review, name } = subject;
    const namespace = namespaceFor(flags, contextOf(choose(review).destination, review).namespace);
    const { destination, routing } = choose(review, namespace.override.namespace);
    const arrival = { ...arrivalOf(flags, subject, namespace), ...(routing === null ? {} : { routing }) };
    explanations.push(explainReview({ ...destination, ...namespace.override }, review, name, arrival));
  }
  if (flags.json === true) context.stdout(`${JSON.stringify(explanations, null, 2)}\n`);
  else
    context.stdout(
      [releasesText(explanations), ...explanations.map(explanationText)].filter((text) => text !== '').join('\n'),
    );
  const refused = explanations.some(({ verdict }) => verdict.kind === 'denied' || verdict.kind === 'failed');
  return refused ? EXIT_FINDINGS : EXIT_OK;
}

async function subjectsOf(file: string, flags: ExplainFlags): Promise<Subject[]> {
  const { ManifestError } = await import('../manifests/documents.ts');
  const { readSubjects } = await import('../explain/subjects.ts');
  const text = await readInput(file);
  try {
    const subjects = readSubjects(text, flags.namespace ?? '');
    if (subjects.length > 0) return subjects;
  } catch (error) {
    if (error instanceof ManifestError) throw new CommandError('MANIFEST_INVALID', `${shown(file)}: ${error.message}`);
    throw error;
  }
  throw new CommandError('MANIFEST_INVALID', `${shown(file)} holds no pod, no workload and no AdmissionReview`);
}

async function choiceOf(flags: ExplainFlags, context: CommandContext): Promise<ChooseInSource> {
  const { linkerdFilesDestination, namesLinkerdFiles } = await import('./linkerd-setup.ts');
  const named = (destination: Destination) => () => ({ destination, routing: null });
  if (namesLinkerdFiles(flags)) return named(await linkerdFilesDestination(flags));
  const { filesDestination } = await import('./injection-setup.ts');
  if (wayOf(flags) === 'files') return named(await filesDestination(flags, flags.requestPath));
  const { loadChoice } = await import('./source-destination.ts');
  return loadChoice(flags, context, flags.requestPath);
}

interface KnownNamespace {
  readonly labels: Readonly<Record<string, string>> | null;
  readonly override: { readonly namespace?: ClusterContext['namespace'] };
}

/** What the flags say about the namespace comes before what the cluster does. */
function namespaceFor(flags: ExplainFlags, known: ClusterContext['namespace']): KnownNamespace {
  const { namespaceLabels, namespaceAnnotations } = flags;
  if (namespaceLabels === undefined && namespaceAnnotations === undefined) {
    return { labels: known?.labels ?? null, override: {} };
  }
  const labels = namespaceLabels === undefined ? (known?.labels ?? {}) : pairsOf('namespace-labels', namespaceLabels);
  const annotations =
    namespaceAnnotations === undefined
      ? (known?.annotations ?? {})
      : pairsOf('namespace-annotations', namespaceAnnotations);
  return { labels, override: { namespace: { labels, annotations } } };
}

/** `a=b,c=d`. Throws CommandError FLAGS_INVALID. */
function pairsOf(flag: string, text: string): Record<string, string> {
  const pairs = text.split(',').filter((pair) => pair !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf('=');
      if (equals <= 0) throw new CommandError('FLAGS_INVALID', `--${flag} wants KEY=VALUE,…, not ${pair}`);
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
}

function arrivalOf({ webhook }: ExplainFlags, { recorded }: Subject, { labels }: KnownNamespace): Arrival {
  const chosen = webhook ?? (recorded ? 'none' : 'all');
  const webhooks = chosen === 'none' ? [] : chosen === 'all' ? WEBHOOKS_IN_USE : [chosen];
  return { namespaceLabels: labels, webhooks };
}

/** `auto` is there only where somebody has turned it on, so it has to be asked for. */
const WEBHOOKS_IN_USE: readonly WebhookPrefix[] = WEBHOOK_PREFIXES.filter((prefix) => prefix !== 'auto');
