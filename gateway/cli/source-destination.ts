/** Where reviews go in a policy source: to the revision that is named, or to the one that labels and rollouts choose, as in a gateway. */
import type { CompiledRevision } from '../../workers/inject/provider.ts';
import type { ClusterContext, RevisionSource } from '../../workers/protocol.ts';
import { type Routing, RoutingGuide, rolloutOf } from '../explain/routing.ts';
import type { Destination } from '../manifests/trial.ts';
import type { Assignment } from '../rollout/assignment.ts';
import type { RolloutDescription } from '../rollout/describe.ts';
import { isPromoted } from '../rollout/state.ts';
import type { ClusterView } from '../routing/cluster.ts';
import type { Surroundings } from '../routing/revision-choice.ts';
import type { Mesh, Snapshot } from '../snapshot.ts';
import { CommandError } from './command-error.ts';
import type { CommandContext } from './context.ts';
import { type InjectionFlags, nativeSidecarsOf } from './injection-flags.ts';
import { coded, loadRoute, readCluster } from './injection-setup.ts';

export interface ChosenDestination {
  readonly destination: Destination;
  /** Null: the revision was named. */
  readonly routing: Routing | null;
}

/** @param namespace what is known about the pod's namespace, instead of what the cluster knows. */
export type ChooseInSource = (review: string, namespace?: ClusterContext['namespace']) => ChosenDestination;

/** Throws CommandError, SourceError for a source that can not be read, and GatewayError for a gateway that is not there. */
export async function loadChoice(
  flags: InjectionFlags,
  context: CommandContext,
  requestPath?: string,
): Promise<ChooseInSource> {
  const { compileRevision } = await import('../../workers/inject/compile.ts');
  const { ClusterView, chooseCluster } = await import('../routing/cluster.ts');
  const { snapshot, mesh, revision, params, explicit } = await loadRoute(flags, context, requestPath);
  const policies = await compilePolicies(snapshot);
  const known = (await readCluster(flags)) ?? chooseCluster(snapshot, mesh, params);
  const cluster = known === null ? null : new ClusterView(known);
  const compiled = new Map<string, CompiledRevision>();
  const destinationOf = (ofMesh: Mesh, source: RevisionSource): Destination => {
    const done = compiled.get(source.digest) ?? coded(() => compileRevision(overridden(source, flags)));
    compiled.set(source.digest, done);
    return { mesh: ofMesh, revision: done, params, cluster, ...policies };
  };
  // What is wrong with the default is told without a review too.
  const destination = destinationOf(mesh, revision);
  const assignments = await assignmentsOf(snapshot, mesh, explicit, flags, context);
  if (explicit) return () => ({ destination, routing: null });
  const guide = new RoutingGuide(snapshot, mesh, assignments);
  return (review, namespace) => {
    const routing = guide.choose(review, surroundings(cluster, namespace));
    return { destination: destinationOf(routing.mesh, routing.revision), routing };
  };
}

function surroundings(
  cluster: ClusterView | null,
  namespace: ClusterContext['namespace'] | undefined,
): Surroundings | null {
  if (namespace === undefined) return cluster;
  return {
    namespaceLabels: () => namespace?.labels,
    namespace: () => namespace,
    owner: (kind, where, name) => cluster?.owner(kind, where, name),
  };
}

/** How far the rollouts are, by --weight or a running gateway. */
async function assignmentsOf(
  snapshot: Snapshot,
  mesh: Mesh,
  explicit: boolean,
  flags: InjectionFlags,
  context: CommandContext,
): Promise<readonly Assignment[]> {
  const { weight, state } = flags;
  if (weight === undefined && state === undefined) return [];
  if (weight !== undefined && state !== undefined) throw invalid('--weight and --state exclude each other');
  if (explicit) throw invalid('where the revision is named, no rollout has a say: leave out --weight and --state');
  if (weight === undefined) return runningAssignments(snapshot, state, context);
  const percent = /^\d+(\.\d+)?$/.test(weight) ? Number(weight) : Number.NaN;
  if (!(percent <= 100)) throw invalid(`--weight wants a percentage from 0 to 100, not ${weight}`);
  const rollout = rolloutOf(snapshot, mesh);
  if (rollout === null)
    throw invalid(`no rollout leaves revision ${mesh.defaultRevision}, the default of mesh ${mesh.name}`);
  return [{ rollout: rollout.name, digest: rollout.digest, weight: percent, promoted: false }];
}

async function runningAssignments(
  { rollouts }: Snapshot,
  state: string | undefined,
  context: CommandContext,
): Promise<readonly Assignment[]> {
  const { askGateway } = await import('./admin-client.ts');
  const answer = await askGateway('GET', '/api/v1/rollouts', state, context);
  const all = (answer as { readonly rollouts: readonly RolloutDescription[] }).rollouts;
  return all.flatMap(({ name: rollout, digest, canaryWeight: weight, phase }) => {
    const own = rollouts?.get(rollout);
    if (own === undefined) return [];
    if (own.digest === digest) return [{ rollout, digest, weight, promoted: isPromoted(phase) }];
    context.stderr(
      `warning: the gateway's rollout ${rollout} is that of other files: how far it is says nothing here\n`,
    );
    return [];
  });
}

async function compilePolicies({ policies }: Snapshot): Promise<Pick<Destination, 'policies'>> {
  if (policies === null) return {};
  const { CompiledPolicies } = await import('../../workers/policy/policy-set.ts');
  return { policies: new CompiledPolicies(policies) };
}

function overridden(revision: RevisionSource, flags: InjectionFlags): RevisionSource {
  const { spec } = revision;
  if (spec.provider !== 'istio') return revision;
  return {
    ...revision,
    spec: {
      ...spec,
      platform: flags.platform ?? spec.platform,
      compliancePolicy: flags.compliancePolicy ?? spec.compliancePolicy,
      nativeSidecars: nativeSidecarsOf(flags) ?? spec.nativeSidecars,
      ...(flags.release === undefined ? {} : { release: flags.release }),
    },
  };
}

function invalid(message: string): CommandError {
  return new CommandError('FLAGS_INVALID', message);
}
