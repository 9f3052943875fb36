/** What can be wrong between documents: references to each other, tags, URL paths. */
import type { Problem } from '../snapshot.ts';
import { suggestion } from './nearest.ts';
import { fieldProblem, type PolicyDocument } from './policy-file.ts';
import {
  definesCluster,
  definesMesh,
  definesRevision,
  type Placed,
  type PolicySet,
  revisionsOf,
} from './policy-set.ts';
import type { ProblemCode } from './problem.ts';
import { providerOf } from './revision-source.ts';
import type { FieldPath } from './yaml-document.ts';

/** Everything that is wrong between documents; what is wrong within one is known before. Paths are shown after `prefix`. */
export function checkPolicySet(set: PolicySet, prefix: string): readonly Problem[] {
  const problems: Problem[] = [];
  const claimed = new Map<string, string>();
  const at = (placed: PlacedDocument) => reporter(placed, prefix, problems);
  for (const placed of set.meshes.values()) {
    checkMesh(set, placed, at(placed));
    claimPaths(claimed, placed, at(placed));
  }
  for (const ofMesh of set.revisions.values()) {
    for (const placed of ofMesh.values()) checkRevision(set, placed, at(placed));
  }
  const leaving = new Map<string, string>();
  for (const placed of set.rollouts.values()) checkRollout(set, placed, leaving, at(placed));
  for (const placed of set.tests.values()) checkTest(set, placed, at(placed));
  return problems;
}

type Report = (code: ProblemCode, path: FieldPath, message: string, part?: 'key' | 'value') => void;

interface PlacedDocument {
  readonly file: string;
  readonly document: PolicyDocument;
}

function reporter(placed: PlacedDocument, prefix: string, into: Problem[]): Report {
  return (code, path, message, part = 'value') => {
    into.push(fieldProblem(code, prefix + placed.file, placed.document, path, message, part));
  };
}

function checkMesh(set: PolicySet, { document }: Placed<'Mesh'>, report: Report): void {
  const { name, spec } = document;
  const { defaultRevision, tags = {}, cluster } = spec;
  const revisions = revisionsOf(set, name);
  if (!definesRevision(set, name, defaultRevision)) {
    const isTag = Object.hasOwn(tags, defaultRevision);
    const why = isTag ? ': it is a tag, name the revision itself' : suggestion(defaultRevision, revisions.keys());
    report(
      'REVISION_UNDEFINED',
      ['spec', 'defaultRevision'],
      `mesh ${name} has no revision ${quoted(defaultRevision)}${why}`,
    );
  }
  for (const [tag, revision] of Object.entries(tags)) {
    const path = ['spec', 'tags', tag];
    if (revisions.has(tag))
      report('TAG_CONFLICT', path, `the tag ${quoted(tag)} has the name of a revision of mesh ${name}`, 'key');
    if (definesRevision(set, name, revision)) continue;
    const why = suggestion(revision, revisions.keys());
    report(
      'REVISION_UNDEFINED',
      path,
      `tag ${tag} stands for ${quoted(revision)}, which is no revision of mesh ${name}${why}`,
    );
  }
  if (cluster !== undefined && !definesCluster(set, cluster)) reportCluster(set, cluster, report);
}

/** Addresses of the gateway itself that begin like this are never a mesh's. */
const RESERVED_PATHS = ['/inject/mesh', '/policies'];

function claimPaths(claimed: Map<string, string>, { document }: Placed<'Mesh'>, report: Report): void {
  for (const [index, path] of (document.spec.paths ?? []).entries()) {
    const at = ['spec', 'paths', index];
    const reserved = RESERVED_PATHS.find((each) => path === each || path.startsWith(`${each}/`));
    const owner = claimed.get(path);
    if (reserved !== undefined)
      report('PATH_RESERVED', at, `${reserved} and what is below it are the gateway's own addresses`);
    else if (owner !== undefined) report('PATH_DUPLICATE', at, `mesh ${owner} already claims the path ${path}`);
    else claimed.set(path, document.name);
  }
}

function checkRevision(set: PolicySet, { document }: Placed<'MeshRevision'>, report: Report): void {
  const { spec } = document;
  if (!definesMesh(set, spec.mesh)) reportMesh(set, spec.mesh, report);
  const provider = set.meshes.get(spec.mesh)?.document.spec.provider;
  const own = providerOf(spec);
  if (provider === undefined || provider === own) return;
  report(
    'PROVIDER_MISMATCH',
    ['spec', own],
    `mesh ${spec.mesh} has the provider ${provider}, and this revision is one of ${own}`,
    'key',
  );
}

/** `leaving`: rollouts so far, by the mesh and revision that they leave. */
function checkRollout(
  set: PolicySet,
  { document }: Placed<'RevisionRollout'>,
  leaving: Map<string, string>,
  report: Report,
): void {
  const { mesh, from, to } = document.spec;
  if (!definesMesh(set, mesh)) {
    reportMesh(set, mesh, report);
    return;
  }
  const tags = set.meshes.get(mesh)?.document.spec.tags ?? {};
  for (const [field, name] of [
    ['from', from],
    ['to', to],
  ] as const) {
    if (definesRevision(set, mesh, name)) continue;
    const isTag = Object.hasOwn(tags, name);
    const why = isTag ? ': it is a tag, name the revision itself' : suggestion(name, revisionsOf(set, mesh).keys());
    report('REVISION_UNDEFINED', ['spec', field], `mesh ${mesh} has no revision ${quoted(name)}${why}`);
  }
  if (from === to) report('FIELD_INVALID', ['spec', 'to'], `spec.to is the revision that spec.from leaves`);
  const key = `${mesh}/${from}`;
  const other = leaving.get(key);
  if (other === undefined) leaving.set(key, document.name);
  else {
    const message = `rollout ${other} already leaves revision ${from} of mesh ${mesh}`;
    report('ROLLOUT_CONFLICT', ['spec', 'from'], message);
  }
}

function checkTest(set: PolicySet, { document }: Placed<'InjectionTest'>, report: Report): void {
  const { mesh: meshName, revision, cluster } = document.spec;
  if (!definesMesh(set, meshName)) reportMesh(set, meshName, report);
  const mesh = set.meshes.get(meshName);
  const tags = mesh?.document.spec.tags ?? {};
  const known =
    mesh === undefined ||
    revision === undefined ||
    Object.hasOwn(tags, revision) ||
    definesRevision(set, meshName, revision);
  if (!known) {
    const why = suggestion(revision, [...revisionsOf(set, meshName).keys(), ...Object.keys(tags)]);
    report(
      'REVISION_UNDEFINED',
      ['spec', 'revision'],
      `mesh ${meshName} has no revision or tag ${quoted(revision)}${why}`,
    );
  }
  if (cluster !== undefined && !definesCluster(set, cluster)) reportCluster(set, cluster, report);
}

function reportMesh(set: PolicySet, name: string, report: Report): void {
  report('MESH_UNDEFINED', ['spec', 'mesh'], `there is no mesh ${quoted(name)}${suggestion(name, set.meshes.keys())}`);
}

function reportCluster(set: PolicySet, name: string, report: Report): void {
  const why = suggestion(name, set.clusters.keys());
  report('CLUSTER_UNDEFINED', ['spec', 'cluster'], `there is no ClusterSnapshot ${quoted(name)}${why}`);
}

function quoted(name: string): string {
  return JSON.stringify(name);
}
