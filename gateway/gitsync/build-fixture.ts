/** A source's files in memory, and what is built of them. */
import type { CompileSource } from '../../workers/protocol.ts';
import { type Build, type BuildCache, buildSnapshot, EMPTY_BUILD_CACHE } from './build.ts';
import { digestOf } from './canonical-json.ts';
import { formatProblem, orderProblems } from './problem.ts';
import { createSchemaCheck } from './schema-check.ts';
import type { SourceTree } from './tree.ts';

export type Files = Readonly<Record<string, string | Buffer>>;

const check = createSchemaCheck();
export const loadedAt = new Date('2026-01-01T00:00:00Z');

export function treeOf(files: Files, prefix = ''): SourceTree & { readonly reads: string[] } {
  const contents = new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)]));
  const reads: string[] = [];
  return {
    revision: `main@sha1:${'0'.repeat(40)}`,
    prefix,
    files: new Map(
      [...contents].map(([path, bytes]) => [
        path,
        { path, bytes: bytes.length, id: digestOf(bytes.toString('latin1')) },
      ]),
    ),
    problems: [],
    reads,
    read: async (wanted) => {
      reads.push(...wanted.map(({ path }) => path));
      return new Map(wanted.map(({ path }) => [path, contents.get(path) ?? Buffer.alloc(0)]));
    },
  };
}

interface Overrides {
  readonly cache?: BuildCache;
  readonly compile?: (source: CompileSource) => ReturnType<Parameters<typeof buildSnapshot>[2]['compile']>;
}

export async function build(
  files: Files | SourceTree,
  { cache = EMPTY_BUILD_CACHE, compile = async () => [] }: Overrides = {},
): Promise<Build> {
  const tree = 'revision' in files && files.files instanceof Map ? (files as SourceTree) : treeOf(files as Files);
  return buildSnapshot(tree, cache, { check, compile, loadedAt, signal: new AbortController().signal });
}

export async function problemsOf(files: Files | SourceTree, overrides?: Overrides): Promise<readonly string[]> {
  return orderProblems((await build(files, overrides)).problems).map(formatProblem);
}

export const MESH = `apiVersion: meshgate.dev/v1alpha1
kind: Mesh
metadata: {name: edge}
spec:
  provider: template
  paths: [/edge]
  defaultRevision: v1
  tags: {prod: v1}
`;
export const REVISION = `apiVersion: meshgate.dev/v1alpha1
kind: MeshRevision
metadata: {name: v1}
spec:
  mesh: edge
  template:
    template: {file: overlay.tpl}
    values: {inline: "a: 1"}
`;
export const GOOD: Files = { 'edge/mesh.yaml': MESH, 'edge/v1.yaml': REVISION, 'edge/overlay.tpl': 'spec: {}' };
