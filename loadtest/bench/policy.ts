/**
 * Policy folders for benchmarks: Istio's or Linkerd's own default configuration, as recorded in the corpus, when there is one; otherwise
 * the default policies of this checkout.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

export const BENCH_PROVIDERS = ['istio', 'linkerd'] as const;
export type BenchProvider = (typeof BENCH_PROVIDERS)[number];

export interface BenchPolicy {
  /** What to give `serve` after --source. */
  readonly args: readonly string[];
  /** Where reviews go, in turn. */
  readonly paths: readonly string[];
  readonly description: string;
  /** Annotations that pods need to be injected. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Folder with the texts of the default revision; null without a corpus. */
  readonly texts: string | null;
}

/** A file of a revision in the corpus, with the field that names it. */
interface RevisionFile {
  readonly file: string;
  readonly field: string;
}

/** The same, and how to make a text of its own from it. */
interface RevisionText extends RevisionFile {
  readonly vary: (text: string, revision: number) => string;
}

const COMMENT = (text: string, revision: number): string => `# revision ${revision}\n${text}`;

const ISTIO_TEXTS: readonly RevisionText[] = [
  { file: 'inject-config.yaml', field: 'injectConfig', vary: COMMENT },
  { file: 'values.json', field: 'values', vary: (text, revision) => `${text}${' '.repeat(revision)}` },
  { file: 'mesh.configmap.yaml', field: 'meshConfig', vary: COMMENT },
];
const LINKERD_TEXTS: readonly RevisionText[] = [
  { file: 'values.yaml', field: 'values', vary: COMMENT },
  { file: 'trust-anchors.pem', field: 'trustAnchors', vary: (text) => text },
];
const ASKS_LINKERD = { 'linkerd.io/inject': 'enabled' };

/**
 * Writes a folder with one mesh into `folder`, or points at the default policies. Of several revisions each has texts of its own, which
 * say the same; reviews go to the first one, `default`.
 */
export function benchPolicy(folder: string, provider: BenchProvider, revisions = 1): BenchPolicy {
  const corpus = corpusFolder();
  const recorded = provider === 'istio' ? istioDefault(corpus) : join(corpus, 'linkerd', 'generated', 'default');
  const paths = [provider === 'istio' ? '/inject' : '/'];
  const annotations = provider === 'istio' ? {} : ASKS_LINKERD;
  if (recorded === null || !existsSync(recorded)) {
    const args = ['--source', root, '--path', 'policies'];
    return { args, paths, annotations, description: 'the default policies (no corpus here)', texts: null };
  }
  const texts = provider === 'istio' ? ISTIO_TEXTS : LINKERD_TEXTS;
  mkdirSync(folder, { recursive: true });
  const documents = [meshDocument(provider, paths[0] ?? '')];
  for (let i = 0; i < revisions; i++) {
    const name = i === 0 ? 'default' : `r-${i}`;
    mkdirSync(join(folder, name), { recursive: true });
    for (const { file, vary } of texts) {
      const text = readFileSync(join(recorded, file), 'utf8');
      writeFileSync(join(folder, name, file), i === 0 ? text : vary(text, i));
    }
    documents.push(revisionDocument(provider, name, texts));
  }
  writeFileSync(join(folder, 'mesh.yaml'), documents.join('---\n'));
  const description = `${provider === 'istio' ? 'Istio' : 'Linkerd'}'s own default configuration`;
  return { args: ['--source', folder], paths, annotations, description, texts: join(folder, 'default') };
}

/** A release of Istio, as a revision of the mesh that `releasesPolicy` writes. */
export interface BenchRelease {
  readonly release: string;
  readonly path: string;
}

const RELEASE_FILES: readonly RevisionFile[] = [
  { file: 'inject-config.yaml', field: 'injectConfig' },
  { file: 'values.json', field: 'values' },
  { file: 'mesh.yaml', field: 'meshConfig' },
];

/** Writes a folder with one mesh into `folder`, a revision for each release of Istio that the corpus has. Null without a corpus. */
export function releasesPolicy(folder: string): (BenchPolicy & { readonly releases: readonly BenchRelease[] }) | null {
  const recorded = join(corpusFolder(), 'istio', 'releases');
  if (!existsSync(recorded)) return null;
  const configurationOf = (release: string): string => join(recorded, release, 'classic');
  const found = readdirSync(recorded).filter((name) => existsSync(join(configurationOf(name), 'inject-config.yaml')));
  const documents = [meshDocument('istio', '/inject')];
  const releases: BenchRelease[] = [];
  for (const release of found) {
    const name = releases.length === 0 ? 'default' : `r-${release.replaceAll('.', '-')}`;
    mkdirSync(join(folder, name), { recursive: true });
    for (const { file } of RELEASE_FILES) copyFileSync(join(configurationOf(release), file), join(folder, name, file));
    documents.push(revisionDocument('istio', name, RELEASE_FILES));
    releases.push({ release, path: `/inject/mesh/istio/rev/${name}` });
  }
  writeFileSync(join(folder, 'mesh.yaml'), documents.join('---\n'));
  const description = `${releases.length} releases of Istio, each with its own default configuration`;
  const paths = releases.map(({ path }) => path);
  return { args: ['--source', folder], paths, annotations: {}, description, texts: folder, releases };
}

function corpusFolder(): string {
  return process.env.MESHGATE_CORPUS ?? join(root, '..', 'shared', 'corpus');
}

function istioDefault(corpus: string): string | null {
  const marker = join(corpus, 'istio', 'DEFAULT');
  return existsSync(marker) ? join(corpus, 'istio', 'configs', readFileSync(marker, 'utf8').trim()) : null;
}

function meshDocument(provider: BenchProvider, path: string): string {
  return `apiVersion: meshgate.dev/v1alpha1
kind: Mesh
metadata: {name: ${provider}}
spec:
  provider: ${provider}
  paths: [${path}]
  defaultRevision: default
`;
}

function revisionDocument(provider: BenchProvider, name: string, files: readonly RevisionFile[]): string {
  const fields = files.map(({ field, file }) => `    ${field}: {file: ${name}/${file}}\n`);
  return `apiVersion: meshgate.dev/v1alpha1
kind: MeshRevision
metadata: {name: ${name}}
spec:
  mesh: ${provider}
  ${provider}:
${fields.join('')}`;
}
