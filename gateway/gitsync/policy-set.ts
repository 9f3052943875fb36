/** All documents of a source, by kind and name. */
import type { Problem } from '../snapshot.ts';
import type { Kind } from './kinds.ts';
import { fieldProblem, type PolicyDocumentOf, type PolicyFile } from './policy-file.ts';
import { problem } from './problem.ts';
import { layerOf, type SourceTree } from './tree.ts';
import type { YamlDocument } from './yaml-document.ts';

/** A document and the file it stands in, relative to the source's path. */
export interface Placed<K extends Kind> {
  readonly file: string;
  readonly document: PolicyDocumentOf<K>;
}

export interface PolicySet {
  /** Names of documents that are wrong in themselves, as `KIND/NAME` or `MeshRevision/MESH/NAME`. */
  readonly broken: ReadonlySet<string>;
  /** Whether every document of the source is known; where one is not, nothing can be said to be missing. */
  readonly complete: boolean;
  readonly meshes: ReadonlyMap<string, Placed<'Mesh'>>;
  /** By mesh, then by name; a mesh that does not exist may be among them. */
  readonly revisions: ReadonlyMap<string, ReadonlyMap<string, Placed<'MeshRevision'>>>;
  readonly rollouts: ReadonlyMap<string, Placed<'RevisionRollout'>>;
  readonly clusters: ReadonlyMap<string, Placed<'ClusterSnapshot'>>;
  readonly tests: ReadonlyMap<string, Placed<'InjectionTest'>>;
  readonly podPolicies: ReadonlyMap<string, Placed<'PodPolicy'>>;
  readonly admissionPolicies: ReadonlyMap<string, Placed<'ValidatingAdmissionPolicy'>>;
  readonly admissionBindings: ReadonlyMap<string, Placed<'ValidatingAdmissionPolicyBinding'>>;
  /** Documents that took the place of another source's: the later one's to the earlier one's. */
  readonly replaced: ReadonlyMap<YamlDocument, PlacedText>;
}

/** With this annotation an overlay's document says that it takes the place of another source's. */
export const REPLACES_ANNOTATION = 'meshgate.dev/replaces';

/** A document's text and the file it stands in. */
export interface PlacedText {
  readonly file: string;
  readonly source: YamlDocument;
}

export interface PlacedFile {
  readonly path: string;
  readonly content: PolicyFile;
}

/**
 * Sorts documents by kind and name. Of two with one name the first stands, and the second is a problem, unless it is another source's and
 * says that it replaces the first.
 */
export function collectPolicySet(
  files: readonly PlacedFile[],
  tree: Pick<SourceTree, 'prefix' | 'layers'>,
): { set: PolicySet; problems: readonly Problem[] } {
  const meshes = new Map<string, Placed<'Mesh'>>();
  const revisions = new Map<string, Map<string, Placed<'MeshRevision'>>>();
  const rollouts = new Map<string, Placed<'RevisionRollout'>>();
  const clusters = new Map<string, Placed<'ClusterSnapshot'>>();
  const tests = new Map<string, Placed<'InjectionTest'>>();
  const podPolicies = new Map<string, Placed<'PodPolicy'>>();
  const admissionPolicies = new Map<string, Placed<'ValidatingAdmissionPolicy'>>();
  const admissionBindings = new Map<string, Placed<'ValidatingAdmissionPolicyBinding'>>();
  const problems: Problem[] = [];
  const { prefix } = tree;
  const replaced = new Map<YamlDocument, PlacedText>();
  const add = <K extends Kind>(
    into: Map<string, Placed<K>>,
    file: string,
    document: PolicyDocumentOf<K>,
    what: string,
  ) => {
    const first = into.get(document.name);
    if (first === undefined) {
      into.set(document.name, { file, document });
      return;
    }
    const others = layerOf(tree, first.file) !== layerOf(tree, file);
    if (others && saysReplaces(document.source) && !replaced.has(first.document.source)) {
      into.set(document.name, { file, document });
      replaced.set(document.source, { file: first.file, source: first.document.source });
      return;
    }
    const where = first.document.source.locate(['metadata', 'name']);
    const message = `${what} ${document.name} is defined twice: first in ${prefix}${first.file}:${where.line}`;
    problems.push(problem('NAME_DUPLICATE', prefix + file, message, document.source.locate(['metadata', 'name'])));
  };
  const broken = new Set<string>();
  const documents = files.flatMap(({ path, content }) =>
    content.documents.map((document) => ({ file: path, document })),
  );
  for (const { kind, name, mesh } of files.flatMap(({ content }) => content.broken)) {
    broken.add(kind === 'MeshRevision' ? `${kind}/${mesh}/${name}` : `${kind}/${name}`);
  }
  for (const { file, document } of documents) {
    switch (document.kind) {
      case 'Mesh':
        add(meshes, file, document, 'mesh');
        break;
      case 'MeshRevision': {
        const { mesh } = document.spec;
        let ofMesh = revisions.get(mesh);
        if (ofMesh === undefined) {
          ofMesh = new Map();
          revisions.set(mesh, ofMesh);
        }
        add(ofMesh, file, document, `mesh ${mesh}: revision`);
        break;
      }
      case 'RevisionRollout':
        add(rollouts, file, document, 'rollout');
        break;
      case 'ClusterSnapshot':
        add(clusters, file, document, 'cluster snapshot');
        break;
      case 'InjectionTest':
        add(tests, file, document, 'injection test');
        break;
      case 'PodPolicy':
        add(podPolicies, file, document, 'pod policy');
        break;
      case 'ValidatingAdmissionPolicy':
        add(admissionPolicies, file, document, 'validating admission policy');
        break;
      case 'ValidatingAdmissionPolicyBinding':
        add(admissionBindings, file, document, 'validating admission policy binding');
        break;
      case 'GatewaySource': {
        const message = 'a GatewaySource is given to the gateway in the file of --config, not in a source';
        problems.push(fieldProblem('KIND_MISPLACED', prefix + file, document, ['kind'], message));
        break;
      }
    }
  }
  const policies = { podPolicies, admissionPolicies, admissionBindings };
  const complete = files.every(({ content }) => content.complete);
  for (const { file, document } of documents) {
    if (!saysReplaces(document.source) || replaced.has(document.source)) continue;
    const path = ['metadata', 'annotations', REPLACES_ANNOTATION];
    const message = `no other source defines ${document.kind} ${document.name}, so that there is nothing to replace`;
    problems.push({ ...fieldProblem('REPLACES_NOTHING', prefix + file, document, path, message), severity: 'warning' });
  }
  return { set: { broken, complete, meshes, revisions, rollouts, clusters, tests, replaced, ...policies }, problems };
}

function saysReplaces({ value }: YamlDocument): boolean {
  const { metadata } = value as { readonly metadata?: { readonly annotations?: Record<string, unknown> } };
  return metadata?.annotations?.[REPLACES_ANNOTATION] === 'true';
}

/** Whether a mesh is defined, as far as can be told. */
export function definesMesh(set: PolicySet, name: string): boolean {
  return !set.complete || set.meshes.has(name) || set.broken.has(`Mesh/${name}`);
}

export function definesRevision(set: PolicySet, mesh: string, name: string): boolean {
  return !set.complete || revisionsOf(set, mesh).has(name) || set.broken.has(`MeshRevision/${mesh}/${name}`);
}

export function definesCluster(set: PolicySet, name: string): boolean {
  return !set.complete || set.clusters.has(name) || set.broken.has(`ClusterSnapshot/${name}`);
}

export function revisionsOf(set: PolicySet, mesh: string): ReadonlyMap<string, Placed<'MeshRevision'>> {
  return set.revisions.get(mesh) ?? NO_REVISIONS;
}

const NO_REVISIONS: ReadonlyMap<string, Placed<'MeshRevision'>> = new Map();
