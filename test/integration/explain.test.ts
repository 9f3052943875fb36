/** `meshgate explain`: every cause that keeps a pod from being injected is told as the last step, in one sentence. */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Explanation } from '../../gateway/explain/explanation.ts';
import type { JsonObject } from '../../workers/template/value.ts';
import { type CommandResult, checkout, Workspace } from './command.ts';
import { DEPLOYMENT, INJECT_CONFIG, MESH_CONFIG, VALUES } from './istio-files.ts';

let space: Workspace;
beforeEach(() => {
  space = new Workspace();
});
afterEach(() => space.remove());

function files(injectConfig = INJECT_CONFIG): readonly string[] {
  return [
    ...['--injectConfigFile', space.write('config.yaml', injectConfig)],
    ...['--valuesFile', space.write('values.json', VALUES)],
    ...['--meshConfigFile', space.write('mesh.yaml', MESH_CONFIG)],
  ];
}

interface PodParts {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: JsonObject;
  readonly namespace?: string;
}

function pod({ labels = {}, annotations = {}, spec = {}, namespace = 'shop' }: PodParts): object {
  const containers = [{ name: 'app', image: 'example.com/app' }];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace, labels, annotations },
    spec: { containers, ...spec },
  };
}

async function explain(file: object | string, ...args: readonly string[]): Promise<[Explanation, CommandResult]> {
  const result = await space.run('explain', space.write('in.json', file), '--json', ...args);
  const [explanation] = JSON.parse(result.out || '[]') as Explanation[];
  assert.ok(explanation !== undefined, result.err);
  return [explanation, result];
}

const OPTED_OUT = { 'sidecar.istio.io/inject': 'false' };
const policy = (word: string) => INJECT_CONFIG.replace('policy: enabled', `policy: ${word}`);

describe('meshgate explain', () => {
  const causes: readonly (readonly [code: string, sentence: RegExp, parts: PodParts, config?: string])[] = [
    ['HOST_NETWORK', /^not injected: the pod uses the host network/, { spec: { hostNetwork: true } }],
    ['NAMESPACE_IGNORED', /^not injected: namespace kube-system is always ignored$/, { namespace: 'kube-system' }],
    ['INJECT_LABEL_FALSE', /label sidecar.istio.io\/inject=false/, { labels: OPTED_OUT }],
    ['INJECT_ANNOTATION_FALSE', /annotation sidecar.istio.io\/inject=false/, { annotations: OPTED_OUT }],
    [
      'NEVER_INJECT_SELECTOR',
      /neverInjectSelector \{"matchLabels":\{"team":"loner"\}\} matches/,
      { labels: { team: 'loner' } },
    ],
    ['POLICY_DISABLED', /the policy is "disabled"/, {}, policy('disabled')],
    ['POLICY_UNKNOWN', /neither "enabled" nor "disabled"/, {}, policy('on')],
    [
      'ANNOTATION_INVALID',
      /^denied: .*status.sidecar.istio.io\/port/,
      { annotations: { 'status.sidecar.istio.io/port': 'x' } },
    ],
    [
      'TEMPLATE_UNKNOWN',
      /^denied: .*"nothing"; there are extra, sidecar/,
      { annotations: { 'inject.istio.io/templates': 'sidecar,nothing' } },
    ],
    ['STATUS_ANNOTATION_INVALID', /^denied: /, { annotations: { 'sidecar.istio.io/status': '{"containers":1}' } }],
  ];
  for (const [code, sentence, parts, config] of causes) {
    it(`tells ${code}`, async () => {
      const [{ steps, verdict }, { code: exit }] = await explain(pod(parts), ...files(config));
      assert.equal(verdict.code, code);
      assert.match(verdict.sentence, sentence);
      assert.equal(steps.at(-1)?.code, code);
      assert.equal(steps.filter((step) => step.code !== undefined).length, 1);
      assert.equal(exit, verdict.kind === 'denied' ? 1 : 0);
    });
  }

  it('tells a template that fails on the pod', async () => {
    const failing = INJECT_CONFIG.replace('metadata:\n      labels', 'metadata: {{ fail "no luck" }}\n      labels');
    const [{ verdict }] = await explain(pod({}), ...files(failing));
    assert.equal(verdict.code, 'TEMPLATE_FAILED');
    assert.match(verdict.sentence, /no luck/);
  });

  it('tells that a pod was injected before', async () => {
    const input = space.write('deployment.yaml', DEPLOYMENT);
    await space.run('inject', '-f', input, '-o', space.path('once.yaml'), ...files());
    const [{ verdict, steps }] = await explain(space.read('once.yaml'), ...files());
    assert.equal(verdict.code, 'ALREADY_INJECTED');
    assert.equal(steps.at(-1)?.rule, 'earlierInjection');
  });

  const arrivals: readonly (readonly [
    code: string,
    labels: string,
    webhook: string,
    podLabels?: PodParts['labels'],
  ])[] = [
    ['NAMESPACE_LABEL_MISSING', 'team=a', 'all'],
    ['NAMESPACE_LABEL_DISABLED', 'istio-injection=disabled', 'all'],
    ['REVISION_MISMATCH', 'istio.io/rev=1-30', 'all'],
    ['REVISION_MISMATCH', 'istio-injection=enabled', 'rev.namespace'],
    ['INJECT_LABEL_FALSE', 'istio-injection=enabled', 'all', OPTED_OUT],
    ['', 'istio-injection=enabled', 'all'],
    ['', 'istio-injection=enabled', 'namespace'],
    ['', 'team=a', 'all', { 'sidecar.istio.io/inject': 'true' }],
    ['', 'team=a', 'auto'],
  ];
  for (const [code, labels, webhook, podLabels] of arrivals) {
    it(`looks at Istio's webhooks: ${labels}, ${webhook}: ${code || 'injected'}`, async () => {
      const args = ['--namespace-labels', labels, '--webhook', webhook];
      const [{ verdict, steps }] = await explain(pod({ ...(podLabels && { labels: podLabels }) }), ...files(), ...args);
      assert.equal(verdict.code, code);
      assert.equal(steps[0]?.rule, 'webhook');
    });
  }

  it('explains a recorded review without asking whether it came', async () => {
    const request = { uid: 'u', namespace: 'shop', operation: 'CREATE', object: pod({ namespace: '' }) };
    const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request };
    const [{ verdict, steps, subject }] = await explain(review, ...files(), '--namespace-labels', 'team=a');
    assert.equal(verdict.kind, 'injected');
    assert.equal(
      steps.some(({ rule }) => rule === 'webhook'),
      false,
    );
    assert.equal(subject, 'review of Pod shop/web');
  });

  it('explains by a policy source and a URL: its tags, its cluster, its ignored namespaces', async () => {
    const policies = join(checkout, 'policies');
    const source = ['--source', policies, '--request-path', '/inject/mesh/istio-prod/rev/canary/cluster/demo'];
    const [{ verdict, revision, mesh, steps }] = await explain(DEPLOYMENT, ...source, '--webhook', 'rev.namespace');
    assert.deepEqual([mesh, revision, verdict.code], ['istio-prod', '1-30', 'REVISION_MISMATCH']);
    assert.match(steps[0]?.says ?? '', /istio.io\/rev \(In 1-30, canary\)/);
    const [injected] = await explain(DEPLOYMENT, ...source, '--namespace-labels', 'istio.io/rev=canary');
    assert.match(
      injected.verdict.sentence,
      /^injected: the pod gets init containers istio-init, istio-proxy; volumes /,
    );
    const [other] = await explain(DEPLOYMENT, '--source', policies, '--mesh', 'log-agent', '-n', 'x');
    assert.equal(other.mesh, 'log-agent');
  });

  it('tells that a policy sends the pod to another revision', async () => {
    const policies = space.path('policies');
    cpSync(join(checkout, 'policies'), policies, { recursive: true });
    const pin = join(policies, 'pod-policies', 'pin-revision.yaml');
    writeFileSync(pin, readFileSync(pin, 'utf8').replace('suspend: true', 'suspend: false'));
    const asking = pod({ namespace: 'payments', labels: { 'sidecar.istio.io/inject': 'true' } });
    const source = ['--source', policies, '--mesh', 'istio-prod'];
    const [{ steps }] = await explain(asking, ...source);
    const step = steps.findLast(({ rule }) => rule === 'revision');
    assert.equal(step?.saw, 'label istio.io/rev=1-30, which a policy sets');
    assert.match(step?.says ?? '', /^revision 1-30 injects the pod, .* what follows is of 1-29$/);
    const [of] = await explain(asking, ...source, '--revision', '1-30');
    assert.equal(
      of.steps.some(({ rule }) => rule === 'revision'),
      false,
    );
  });

  it('prints the steps for people, and the sentence last', async () => {
    const { out, code } = await space.run('explain', space.write('in.json', pod({ labels: OPTED_OUT })), ...files());
    const lines = out.trimEnd().split('\n');
    assert.match(lines[0] ?? '', /^revision default behaves as release 1\.30\.2, told by its values$/);
    assert.match(lines[1] ?? '', /^ {2}does: .*\bvalidateInterfaces\b/);
    assert.match(lines[2] ?? '', /^ {2}does not: .*\bscrapeTargets\b/);
    assert.equal(lines[4], 'Pod shop/web (revision default)');
    assert.match(lines.at(-2) ?? '', /→ skip \[INJECT_LABEL_FALSE\]$/);
    assert.equal(lines.at(-1), 'not injected: the pod has label sidecar.istio.io/inject=false');
    assert.equal(code, 0);
  });

  it('refuses files without pods, and flags that contradict each other', async () => {
    const service = space.write('service.yaml', 'kind: Service\n');
    assert.equal((await space.run('explain', service, ...files())).code, 1);
    const both = ['--source', '.', '--mesh', 'a', '--request-path', '/inject'];
    assert.equal((await space.run('explain', service, ...both, '--path', 'policies')).code, 2);
    assert.equal((await space.run('explain', service, ...files(), '--namespace-labels', 'x')).code, 1);
    const input = space.write('pod.json', pod({}));
    assert.equal((await space.run('explain', input, ...files(), '--namespace-labels', 'x')).code, 2);
  });
});
