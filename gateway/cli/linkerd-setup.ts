/** What the flags say about a Linkerd revision: its specification, from files or from a policy source. */
import type { LinkerdRevisionSpec } from '../../workers/protocol.ts';
import type { Destination } from '../manifests/trial.ts';
import type { Mesh } from '../snapshot.ts';
import { CommandError } from './command-error.ts';
import type { CommandContext } from './context.ts';
import { readInput } from './files.ts';
import { type InjectionFlags, wayOf } from './injection-flags.ts';
import type { LinkerdSourceFlags } from './linkerd-flags.ts';

type Flags = InjectionFlags & LinkerdSourceFlags;

/** Whether the flags ask for Linkerd without a policy source. Throws CommandError FLAGS_INVALID where they contradict each other. */
export function namesLinkerdFiles(flags: Flags): boolean {
  const own = flags.values !== undefined || flags.trustAnchors !== undefined;
  if (flags.provider === 'istio' && own) {
    throw new CommandError('FLAGS_INVALID', '--values and --trust-anchors are for --provider linkerd');
  }
  if (flags.source !== undefined) {
    if (own) throw new CommandError('FLAGS_INVALID', '--source and --values exclude each other');
    return false;
  }
  return own || flags.provider === 'linkerd';
}

/** Stands where nothing is injected that would show trust anchors. */
const NO_ANCHORS = 'none were given';

/** The revision that is given as files; `needsAnchors`: whether it has to have trust anchors. Throws CommandError. */
export async function linkerdFilesSpec(flags: Flags, needsAnchors = true): Promise<LinkerdRevisionSpec> {
  if (flags.values === undefined) {
    throw new CommandError('FLAGS_INVALID', 'name what to inject with: --values and --trust-anchors, or --source');
  }
  for (const name of ['mesh', 'path'] as const) {
    if (flags[name] !== undefined) throw new CommandError('FLAGS_INVALID', `--${name} needs --source`);
  }
  const { LinkerdConfigurationError, readLinkerdTexts, DEFAULT_NAMESPACE } = await import(
    '../linkerd/configuration.ts'
  );
  const named = async (name: string) => ({ name, text: await readInput(name) });
  const values = await named(flags.values);
  const given = flags.trustAnchors === undefined ? undefined : await named(flags.trustAnchors);
  const anchors = given ?? (needsAnchors ? undefined : { name: '', text: NO_ANCHORS });
  try {
    const { values: text, trustAnchors, namespace } = readLinkerdTexts(values, anchors);
    return {
      provider: 'linkerd',
      values: text,
      trustAnchors,
      controlPlaneNamespace: namespaceFlag(flags) ?? namespace ?? DEFAULT_NAMESPACE,
      ...(flags.release === undefined ? {} : { release: flags.release }),
    };
  } catch (error) {
    if (error instanceof LinkerdConfigurationError) throw new CommandError('CONFIGURATION_INVALID', error.message);
    throw error;
  }
}

function namespaceFlag({ controlPlaneNamespace, linkerdNamespace }: LinkerdSourceFlags): string | undefined {
  return controlPlaneNamespace ?? linkerdNamespace;
}

/** A source's revision with what the flags say about it instead. */
export function linkerdSourceSpec(spec: LinkerdRevisionSpec, flags: Flags): LinkerdRevisionSpec {
  const namespace = namespaceFlag(flags);
  return {
    ...spec,
    ...(namespace === undefined ? {} : { controlPlaneNamespace: namespace }),
    ...(flags.release === undefined ? {} : { release: flags.release }),
  };
}

/**
 * The Linkerd revision that the flags lead to; null where they lead to another provider's. Throws CommandError, or SourceError for a
 * source that can not be read.
 */
export async function linkerdSpec(
  flags: Flags & { readonly manual?: boolean },
  context: CommandContext,
): Promise<LinkerdRevisionSpec | null> {
  if (namesLinkerdFiles(flags)) return linkerdFilesSpec(flags, flags.manual === true);
  if (flags.source === undefined) return null;
  // What contradicts itself is told before anything is read.
  wayOf(flags);
  const { loadRoute } = await import('./injection-setup.ts');
  const { mesh, revision } = await loadRoute(flags, context);
  const { spec } = revision;
  if (spec.provider === 'linkerd') {
    if (flags.weight !== undefined || flags.state !== undefined) {
      throw new CommandError(
        'FLAGS_INVALID',
        "Linkerd's inject takes one revision for all: leave out --weight and --state",
      );
    }
    return linkerdSourceSpec(spec, flags);
  }
  if (flags.provider === 'linkerd') {
    throw new CommandError('FLAGS_INVALID', `mesh ${mesh.name} is ${spec.provider}'s, not Linkerd's`);
  }
  return null;
}

/** Whether the flags are about a Linkerd mesh. Throws like `linkerdSpec`. */
export async function isLinkerd(flags: Flags, context: CommandContext): Promise<boolean> {
  return namesLinkerdFiles(flags) || (await linkerdSpec(flags, context)) !== null;
}

/** Where reviews go for a revision that is given as files: a mesh of its own. Throws CommandError. */
export async function linkerdFilesDestination(flags: Flags): Promise<Destination> {
  const { compileRevision } = await import('../../workers/inject/compile.ts');
  const { coded, readCluster } = await import('./injection-setup.ts');
  const { ClusterView } = await import('../routing/cluster.ts');
  const spec = await linkerdFilesSpec(flags);
  const name = flags.revision ?? 'default';
  const source = { digest: 'files', mesh: '', name, spec };
  const mesh: Mesh = {
    name: '',
    provider: 'linkerd',
    paths: [],
    defaultRevision: name,
    tags: new Map(),
    onError: 'Fail',
    ignoredNamespaces: [],
    deadlineReserveMs: 0,
    share: 1,
    revisionLabel: 'meshgate.dev/rev',
    unknownRevision: 'Default',
    vcluster: 'Allow',
    nativeSidecars: 'Auto',
    cluster: null,
    revisions: new Map([[name, source]]),
  };
  const cluster = await readCluster(flags);
  return {
    mesh,
    revision: coded(() => compileRevision(source)),
    params: {},
    cluster: cluster === null ? null : new ClusterView(cluster),
  };
}
