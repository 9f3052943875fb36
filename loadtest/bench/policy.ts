/**
 * Policy folders for benchmarks: Istio's or Linkerd's own default configuration, as recorded in the corpus, when there is one; otherwise
 * the default policies of this checkout.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

export type BenchProvider = 'istio' | 'linkerd';

export interface BenchPolicy {
  /** What to give `serve` after --source. */
  readonly args: readonly string[];
  readonly path: string;
  readonly description: string;
  /** Annotations that pods need to be injected. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** Writes a folder with one mesh into `folder`, or points at the default policies. */
export function benchPolicy(folder: string, provider: BenchProvider): BenchPolicy {
  const corpus = process.env.MESHGATE_CORPUS ?? join(root, '..', 'shared', 'corpus');
  return provider === 'istio' ? istioPolicy(folder, corpus) : linkerdPolicy(folder, corpus);
}

const DEFAULT_POLICIES = {
  args: ['--source', root, '--path', 'policies'],
  description: 'the default policies (no corpus here)',
} as const;

function istioPolicy(folder: string, corpus: string): BenchPolicy {
  const configs = join(corpus, 'istio', 'configs');
  const marker = join(corpus, 'istio', 'DEFAULT');
  if (!existsSync(marker)) return { ...DEFAULT_POLICIES, path: '/inject', annotations: {} };
  const config = join(configs, readFileSync(marker, 'utf8').trim());
  mkdirSync(join(folder, 'bench'), { recursive: true });
  for (const file of ['inject-config.yaml', 'values.json', 'mesh.configmap.yaml']) {
    writeFileSync(join(folder, 'bench', file), readFileSync(join(config, file)));
  }
  writeFileSync(
    join(folder, 'mesh.yaml'),
    `apiVersion: meshgate.dev/v1alpha1
kind: Mesh
metadata: {name: istio}
spec:
  provider: istio
  paths: [/inject]
  defaultRevision: default
---
apiVersion: meshgate.dev/v1alpha1
kind: MeshRevision
metadata: {name: default}
spec:
  mesh: istio
  istio:
    injectConfig: {file: bench/inject-config.yaml}
    values: {file: bench/values.json}
    meshConfig: {file: bench/mesh.configmap.yaml}
`,
  );
  const description = "Istio's own default configuration";
  return { args: ['--source', folder], path: '/inject', description, annotations: {} };
}

const ASKS_LINKERD = { 'linkerd.io/inject': 'enabled' };

function linkerdPolicy(folder: string, corpus: string): BenchPolicy {
  const recorded = join(corpus, 'linkerd', 'generated', 'default');
  if (!existsSync(recorded)) return { ...DEFAULT_POLICIES, path: '/', annotations: ASKS_LINKERD };
  mkdirSync(join(folder, 'bench'), { recursive: true });
  for (const file of ['values.yaml', 'trust-anchors.pem']) {
    writeFileSync(join(folder, 'bench', file), readFileSync(join(recorded, file)));
  }
  writeFileSync(
    join(folder, 'mesh.yaml'),
    `apiVersion: meshgate.dev/v1alpha1
kind: Mesh
metadata: {name: linkerd}
spec:
  provider: linkerd
  paths: [/]
  defaultRevision: default
---
apiVersion: meshgate.dev/v1alpha1
kind: MeshRevision
metadata: {name: default}
spec:
  mesh: linkerd
  linkerd:
    values: {file: bench/values.yaml}
    trustAnchors: {file: bench/trust-anchors.pem}
`,
  );
  const description = "Linkerd's own default configuration";
  return { args: ['--source', folder], path: '/', description, annotations: ASKS_LINKERD };
}
