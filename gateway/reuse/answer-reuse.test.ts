import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileRevision } from '../../workers/inject/compile.ts';
import { injectReview } from '../../workers/inject/inject.ts';
import { NO_CLUSTER, revisionSpec } from '../../workers/inject/istio/fixture.ts';
import type { CompiledRevision } from '../../workers/inject/provider.ts';
import type { InjectTask, RevisionSource } from '../../workers/protocol.ts';
import type { JsonObject } from '../../workers/template/value.ts';
import type { Route } from '../routing/router.ts';
import { ANSWERS_OF_WORKLOAD, AnswerReuse, VAIN_LIMIT } from './answer-reuse.ts';

/** Templates that look at what replicas differ in, each in another way, and one that does not. */
const TEMPLATES: Readonly<Record<string, string>> = {
  blind:
    'metadata: {labels: {app-name: {{ .DeploymentMeta.Name | quote }}}}\nspec: {containers: [{name: istio-proxy, image: a}]}',
  name: 'metadata: {labels: {pod: {{ .ObjectMeta.Name | default "none" | quote }}}}',
  nameLength: 'metadata: {labels: {length: {{ len .ObjectMeta.Name | quote }}}}',
  wholeMetadata: 'metadata: {annotations: {digest: {{ toJSON .ObjectMeta | sha256sum | quote }}}}',
  volumes: 'metadata: {labels: {volume: {{ (index .Spec.Volumes 0).Name | trunc -3 | quote }}}}',
  volumeBranch: 'metadata: {labels: {has: {{ range .Spec.Volumes }}{{ if hasSuffix "a" .Name }}x{{ end }}{{ end }}y}}',
  mounts:
    'metadata: {labels: {m: {{ range .Spec.Containers }}{{ range .VolumeMounts }}{{ .Name | sha1sum }}{{ end }}{{ end }}z}}',
  wholeContainer: 'metadata: {annotations: {c: {{ index .Spec.Containers 0 | toJSON | sha256sum | quote }}}}',
  sameVolume: 'spec: {volumes: [{name: kube-api-access-aaaaa, emptyDir: {}}]}',
};

function sourceOf(template: string): RevisionSource {
  const injectConfig = `policy: enabled\ndefaultTemplates: [t]\ntemplates:\n  t: |\n${template.replaceAll(/^/gm, '    ')}\n`;
  return { digest: template, mesh: 'mesh', name: 'r', spec: revisionSpec({ injectConfig }) };
}

const policies = join(import.meta.dirname, '..', '..', 'policies', 'linkerd-prod');
const LINKERD: RevisionSource = {
  digest: 'linkerd',
  mesh: 'mesh',
  name: 'l',
  spec: {
    provider: 'linkerd',
    values: readFileSync(join(policies, '2-19', 'values.yaml'), 'utf8'),
    trustAnchors: readFileSync(join(policies, 'example-trust-anchors.pem'), 'utf8'),
    controlPlaneNamespace: 'linkerd',
  },
};

const REVISIONS: readonly CompiledRevision[] = [...Object.values(TEMPLATES).map(sourceOf), LINKERD].map((source) =>
  compileRevision(source),
);

const token = fc.constantFrom('aaaaa', 'bbbbb', 'x1y2z');
const podName = fc.constantFrom('', 'web-1', 'web-22', 'web-aaaaa');

interface Drawn {
  readonly uid: string;
  readonly name: string;
  readonly token: string;
  readonly mountToken: string;
  readonly label: string;
  readonly owner: boolean;
  readonly container: string;
  readonly annotation: string;
  readonly proxy: boolean;
}

const drawn: fc.Arbitrary<Drawn> = fc.record({
  uid: fc.uuid(),
  name: podName,
  token,
  mountToken: fc.oneof({ weight: 5, arbitrary: fc.constant('') }, token),
  label: fc.oneof({ weight: 4, arbitrary: fc.constant('one') }, podName),
  owner: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, fc.boolean()),
  container: fc.constantFrom('app', 'app', 'app', 'kube-api-access-aaaaa', 'kube-api-access-bbbbb'),
  annotation: fc.constantFrom('', '', '', 'kube-api-access-aaaaa', 'kube-api-access-bbbbb', 'say "uid":"'),
  proxy: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.boolean()),
});

function reviewOf(pod: Drawn): string {
  const volume = `kube-api-access-${pod.token}`;
  const mount = {
    name: `kube-api-access-${pod.mountToken || pod.token}`,
    mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
  };
  const object: JsonObject = {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      ...(pod.name === '' ? {} : { name: pod.name }),
      generateName: 'web-',
      labels: { app: pod.label },
      annotations: { 'linkerd.io/inject': 'enabled', ...(pod.annotation === '' ? {} : { note: pod.annotation }) },
      ...(pod.owner
        ? {
            ownerReferences: [
              { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-5f', uid: 'u', controller: true },
            ],
          }
        : {}),
    },
    spec: {
      volumes: [{ name: volume, emptyDir: {} }],
      containers: [
        { name: pod.container, image: 'app:1', resources: {}, volumeMounts: [mount] },
        ...(pod.proxy ? [{ name: 'istio-proxy', image: 'auto', resources: {}, volumeMounts: [mount] }] : []),
      ],
    },
    status: {},
  };
  return JSON.stringify({
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: pod.uid,
      kind: { group: '', version: 'v1', kind: 'Pod' },
      ...(pod.name === '' ? {} : { name: pod.name }),
      namespace: 'shop',
      operation: 'CREATE',
      object,
    },
  });
}

/** Answers as the gateway does: from what was kept, or from a worker. */
class Answering {
  readonly #reuse = new AnswerReuse();
  readonly #revision: CompiledRevision;
  readonly #route: Route;
  reused = 0;

  constructor(revision: CompiledRevision) {
    this.#revision = revision;
    this.#route = { revision: revision.source } as Route;
  }

  answer(review: string): { body: string; kind: string } {
    const bytes = Buffer.from(review);
    const found = this.#reuse.find(this.#route, bytes);
    if (found !== null) {
      this.reused++;
      return { body: found.body, kind: found.outcome.kind };
    }
    const candidate = this.#reuse.consider(bytes);
    const result = inject(this.#revision, review, candidate?.text.question);
    if (candidate !== null) {
      const timing = { injectMs: 0, compileMs: 0 };
      this.#reuse.keep(candidate, { asked: this.#route, served: this.#route }, 'admission.k8s.io/v1', {
        ...result,
        timing,
      });
    }
    return { body: result.body, kind: result.outcome.kind };
  }
}

function inject(revision: CompiledRevision, review: string, reuse?: InjectTask['reuse']) {
  const task = { revision: revision.source.digest, review, params: {}, cluster: NO_CLUSTER };
  return injectReview(reuse === undefined ? task : { ...task, reuse }, () => revision);
}

/** Pods of which most are replicas of one, as far as their names go. */
const pods: fc.Arbitrary<Drawn[]> = fc
  .tuple(drawn, fc.array(drawn, { minLength: 4, maxLength: 16 }))
  .map(([base, all]) =>
    all.map((pod, index) => {
      if (index % 4 === 3) return pod;
      return {
        ...base,
        uid: pod.uid,
        token: pod.token,
        ...(base.name === '' || pod.name === '' ? {} : { name: pod.name }),
      };
    }),
  );

test('no pod ever gets the answer of a different one, whatever templates look at', () => {
  let reused = 0;
  fc.assert(
    fc.property(fc.nat(REVISIONS.length - 1), pods, (at, drawnPods) => {
      const revision = REVISIONS[at] as CompiledRevision;
      const answering = new Answering(revision);
      for (const pod of drawnPods) {
        const review = reviewOf(pod);
        const own = inject(revision, review);
        assert.deepEqual(answering.answer(review), { body: own.body, kind: own.outcome.kind }, review);
      }
      reused += answering.reused;
    }),
    { numRuns: 600 },
  );
  assert.ok(reused > 200, `only ${reused} answers were reused`);
});

/** Reviews of one workload that differ in nothing but the names. */
function replicas(count: number, changes: Partial<Drawn> = {}): string[] {
  return Array.from({ length: count }, (_, index) => {
    const suffix = index.toString(36).padStart(5, 'a');
    const names = { uid: `uid-${index}`, name: `web-${suffix}`, token: suffix, mountToken: '' };
    const same = { label: 'one', owner: true, container: 'app', annotation: '', proxy: false };
    return reviewOf({ ...names, ...same, ...changes });
  });
}

test('the replicas of a workload are answered from its second pod on, by Istio and by Linkerd meshes', () => {
  for (const revision of [REVISIONS[0] as CompiledRevision, REVISIONS.at(-1) as CompiledRevision]) {
    const answering = new Answering(revision);
    for (const review of replicas(50)) {
      const own = inject(revision, review);
      assert.equal(own.outcome.kind, 'patched');
      assert.equal(answering.answer(review).body, own.body);
    }
    assert.equal(answering.reused, 48);
  }
});

test('workloads of one name that are more than there are places for stop taking them from each other', () => {
  const answering = new Answering(REVISIONS[0] as CompiledRevision);
  const workloads = Array.from({ length: 3 * ANSWERS_OF_WORKLOAD }, (_, index) => replicas(40, { label: `l${index}` }));
  const reusedBy = (round: number): number => {
    const before = answering.reused;
    for (const reviews of workloads) answering.answer(reviews[round] as string);
    return answering.reused - before;
  };
  for (let round = 0; round < 2 + VAIN_LIMIT; round++) reusedBy(round);
  for (let round = 2 + VAIN_LIMIT; round < 40; round++) {
    assert.equal(reusedBy(round), ANSWERS_OF_WORKLOAD, `the answers that were kept last are found in round ${round}`);
  }
});

test('a template that looks at what differs is asked about each pod', () => {
  Object.keys(TEMPLATES).forEach((name, at) => {
    if (name === 'blind') return;
    const answering = new Answering(REVISIONS[at] as CompiledRevision);
    for (const review of replicas(20)) answering.answer(review);
    assert.equal(answering.reused, 0, name);
  });
});

test('a review that differs in one byte elsewhere gets an answer of its own', () => {
  const answering = new Answering(REVISIONS[0] as CompiledRevision);
  const [first = '', second = '', third = ''] = replicas(3);
  answering.answer(first);
  answering.answer(second);
  for (let at = 0; at < third.length; at += 7) {
    const changed = `${third.slice(0, at)}${third[at] === 'q' ? 'p' : 'q'}${third.slice(at + 1)}`;
    const own = inject(REVISIONS[0] as CompiledRevision, changed);
    assert.equal(answering.answer(changed).body, own.body, `at ${at}`);
  }
});
