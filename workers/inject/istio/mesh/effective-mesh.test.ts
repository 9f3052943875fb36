import assert from 'node:assert/strict';
import { test } from 'node:test';
import { effectiveMeshConfig } from './effective-mesh.ts';
import type { MeshProblem } from './mesh-error.ts';
import { MeshConfigError } from './mesh-error.ts';

function problemsOf(text: string): readonly MeshProblem[] {
  try {
    effectiveMeshConfig(text);
  } catch (error) {
    if (error instanceof MeshConfigError) return error.problems;
    throw error;
  }
  return [];
}

test('all wrong types are reported, with path and position', () => {
  const text = 'enableTracing: "yes"\ndefaultConfig:\n  concurrency: many\n  proxyMetadata:\n    A: 1\n';
  const found = problemsOf(text).map(({ code, path, line, column }) => ({ code, path, line, column }));
  assert.deepEqual(found, [
    { code: 'MESH_CONFIG_TYPE', path: 'enableTracing', line: 1, column: 1 },
    { code: 'MESH_CONFIG_TYPE', path: 'defaultConfig.concurrency', line: 3, column: 3 },
    { code: 'MESH_CONFIG_TYPE', path: 'defaultConfig.proxyMetadata.A', line: 5, column: 5 },
  ]);
});

test('values that Istio rejects are reported with their own code', () => {
  const text = 'trustDomain: "-"\nserviceSettings:\n- hosts: [a.b, "x y"]\ndefaultConfig:\n  statusPort: 70000\n';
  const found = problemsOf(text).map(({ code, path, line }) => ({ code, path, line }));
  assert.deepEqual(found, [
    { code: 'MESH_CONFIG_INVALID', path: 'trustDomain', line: 1 },
    { code: 'MESH_CONFIG_INVALID', path: 'serviceSettings[0].hosts[1]', line: 3 },
    { code: 'MESH_CONFIG_INVALID', path: 'defaultConfig.statusPort', line: 5 },
  ]);
});

test('a text that is no YAML is told where it breaks', () => {
  const [problem] = problemsOf('a: b\n  c: [\n');
  assert.equal(problem?.code, 'MESH_CONFIG_SYNTAX');
  assert.ok((problem?.line ?? 0) >= 2);
});

test('nesting without end is refused', () => {
  const depth = 400;
  const labels = `${'{a: '.repeat(depth)}1${'}'.repeat(depth)}`;
  const text = `extensionProviders: [{name: x, envoyFileAccessLog: {logFormat: {labels: ${labels}}}}]`;
  assert.deepEqual(
    problemsOf(text).map(({ code }) => code),
    ['MESH_CONFIG_LIMIT'],
  );
});

test('snake case is read, but default_config changes nothing', () => {
  const mesh = effectiveMeshConfig('root_namespace: mesh-system\ndefault_config:\n  status_port: 1\n');
  assert.equal(mesh.rootNamespace, 'mesh-system');
  assert.equal(mesh.defaultConfig?.statusPort, 15020);
});

test('keys of maps may have any name', () => {
  const mesh = effectiveMeshConfig('defaultConfig:\n  proxyMetadata:\n    __proto__: a\n    constructor: b\n');
  const metadata = mesh.defaultConfig?.proxyMetadata ?? {};
  assert.deepEqual(Object.keys(metadata), ['__proto__', 'constructor']);
  assert.equal(Object.getPrototypeOf(metadata), null);
});

test('older releases ignore fields they do not know, and have other defaults', () => {
  const text = 'defaultConfig:\n  fileFlushInterval: 2s\n';
  assert.deepEqual(effectiveMeshConfig(text, 29).defaultConfig?.['fileFlushInterval'], { seconds: 2, nanos: 0 });
  assert.equal(effectiveMeshConfig(text, 28).defaultConfig?.['fileFlushInterval'], undefined);
  assert.ok(effectiveMeshConfig('', 21).defaultConfig?.['tracing'] !== undefined);
  assert.equal(effectiveMeshConfig('', 22).defaultConfig?.['tracing'], undefined);
  assert.equal(effectiveMeshConfig('', 21).inboundTrafficPolicy, undefined);
});
