/** What several sources come to: the documents that count, and where each value of them is written. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonValue } from '../../workers/template/value.ts';
import type { Problem } from '../snapshot.ts';
import { buildSnapshot, EMPTY_BUILD_CACHE } from './build.ts';
import type { Environment } from './git-command.ts';
import { loadSources } from './load-sources.ts';
import type { PlacedText, PolicySet } from './policy-set.ts';
import { orderProblems } from './problem.ts';
import { createSchemaCheck } from './schema-check.ts';
import type { SourceSpec } from './source-spec.ts';
import { layerOf, type SourceTree } from './tree.ts';
import type { FieldPath, YamlDocument } from './yaml-document.ts';

export interface Origin {
  /** Empty where there is one source alone. */
  readonly source: string;
  readonly revision: string;
  /** From the top of the repository. */
  readonly file: string;
  readonly line: number;
}

/** A scalar, or a list or mapping without anything in it. */
export interface OriginedValue {
  readonly path: FieldPath;
  readonly value: JsonValue;
  readonly origin: Origin;
}

export interface OriginedDocument {
  readonly kind: string;
  readonly name: string;
  /** Where the document stands whose place this one took; null when there is none. */
  readonly replaces: Origin | null;
  readonly values: readonly OriginedValue[];
}

/**
 * Reads the sources as they are now. Nothing is compiled.
 * @throws SourceError when one can not be read.
 */
export async function effectiveDocuments(
  sources: readonly SourceSpec[],
  environment: Environment,
): Promise<{ documents: readonly OriginedDocument[]; problems: readonly Problem[] }> {
  const { signal } = new AbortController();
  const stateDir = await mkdtemp(join(tmpdir(), 'meshgate-effective-'));
  try {
    const tree = await loadSources(sources, { stateDir, environment, signal });
    const { set, problems } = await buildSnapshot(tree, EMPTY_BUILD_CACHE, {
      check: createSchemaCheck(),
      compile: async () => [],
      loadedAt: new Date(),
      signal,
    });
    const documents = documentsOf(set).map((placed) => describe(placed, set, tree));
    return { documents, problems: orderProblems(problems) };
  } finally {
    await rm(stateDir, { recursive: true, force: true });
  }
}

interface NamedText extends PlacedText {
  readonly kind: string;
  readonly name: string;
}

/** All that count, by kind and name; tests, which serve nothing, last. */
function documentsOf(set: PolicySet): readonly NamedText[] {
  const revisions = [...set.revisions.values()].flatMap((ofMesh) => [...ofMesh.values()]);
  return [...set.meshes.values(), ...revisions, ...set.clusters.values(), ...set.tests.values()].map(
    ({ file, document: { kind, name, source } }) => ({ kind, name, file, source }),
  );
}

function describe({ kind, name, file, source }: NamedText, set: PolicySet, tree: SourceTree): OriginedDocument {
  const replaced = set.replaced.get(source);
  const { value } = source;
  return {
    kind,
    name,
    replaces: replaced === undefined ? null : originOf(tree, replaced.file, replaced.source, []),
    values: [...leaves(value, [])].map((leaf) => ({ ...leaf, origin: originOf(tree, file, source, leaf.path) })),
  };
}

function originOf(tree: SourceTree, file: string, source: YamlDocument, path: FieldPath): Origin {
  const layer = layerOf(tree, file);
  const { line } = source.locate(path);
  if (layer === undefined) return { source: '', revision: tree.revision, file: tree.prefix + file, line };
  return { source: layer.name, revision: layer.revision, file: file.slice(layer.name.length + 1), line };
}

/** Nesting is bounded by the parser's own limit. */
function* leaves(value: JsonValue, path: FieldPath): Generator<{ path: FieldPath; value: JsonValue }> {
  const entries: readonly (readonly [string | number, JsonValue | undefined])[] = Array.isArray(value)
    ? [...value.entries()]
    : typeof value === 'object' && value !== null
      ? Object.entries(value)
      : [];
  if (entries.length === 0) {
    yield { path, value };
    return;
  }
  for (const [key, child] of entries) if (child !== undefined) yield* leaves(child, [...path, key]);
}
