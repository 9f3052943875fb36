/** Whether overlays keep to what their GatewaySources allow them: kinds, meshes, namespaces. */

import type { JsonObject } from '../../workers/template/value.ts';
import type { Problem } from '../snapshot.ts';
import { fieldProblem, type PolicyDocument } from './policy-file.ts';
import type { PlacedFile } from './policy-set.ts';
import type { SourceAllowance } from './source-spec.ts';
import { layerOf, type SourceTree } from './tree.ts';
import type { FieldPath } from './yaml-document.ts';
import { isMapping } from './yaml-document.ts';

/** A name that a document speaks of, and where. */
interface Mention {
  readonly name: string;
  readonly path: FieldPath;
}

interface Reach {
  readonly meshes: readonly Mention[];
  readonly namespaces: readonly Mention[];
}

/** One problem for each thing that an overlay's document may not. */
export function checkOverlays(files: readonly PlacedFile[], tree: SourceTree): readonly Problem[] {
  const problems: Problem[] = [];
  for (const { path: file, content } of files) {
    const layer = layerOf(tree, file);
    if (layer?.allow === undefined) continue;
    for (const document of content.documents) {
      for (const { what, path } of excesses(document, layer.allow)) {
        const message = `the source ${layer.name} may not ${what}: its GatewaySource does not allow it`;
        problems.push(fieldProblem('OVERLAY_FORBIDDEN', tree.prefix + file, document, path, message));
      }
    }
  }
  return problems;
}

function excesses(document: PolicyDocument, allow: SourceAllowance): readonly { what: string; path: FieldPath }[] {
  if (allow.kinds !== undefined && !allow.kinds.includes(document.kind)) {
    return [{ what: `define the kind ${document.kind}`, path: ['kind'] }];
  }
  const { meshes, namespaces } = reachOf(document);
  const beyond = (mentions: readonly Mention[], patterns: readonly string[] | undefined, what: string) =>
    patterns === undefined
      ? []
      : mentions
          .filter(({ name }) => !patterns.some((pattern) => matches(pattern, name)))
          .map(({ name, path }) => ({ what: `speak of the ${what} ${name}`, path }));
  return [...beyond(meshes, allow.meshes, 'mesh'), ...beyond(namespaces, allow.namespaces, 'namespace')];
}

/** The name of all meshes or namespaces at once, which only a pattern for all of them allows. */
const EVERYTHING = '*';

/** The one namespace that a selector names by its own label; everything where it names none. */
function selectedNamespace(selector: JsonObject | undefined): string {
  const labels = selector?.['matchLabels'];
  const name = isMapping(labels) ? labels['kubernetes.io/metadata.name'] : undefined;
  return typeof name === 'string' ? name : EVERYTHING;
}

/** What a document has a say in. Every kind has to have its place here, so that none is let through unseen. */
function reachOf(document: PolicyDocument): Reach {
  switch (document.kind) {
    case 'Mesh': {
      const ignored = document.spec.ignoredNamespaces ?? [];
      return {
        meshes: [{ name: document.name, path: ['metadata', 'name'] }],
        namespaces: ignored.map((name, index) => ({ name, path: ['spec', 'ignoredNamespaces', index] })),
      };
    }
    case 'MeshRevision':
    case 'RevisionRollout':
      return { meshes: [{ name: document.spec.mesh, path: ['spec', 'mesh'] }], namespaces: [] };
    case 'ClusterSnapshot': {
      const { namespaces = [], owners = [] } = document.spec;
      return {
        meshes: [],
        namespaces: [
          ...namespaces.map(({ name }, index) => ({ name, path: ['spec', 'namespaces', index, 'name'] })),
          ...owners.map(({ metadata }, index) => ({
            name: metadata.namespace,
            path: ['spec', 'owners', index, 'metadata', 'namespace'],
          })),
        ],
      };
    }
    case 'PodPolicy': {
      const { meshes = [EVERYTHING], namespaceSelector } = document.spec.match ?? {};
      const path = ['spec', 'match'];
      return {
        meshes: meshes.map((name) => ({ name, path })),
        namespaces: [{ name: selectedNamespace(namespaceSelector), path }],
      };
    }
    case 'ValidatingAdmissionPolicy':
    case 'ValidatingAdmissionPolicyBinding':
      return {
        meshes: [{ name: EVERYTHING, path: ['spec'] }],
        namespaces: [{ name: EVERYTHING, path: ['spec'] }],
      };
    case 'InjectionTest':
      // A test changes nothing; what it asks of its mesh is its author's concern.
      return { meshes: [{ name: document.spec.mesh, path: ['spec', 'mesh'] }], namespaces: [] };
    case 'GatewaySource':
      return { meshes: [], namespaces: [] };
  }
}

/** `*` stands for any characters. */
function matches(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return pattern === name;
  const last = rest.pop() ?? '';
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0 || found + part.length > name.length - last.length) return false;
    at = found + part.length;
  }
  return true;
}
