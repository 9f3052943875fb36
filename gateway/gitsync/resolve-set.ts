/** Step resolve: from documents to meshes, revisions with all their texts, clusters and tests. */
import { setImmediate as yieldToEvents } from 'node:timers/promises';
import type { RevisionSource } from '../../workers/protocol.ts';
import type { ChangeToCommit } from '../rollout/change.ts';
import type { Rollout } from '../rollout/rollout.ts';
import type { ClusterSnapshot, Mesh, Problem, Snapshot } from '../snapshot.ts';
import { buildClusterSnapshot } from './cluster-snapshot.ts';
import type { ConfigMapFile } from './config-maps.ts';
import { MAX_REFERENCED_FILE_BYTES } from './limits.ts';
import { buildMesh, revisionSettings } from './mesh.ts';
import { readBounded } from './parse-files.ts';
import { parseConfigMapsAside } from './parsing.ts';
import { type ResolvedPolicies, resolvePolicies } from './pod-policies.ts';
import type { Placed, PolicySet } from './policy-set.ts';
import { decodeText, type ReferenceCache, References, referencedPath, resolveReferencePath } from './references.ts';
import { type ResolvedRevision, referencesOf, resolveRevision } from './revision-source.ts';
import { buildRollout } from './rollout.ts';
import { changeToCommit } from './rollout-change.ts';
import { rootOf, type SourceTree, type TreeFile } from './tree.ts';

/** An InjectionTest with its review read. */
export interface ResolvedTest {
  readonly placed: Placed<'InjectionTest'>;
  /** Text of the AdmissionReview, where the test refers to one. */
  readonly review: string | null;
}

export interface ResolvedSet {
  readonly parts: Pick<Snapshot, 'meshes' | 'paths' | 'clusters' | 'rollouts' | 'changes' | 'policies'>;
  readonly policies: ResolvedPolicies;
  readonly revisions: readonly ResolvedRevision[];
  readonly tests: ReadonlyMap<string, ResolvedTest>;
  readonly problems: readonly Problem[];
  readonly cache: ReferenceCache;
}

export interface ResolveOptions {
  readonly signal: AbortSignal;
  /** Told of each revision as soon as all of its texts are at hand. */
  readonly onRevision: (revision: ResolvedRevision) => void;
}

/** Throws SourceError where files can not be read; what is wrong with references is in the result. */
export async function resolveSet(
  set: PolicySet,
  tree: SourceTree,
  previous: ReferenceCache,
  { signal, onRevision }: ResolveOptions,
): Promise<ResolvedSet> {
  const problems: Problem[] = [];
  const references = await openReferences(set, tree, previous, signal);
  const revisions: ResolvedRevision[] = [];
  const sources = new Map<string, Map<string, RevisionSource>>();
  for (const [mesh, ofMesh] of set.revisions) {
    const settings = revisionSettings(set.meshes.get(mesh)?.document.spec);
    const ofThisMesh = new Map<string, RevisionSource>();
    for (const [name, { file, document }] of ofMesh) {
      // Their texts are digested here: requests are answered between two of them.
      await yieldToEvents();
      const resolved = resolveRevision(file, document, settings, references);
      problems.push(...resolved.problems);
      if (resolved.revision === null) continue;
      revisions.push(resolved.revision);
      onRevision(resolved.revision);
      ofThisMesh.set(name, resolved.revision.source);
    }
    sources.set(mesh, ofThisMesh);
  }
  const meshes = new Map<string, Mesh>();
  const paths = new Map<string, string>();
  for (const [name, placed] of set.meshes) {
    const built = buildMesh(placed, sources.get(name) ?? new Map(), tree.prefix);
    problems.push(...built.problems);
    meshes.set(name, built.mesh);
    for (const path of built.mesh.paths) paths.set(path, name);
  }
  const clusters = new Map<string, ClusterSnapshot>();
  for (const [name, placed] of set.clusters) {
    const built = buildClusterSnapshot(placed, tree.prefix);
    problems.push(...built.problems);
    clusters.set(name, built.cluster);
  }
  const rollouts = new Map<string, Rollout>();
  const changes = new Map<string, ChangeToCommit>();
  for (const [name, placed] of set.rollouts) {
    const built = buildRollout(placed, meshes, tree.prefix);
    problems.push(...built.problems);
    if (built.rollout === null) continue;
    rollouts.set(name, built.rollout);
    const mesh = set.meshes.get(built.rollout.mesh);
    if (mesh !== undefined) changes.set(name, changeToCommit(built.rollout, mesh, tree));
  }
  const tests = new Map<string, ResolvedTest>();
  for (const [name, placed] of set.tests) tests.set(name, resolveTest(placed, references, problems));
  const policies = resolvePolicies(set, references, tree.prefix);
  problems.push(...policies.problems);
  return {
    parts: { meshes, paths, clusters, rollouts, changes, policies: policies.source },
    policies,
    revisions,
    tests,
    problems,
    cache: references.cache(),
  };
}

function resolveTest(placed: Placed<'InjectionTest'>, references: References, problems: Problem[]): ResolvedTest {
  const { review } = placed.document.spec;
  if (review === undefined) return { placed, review: null };
  const site = { file: placed.file, document: placed.document, path: ['spec', 'review'] };
  const read = references.readFile(site, review);
  problems.push(...read.problems);
  return { placed, review: read.resolved?.text ?? null };
}

/** Reads every file that anything refers to, in one go, but those whose text is known already. */
async function openReferences(
  set: PolicySet,
  tree: SourceTree,
  previous: ReferenceCache,
  signal: AbortSignal,
): Promise<References> {
  const wanted = new Map<string, TreeFile>();
  const want = (path: string | null) => {
    const file = path === null ? undefined : tree.files.get(path);
    if (file === undefined || file.bytes > MAX_REFERENCED_FILE_BYTES || previous.texts.has(file.id)) return;
    wanted.set(file.path, file);
  };
  for (const ofMesh of set.revisions.values()) {
    for (const { file, document } of ofMesh.values()) {
      for (const [, reference] of referencesOf(document.spec))
        want(referencedPath(file, reference, rootOf(tree, file)));
    }
  }
  for (const { file, document } of set.tests.values()) {
    const { review } = document.spec;
    if (review !== undefined) want(resolveReferencePath(file, review, rootOf(tree, file)));
  }
  for (const { file, document } of set.podPolicies.values()) {
    for (const { template } of document.spec.mutations ?? []) {
      if (template !== undefined) want(referencedPath(file, template));
    }
  }
  const contents = await readBounded(tree, [...wanted.values()], signal);
  return new References(tree, contents, previous, await parseAllConfigMaps(set, tree, previous, contents, signal));
}

/** Every file that is referred to as a ConfigMap, by the identity of its contents; those that can not be read are left out. */
async function parseAllConfigMaps(
  set: PolicySet,
  tree: SourceTree,
  previous: ReferenceCache,
  contents: ReadonlyMap<string, Buffer>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ConfigMapFile>> {
  const parsed = new Map<string, ConfigMapFile>();
  for (const ofMesh of set.revisions.values()) {
    for (const { file, document } of ofMesh.values()) {
      for (const [, reference] of referencesOf(document.spec)) {
        const path = reference.configMap === undefined ? null : referencedPath(file, reference, rootOf(tree, file));
        const found = path === null ? undefined : tree.files.get(path);
        if (found === undefined || parsed.has(found.id)) continue;
        const known = previous.configMaps.get(found.id);
        const text = previous.texts.get(found.id) ?? decodeText(contents.get(found.path));
        if (known !== undefined) parsed.set(found.id, known);
        else if (text !== null) parsed.set(found.id, await parseConfigMapsAside(text, signal));
      }
    }
  }
  return parsed;
}
