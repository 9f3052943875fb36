import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { NEWEST_MINOR } from '../releases.ts';
import type { MeshConfig } from './config.ts';
import { defaultMeshConfig } from './default-config.ts';
import { effectiveMeshConfig } from './effective-mesh.ts';
import { effectiveProxyConfig } from './effective-proxy-config.ts';
import { encodeMessage } from './encode-message.ts';
import { MeshConfigError } from './mesh-error.ts';
import { MESH_CONFIG, PROXY_CONFIG } from './mesh-schema.ts';
import { ProtoJsonWriter } from './proto-json.ts';

interface Vector {
  readonly mesh: string;
  readonly annotation: string | null;
  readonly meshError?: string;
  readonly effectiveMesh?: unknown;
  readonly annotationError?: string;
  readonly proxyConfig?: unknown;
  readonly protoToJson?: string;
  readonly kubeInject?: unknown;
}

const FILE = join(import.meta.dirname, '../../../../test/vectors/istio-mesh/vectors.ndjson');
const VECTORS = readFileSync(FILE, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Vector);
const WRITER = new ProtoJsonWriter(NEWEST_MINOR);

function isRejected(error: unknown): boolean {
  return error instanceof MeshConfigError && error.problems.length > 0;
}

/** JSON.stringify keeps the order of members, so comparing texts compares order too. */
function check(vector: Vector): void {
  const { mesh: text, annotation } = vector;
  if (vector.meshError !== undefined) {
    assert.throws(() => effectiveMeshConfig(text), isRejected, `accepted: ${text}`);
    return;
  }
  const mesh: MeshConfig = effectiveMeshConfig(text);
  if (vector.effectiveMesh !== undefined) {
    assert.equal(
      JSON.stringify(JSON.parse(encodeMessage(MESH_CONFIG, mesh))),
      JSON.stringify(vector.effectiveMesh),
      text,
    );
  }
  if (vector.annotationError !== undefined) {
    assert.throws(() => effectiveProxyConfig(mesh, annotation ?? undefined), isRejected, `accepted: ${annotation}`);
    return;
  }
  const config = effectiveProxyConfig(mesh, annotation ?? undefined);
  assert.equal(
    JSON.stringify(JSON.parse(encodeMessage(PROXY_CONFIG, config))),
    JSON.stringify(vector.proxyConfig),
    `${text}\n---\n${annotation}`,
  );
  assert.equal(WRITER.write(PROXY_CONFIG, config), vector.protoToJson);
  if (vector.kubeInject !== undefined) {
    const merged = effectiveProxyConfig(mesh, annotation ?? undefined, { mode: 'kube-inject' });
    assert.equal(
      JSON.stringify(JSON.parse(encodeMessage(PROXY_CONFIG, merged))),
      JSON.stringify(vector.kubeInject),
      `${text}\n---\n${annotation}`,
    );
  }
}

describe('recorded mesh and proxy configurations', () => {
  const kinds: readonly (readonly [string, (vector: Vector) => boolean])[] = [
    ['rejected meshes', (vector) => vector.meshError !== undefined],
    ['denied annotations', (vector) => vector.annotationError !== undefined],
    ['accepted ones', (vector) => vector.protoToJson !== undefined],
  ];
  for (const [name, belongs] of kinds) {
    test(name, () => {
      const vectors = VECTORS.filter(belongs);
      assert.ok(vectors.length > 50, `only ${vectors.length} vectors`);
      for (const vector of vectors) check(vector);
    });
  }

  test('an empty text is the default mesh', () => {
    assert.deepEqual(
      JSON.parse(encodeMessage(MESH_CONFIG, effectiveMeshConfig(''))),
      JSON.parse(encodeMessage(MESH_CONFIG, defaultMeshConfig(NEWEST_MINOR))),
    );
  });
});
