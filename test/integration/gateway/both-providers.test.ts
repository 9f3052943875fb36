/**
 * One gateway process with Istio and Linkerd meshes, each in two revisions: requests for all of them at once, each answered by its own
 * revision; and what log and metrics tell of Linkerd's skips, which have several reasons.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { request } from 'undici';
import { checkSource } from '../../../gateway/gitsync/check.ts';
import type { Snapshot } from '../../../gateway/snapshot.ts';
import { applyPatch } from '../../../workers/jsonpatch/apply.ts';
import type { Operation } from '../../../workers/jsonpatch/operation.ts';
import type { JsonObject } from '../../../workers/template/value.ts';
import { type Answer, patchText, startTestGateway, TestClient, type TestGateway } from './harness.ts';

const policies = join(import.meta.dirname, '..', '..', '..', 'policies');
const ROUNDS = 25;

async function defaultPolicies(): Promise<Snapshot> {
  const { snapshot, problems } = await checkSource({ source: policies, compile: async () => [], environment: {} });
  if (snapshot === null) throw new Error(JSON.stringify(problems));
  return snapshot;
}

function example(name: string): { readonly request: { uid: string; object: JsonObject } } {
  return JSON.parse(readFileSync(join(policies, 'examples', name), 'utf8'));
}

interface InjectedPod {
  readonly metadata: { readonly annotations: Record<string, string> };
  readonly spec: { readonly containers: Named[]; readonly initContainers: Named[] };
}
interface Named {
  readonly name: string;
  readonly image: string;
}

function injected(review: ReturnType<typeof example>, answer: Answer): InjectedPod {
  const patch = JSON.parse(patchText(answer)) as Operation[];
  return applyPatch(review.request.object, patch) as unknown as InjectedPod;
}

/** A way in, and the image of the proxy that has to come of it. */
const WAYS: readonly (readonly [path: string, review: string, image: string])[] = [
  ['/', 'orders-deployment.json', 'cr.l5d.io/linkerd/proxy:edge-25.10.7'],
  ['/inject/mesh/linkerd-prod/rev/edge', 'orders-deployment.json', 'cr.l5d.io/linkerd/proxy:edge-26.8.1'],
  ['/inject', 'web-deployment.json', 'docker.io/istio/proxyv2:1.29.1-distroless'],
  ['/inject/mesh/istio-prod/rev/canary', 'web-deployment.json', 'docker.io/istio/proxyv2:1.30.3-distroless'],
];

let server: TestGateway;
let client: TestClient;
before(async () => {
  server = await startTestGateway({ snapshot: await defaultPolicies(), flags: { workers: '2' } });
  client = new TestClient(server.ready.admission, server.ca);
});
after(async () => {
  await client.close();
  await server.stop();
});

test('requests for meshes of both providers, all at once, are each answered by their own revision', async () => {
  const sent = Array.from({ length: ROUNDS * WAYS.length }, async (_, index) => {
    const [path, name, image] = WAYS[index % WAYS.length] ?? ['', '', ''];
    const review = example(name);
    review.request.uid = `${path}-${index}`;
    const answer = await client.post(`${path}?timeout=10s`, JSON.stringify(review));
    assert.equal(answer.body.response?.uid, `${path}-${index}`);
    const { spec } = injected(review, answer);
    const images = [...spec.initContainers, ...spec.containers].map((container) => container.image);
    assert.ok(images.includes(image), `${path}: ${images.join(', ')}`);
  });
  await Promise.all(sent);
});

test('an injected pod comes back as it is', async () => {
  const review = example('orders-deployment.json');
  review.request.object = injected(review, await client.post('/', JSON.stringify(review))) as unknown as JsonObject;
  const again = await client.post('/', JSON.stringify(review));
  assert.equal(again.body.response?.allowed, true);
  assert.equal(again.body.response?.patch, undefined);
});

describe('a pod that is skipped for several reasons', () => {
  const reasons = ['host_network_enabled', 'injection_enable_annotation_absent'];

  async function metric(name: string): Promise<string[]> {
    const { body } = await request(`${server.ready.admin}/metrics`);
    return (await body.text()).split('\n').filter((line) => line.startsWith(`${name}{`));
  }

  before(async () => {
    const answer = await client.post('/', JSON.stringify(example('node-exporter.json')));
    assert.equal(answer.body.response?.allowed, true);
  });

  test('is told with all of them in the log', () => {
    const lines = server.log().split('\n');
    const told = lines.filter((line) => line.includes('InjectionSkipped')).map((line) => JSON.parse(line));
    assert.deepEqual([told.at(0)?.reason, told.at(0)?.reasons], ['sidecar_already_exists', undefined]);
    assert.deepEqual(told.at(-1)?.reasons, reasons);
    assert.equal(told.at(-1)?.reason, reasons[0]);
    assert.ok(lines.some((line) => line.includes('"event":"Injected"')));
  });

  test('is counted once as a request, and under each of its reasons', async () => {
    const requests = (await metric('meshgate_requests_total')).filter((line) => line.includes('linkerd-prod'));
    assert.deepEqual(
      requests.filter((line) => line.includes(reasons[0] ?? '')),
      [
        'meshgate_requests_total{mesh="linkerd-prod",revision="2-19",outcome="skipped",reason="host_network_enabled"} 1',
      ],
    );
    const skips = await metric('meshgate_skip_reasons_total');
    for (const reason of reasons) {
      assert.ok(
        skips.includes(`meshgate_skip_reasons_total{mesh="linkerd-prod",reason="${reason}"} 1`),
        skips.join('\n'),
      );
    }
  });
});
