/**
 * Writes a policy folder with many meshes of both kinds, made of the revisions that are at hand: those of the default policies, and
 * of the recorded releases where there is a corpus.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Destination } from './mix.ts';

const API_VERSION = 'meshgate.dev/v1alpha1';
/** Revisions of each mesh, as far as there are so many. */
const REVISIONS = 3;
/** Every how many meshes one is Linkerd's. */
const LINKERD_EVERY = 3;

interface RevisionFiles {
  readonly name: string;
  /** Texts by field of the revision's specification. */
  readonly texts: Readonly<Record<string, string>>;
}

export interface MeshFolder {
  /** One for each revision, with a path in place of a URL. */
  readonly destinations: readonly Destination[];
  readonly meshes: number;
  readonly revisions: number;
}

export interface FolderSources {
  /** The default policies. */
  readonly policies: string;
  /** Folder of recorded data; it need not exist. */
  readonly corpus: string;
}

export function writeMeshFolder(folder: string, meshes: number, sources: FolderSources): MeshFolder {
  const istio = istioRevisions(sources);
  const linkerd = linkerdRevisions(sources);
  mkdirSync(folder, { recursive: true });
  const destinations: Destination[] = [];
  for (let index = 0; index < meshes; index++) {
    const isLinkerd = index % LINKERD_EVERY === LINKERD_EVERY - 1;
    const provider = isLinkerd ? 'linkerd' : 'istio';
    const mesh = `${provider}-${index + 1}`;
    const revisions = rotated(isLinkerd ? linkerd : istio, index).slice(0, REVISIONS);
    const first = revisions[0]?.name ?? '';
    const documents: object[] = [
      { ...head('Mesh', mesh), spec: { provider, defaultRevision: first, tags: { prod: first }, onError: 'Fail' } },
    ];
    for (const { name, texts } of revisions) {
      documents.push({
        ...head('MeshRevision', name),
        spec: {
          mesh,
          [provider]: {
            ...references(folder, name, texts),
            ...(isLinkerd ? { controlPlaneNamespace: 'linkerd' } : {}),
          },
        },
      });
      destinations.push({
        url: `/inject/mesh/${mesh}/rev/${name}`,
        sidecar: isLinkerd ? 'linkerd-proxy' : 'istio-proxy',
        labels: {},
        annotations: isLinkerd ? { 'linkerd.io/inject': 'enabled' } : {},
        ...(isLinkerd ? {} : { revision: name }),
      });
    }
    // JSON is YAML as well.
    for (const [number, document] of documents.entries()) {
      writeFileSync(join(folder, `${mesh}-${number}.yaml`), `${JSON.stringify(document, null, 2)}\n`);
    }
  }
  return { destinations, meshes, revisions: destinations.length };
}

function head(kind: string, name: string): object {
  return { apiVersion: API_VERSION, kind, metadata: { name } };
}

/** Writes texts once, however many meshes have them. */
function references(folder: string, revision: string, texts: RevisionFiles['texts']): object {
  const entries = Object.entries(texts).map(([field, text]) => {
    const file = join('texts', `${revision}-${field}.txt`);
    const path = join(folder, file);
    if (!existsSync(path)) {
      mkdirSync(join(folder, 'texts'), { recursive: true });
      writeFileSync(path, text);
    }
    return [field, { file }] as const;
  });
  return Object.fromEntries(entries);
}

function rotated<T>(items: readonly T[], by: number): readonly T[] {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}

function istioRevisions({ policies, corpus }: FolderSources): readonly RevisionFiles[] {
  const mesh = join(policies, 'istio-prod');
  const own = ['1-29', '1-30'].map((name) =>
    revisionOf(`policy-${name}`, {
      injectConfig: join(mesh, 'inject-config.yaml'),
      values: join(mesh, name, 'values.json'),
      meshConfig: join(mesh, name, 'mesh.yaml'),
    }),
  );
  const releases = join(corpus, 'istio', 'releases');
  const recorded = foldersIn(releases, /^\d+\.\d+\.\d+$/).map((release) => {
    const from = join(releases, release, 'classic');
    return revisionOf(`r-${release.replaceAll('.', '-')}`, {
      injectConfig: join(from, 'inject-config.yaml'),
      values: join(from, 'values.json'),
      meshConfig: join(from, 'mesh.yaml'),
    });
  });
  return [...own, ...recorded];
}

function linkerdRevisions({ policies, corpus }: FolderSources): readonly RevisionFiles[] {
  const mesh = join(policies, 'linkerd-prod');
  const own = ['2-19', 'edge-26-8'].map((name) =>
    revisionOf(`policy-${name}`, {
      values: join(mesh, name, 'values.yaml'),
      trustAnchors: join(mesh, 'example-trust-anchors.pem'),
    }),
  );
  const releases = join(corpus, 'linkerd', 'releases');
  const recorded = foldersIn(releases, /^(stable|version)-/).map((release) => {
    const from = join(releases, release, 'default');
    return revisionOf(`r-${release.replaceAll('.', '-')}`, {
      values: join(from, 'values.yaml'),
      trustAnchors: join(from, 'trust-anchors.pem'),
    });
  });
  return [...own, ...recorded];
}

function foldersIn(folder: string, name: RegExp): readonly string[] {
  return existsSync(folder)
    ? readdirSync(folder)
        .filter((each) => name.test(each))
        .sort()
    : [];
}

function revisionOf(name: string, files: Readonly<Record<string, string>>): RevisionFiles {
  return {
    name,
    texts: Object.fromEntries(Object.entries(files).map(([field, file]) => [field, readFileSync(file, 'utf8')])),
  };
}
