/**
 * Policy folders for benchmarks: Istio's own default configuration, as recorded in the corpus, when there is one; otherwise the
 * default policies of this checkout.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

export interface BenchPolicy {
  /** What to give `serve` after --source. */
  readonly args: readonly string[];
  readonly path: string;
  readonly description: string;
}

/** Writes a folder with one Istio-style mesh into `folder`, or points at the default policies. */
export function benchPolicy(folder: string): BenchPolicy {
  const corpus = process.env.MESHGATE_CORPUS ?? join(root, '..', 'shared', 'corpus');
  const configs = join(corpus, 'istio', 'configs');
  const marker = join(corpus, 'istio', 'DEFAULT');
  if (!existsSync(marker)) {
    return {
      args: ['--source', root, '--path', 'policies'],
      path: '/inject',
      description: 'the default policies (no corpus here)',
    };
  }
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
  return { args: ['--source', folder], path: '/inject', description: "Istio's own default configuration" };
}
