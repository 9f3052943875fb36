/**
 * Effective mesh configurations and PROXY_CONFIG texts against what Istio recorded: of every set, and of every release.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { effectiveMeshConfig } from '../../workers/inject/istio/mesh/effective-mesh.ts';
import { encodeMessage } from '../../workers/inject/istio/mesh/encode-message.ts';
import { problemText } from '../../workers/inject/istio/mesh/mesh-error.ts';
import { MESH_CONFIG, PROXY_CONFIG } from '../../workers/inject/istio/mesh/mesh-schema.ts';
import { ProtoJsonWriter } from '../../workers/inject/istio/mesh/proto-json.ts';
import { ProxyConfigSource } from '../../workers/inject/istio/mesh/proxy-config-source.ts';
import { NEWEST_MINOR } from '../../workers/inject/istio/releases.ts';
import type { JsonObject } from '../../workers/template/value.ts';
import { parseYaml } from '../../workers/yaml/parse.ts';
import { corpusPath, corpusSkip, readCorpusLines } from './corpus.ts';
import { ISTIO_SETS, istioCases } from './istio.ts';

const ANNOTATION = 'proxy.istio.io/config';

interface Container {
  readonly name: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
}
interface Pod {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: { readonly containers?: readonly Container[]; readonly initContainers?: readonly Container[] };
}

/** PROXY_CONFIG of istio-proxy; undefined where the pod has none. */
function proxyConfigText(pod: Pod): string | undefined {
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const proxy = containers.find(({ name }) => name === 'istio-proxy');
  return proxy?.env?.find(({ name }) => name === 'PROXY_CONFIG')?.value;
}

/** The same of one minor release: texts by mesh and annotation. */
class Texts {
  readonly #minor: number;
  readonly #writer: ProtoJsonWriter;
  readonly #sources = new Map<string, ProxyConfigSource>();
  compared = 0;

  constructor(minor: number) {
    this.#minor = minor;
    this.#writer = new ProtoJsonWriter(minor);
  }

  /** Checks one request: `pod` is what Istio made of `object`, null where it made nothing (skipped or denied). */
  check(id: string, meshText: string, object: Pod, pod: Pod | null): void {
    const outcome = this.#source(meshText).get(object.metadata?.annotations?.[ANNOTATION]);
    if (pod === null) return;
    assert.ok(outcome.ok, `${id}: denied: ${outcome.ok ? '' : outcome.problems.map(problemText).join('; ')}`);
    const recorded = proxyConfigText(pod);
    // The user's own variable wins over the template's.
    if (recorded === undefined || proxyConfigText(object) !== undefined) return;
    assert.equal(`${this.#writer.write(PROXY_CONFIG, outcome.resolved.config)}\n`, recorded, id);
    this.compared++;
  }

  #source(meshText: string): ProxyConfigSource {
    let source = this.#sources.get(meshText);
    if (source === undefined) {
      const mesh = effectiveMeshConfig(meshText, this.#minor);
      source = new ProxyConfigSource(mesh, { mode: 'webhook', minor: this.#minor });
      this.#sources.set(meshText, source);
    }
    return source;
  }
}

describe('mesh configuration', { skip: corpusSkip() }, () => {
  test('each effective mesh is the recorded one', () => {
    const folder = corpusPath('istio', 'configs');
    const ids = readdirSync(folder);
    assert.ok(ids.length > 0);
    for (const id of ids) {
      const mesh = effectiveMeshConfig(readFileSync(corpusPath('istio', 'configs', id, 'mesh.configmap.yaml'), 'utf8'));
      const recorded = parseYaml(readFileSync(corpusPath('istio', 'configs', id, 'mesh.yaml'), 'utf8'));
      assert.deepEqual(JSON.parse(encodeMessage(MESH_CONFIG, mesh)), recorded, id);
    }
  });

  for (const set of ISTIO_SETS) {
    test(`PROXY_CONFIG of ${set}`, () => {
      const texts = new Texts(NEWEST_MINOR);
      for (const { id, revision, object, expected } of istioCases(set)) {
        if (expected.kind !== 'review' || object === null) continue;
        texts.check(id, revision.meshConfig, object as Pod, expected.pod as Pod | null);
      }
      assert.ok(texts.compared > 0, 'nothing was compared');
    });
  }

  for (const { name, minor, mesh, pods, requests } of releaseRecords()) {
    test(`PROXY_CONFIG of ${name}`, () => {
      const texts = new Texts(minor);
      const meshText = readFileSync(corpusPath('istio', 'releases', mesh), 'utf8');
      const recorded = readCorpusLines('istio', 'releases', pods) as (Pod | null)[];
      const lines = readCorpusLines('istio', requests) as RequestLine[];
      for (const [index, pod] of recorded.entries()) {
        const line = lines[index];
        assert.ok(line !== undefined);
        texts.check(`${name}: ${line.id}`, meshText, line.review.request.object as Pod, pod);
      }
      assert.ok(texts.compared > 0, 'nothing was compared');
    });
  }
});

interface RequestLine {
  readonly id: number | string;
  readonly review: { readonly request: { readonly object: JsonObject } };
}

interface ReleaseRecord {
  readonly name: string;
  readonly minor: number;
  /** Files: mesh and pods below releases/, requests below istio/. */
  readonly mesh: string;
  readonly pods: string;
  readonly requests: string;
}

/** What each release answered: the generated sets, and the probes under the default configuration. */
function releaseRecords(): readonly ReleaseRecord[] {
  const folder = corpusPath('istio', 'releases');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((tag) => /^\d+\.\d+\.\d+$/.test(tag))
    .flatMap((tag) => {
      const minor = Number(tag.split('.')[1]);
      const sets = readdirSync(join(folder, tag)).map((set) => ({
        name: `${set} by Istio ${tag}`,
        minor,
        mesh: join(tag, set, 'mesh.yaml'),
        pods: join(tag, set, 'pods.ndjson'),
        requests: join('generated', set, 'requests.ndjson'),
      }));
      const probe = {
        name: `probes by Istio ${tag}`,
        minor,
        mesh: join(tag, 'classic', 'mesh.yaml'),
        pods: join('probe', tag, 'classic', 'pods.ndjson'),
        requests: join('releases', 'probe', 'requests.ndjson'),
      };
      return [...sets, probe].filter(({ pods }) => existsSync(join(folder, pods)));
    });
}
