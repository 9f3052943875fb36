import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { corpusSkip } from '../../test/conformance/corpus.ts';
import { type ProviderName, type ReviewCase, reviewCases } from '../../test/conformance/review-case.ts';
import { compileRevision } from '../../workers/inject/compile.ts';
import { injectReview } from '../../workers/inject/inject.ts';
import type { CompiledRevision } from '../../workers/inject/provider.ts';
import { applyPatch } from '../../workers/jsonpatch/apply.ts';
import type { Operation } from '../../workers/jsonpatch/operation.ts';
import { firstDifference } from '../../workers/kube/pod-compare.ts';
import type { Outcome } from '../../workers/protocol.ts';
import { isJsonObject, type JsonObject } from '../../workers/template/value.ts';
import { jsonWithin } from '../diff/list-entries.ts';
import { redactObject, redactReview } from './redact.ts';
import { isSecretName, REDACTED, redactText } from './redact-text.ts';

function podReview(object: JsonObject, request: JsonObject = {}): JsonObject {
  return { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request: { uid: 'u', ...request, object } };
}

describe('what is taken out of a review', () => {
  const SECRETS = {
    variable: 'hunter2hunter2',
    argument: 'correcthorse',
    following: 'batterystaple',
    header: 'dXNlcjpwYXNzd29yZA==',
    annotation: 'sesame-open',
    applied: 'copied-value',
    overrides: 'value-before-injection',
    jwt: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U',
    url: 'p4ssw0rd-of-url',
    volume: 'attribute-secret',
    extra: 'scope-of-person',
    person: 'ann@example.com',
    key: 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC',
  };
  const pod: JsonObject = {
    metadata: {
      name: 'web',
      labels: { app: 'web' },
      annotations: {
        'kubectl.kubernetes.io/last-applied-configuration': `{"env":"${SECRETS.applied}"}`,
        'example.com/db-password': SECRETS.annotation,
        'example.com/note': `seen with Bearer ${SECRETS.jwt}`,
        'proxy.istio.io/config': 'tokenPath: /var/run/t\nconcurrency: 2\n',
        'sidecar.istio.io/proxyCPU': '100m',
        'proxy.istio.io/overrides': JSON.stringify({
          containers: [{ name: 'app', env: [{ name: 'PLAIN', value: SECRETS.overrides }] }],
        }),
      },
    },
    spec: {
      containers: [
        {
          name: 'app',
          image: 'app:1',
          env: [
            { name: 'PLAIN', value: SECRETS.variable },
            { name: 'EMPTY', value: '' },
            { name: 'FROM', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } },
          ],
          args: [`--token=${SECRETS.argument}`, '--password', SECRETS.following, `postgres://user:${SECRETS.url}@db/x`],
          command: ['sh', '-c', `echo "-----BEGIN PRIVATE KEY-----\n${SECRETS.key}\n-----END PRIVATE KEY-----"`],
          ports: [{ containerPort: 80 }],
          readinessProbe: {
            httpGet: { port: 80, path: '/ready', httpHeaders: [{ name: 'Authorization', value: SECRETS.header }] },
          },
        },
        { name: 'istio-proxy', image: 'auto', env: [{ name: 'ISTIO_META_X', value: 'kept' }] },
      ],
      volumes: [
        { name: 'v', secret: { secretName: 'db' } },
        { name: 'c', csi: { driver: 'd', volumeAttributes: { clientSecret: SECRETS.volume } } },
      ],
    },
  };
  const userInfo = {
    username: SECRETS.person,
    uid: '1',
    groups: ['system:masters', 'hr'],
    extra: { s: [SECRETS.extra] },
  };
  const redacted = redactReview(podReview(pod, { userInfo }));
  const { request } = redacted as { request: { object: JsonObject; userInfo: JsonObject } };

  for (const [name, secret] of Object.entries(SECRETS)) {
    it(`takes out the ${name}`, () => {
      assert.ok(JSON.stringify(podReview(pod, { userInfo })).includes(secret), 'the review should hold it');
      assert.ok(!JSON.stringify(redacted).includes(secret), JSON.stringify(redacted, null, 1));
    });
  }

  it('keeps what injection reads', () => {
    const { metadata, spec } = request.object as {
      metadata: JsonObject;
      spec: { containers: JsonObject[] } & JsonObject;
    };
    assert.deepEqual(metadata['labels'], { app: 'web' });
    const { 'proxy.istio.io/config': config, 'sidecar.istio.io/proxyCPU': cpu } = metadata['annotations'] as JsonObject;
    assert.deepEqual([config, cpu], ['tokenPath: /var/run/t\nconcurrency: 2\n', '100m']);
    const [app, proxy] = spec.containers;
    assert.deepEqual(app?.['env'], [
      { name: 'PLAIN', value: REDACTED },
      { name: 'EMPTY', value: '' },
      { name: 'FROM', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } },
    ]);
    assert.deepEqual([app?.['image'], app?.['ports']], ['app:1', [{ containerPort: 80 }]]);
    assert.deepEqual(proxy?.['env'], [{ name: 'ISTIO_META_X', value: 'kept' }]);
    assert.deepEqual((spec['volumes'] as JsonObject[])[0], { name: 'v', secret: { secretName: 'db' } });
  });

  it("keeps of the user only the cluster's own names", () => {
    assert.deepEqual(request.userInfo, { username: REDACTED, groups: ['system:masters'] });
  });

  it('leaves the review that it is given as it is', () => {
    const before = JSON.stringify(pod);
    redactObject(pod);
    assert.equal(JSON.stringify(pod), before);
  });

  it('takes out whole what is too long to be searched', () => {
    assert.equal(redactText('x'.repeat(70_000)), REDACTED);
  });

  // The keys are put together here so that nobody's scanner takes them for real ones.
  const letters = 'aB3'.repeat(12);
  for (const [text, kept] of [
    [`AKIA${'A1'.repeat(8)}`, ''],
    [`ghp_${letters}`, ''],
    [`github_pat_${letters}`, ''],
    [`glpat-${letters}`, ''],
    [`xoxb-${letters}`, ''],
    [`AIza${letters}`, ''],
    [`sk_live_${letters}`, ''],
    [`-----BEGIN RSA PRIVATE KEY-----\n${letters}\n-----END RSA PRIVATE KEY-----`, ''],
    [`authorization: basic ${letters}`, 'authorization: basic '],
    [`https://ann:${letters}@example.com/`, 'https://'],
    [`private_key=${letters}`, 'private_key='],
    [`{"accessKey": "${letters}"}`, '{"accessKey": "'],
    [`x-api-key: ${letters}`, 'x-api-key: '],
  ] as const) {
    it(`takes the secret out of ${text.slice(0, 12)}…`, () => {
      const redacted = redactText(text);
      assert.ok(redacted.startsWith(`${kept}${REDACTED}`), redacted);
      assert.ok(!redacted.includes('aB3') && !redacted.includes('A1A1'), redacted);
    });
  }

  it('leaves other texts as they are', () => {
    const texts = [
      '/bin/sh -c "sleep 5"',
      'https://example.com/a?b=c',
      'nginx:1.25',
      'tokenPath: ',
      'basic auth is off',
    ];
    assert.deepEqual(texts.map(redactText), texts);
  });

  it('knows names of secrets', () => {
    const names = ['DB_PASSWORD', 'apiKey', 'X-Auth-Token', 'AWS_SECRET_ACCESS_KEY', 'set-cookie'];
    assert.deepEqual(
      names.filter((name) => !isSecretName(name)),
      [],
    );
    assert.deepEqual(['PORT', 'LOG_LEVEL', 'path', 'KEYBOARD'].filter(isSecretName), []);
  });
});

describe('a redacted review is answered as the review itself', { skip: corpusSkip() }, () => {
  const compiled = new Map<string, CompiledRevision>();

  function inject(each: ReviewCase, body: string): { outcome: Outcome; patch: readonly Operation[] } {
    const key = createHash('sha256').update(JSON.stringify(each.spec)).digest('hex');
    const known = compiled.get(key) ?? compileRevision({ digest: key, mesh: 'm', name: 'r', spec: each.spec });
    compiled.set(key, known);
    const task = { revision: key, review: body, params: {}, cluster: each.cluster };
    const { outcome, body: answer } = injectReview(task, () => known);
    const { response } = JSON.parse(answer) as { response: { patch?: string } };
    const patch = JSON.parse(Buffer.from(response.patch ?? '', 'base64').toString() || '[]');
    return { outcome, patch };
  }

  /** Without secrets, and with texts of JSON in one notation. */
  function comparable(pod: JsonObject): JsonObject {
    const redacted = redactObject(pod);
    const { metadata } = redacted;
    if (!isJsonObject(metadata) || !isJsonObject(metadata['annotations'])) return redacted;
    const annotations = Object.entries(metadata['annotations']).map(([key, text]) => {
      const within = jsonWithin(text);
      return [key, within === undefined ? text : JSON.stringify(within)] as const;
    });
    return { ...redacted, metadata: { ...metadata, annotations: Object.fromEntries(annotations) } };
  }

  /** Reviews whose object is JSON, of one set: releases repeat the requests of the others. */
  function* cases(provider: ProviderName): Generator<ReviewCase> {
    for (const each of reviewCases(provider)) {
      if (each.set.startsWith('releases/') || each.object === null || each.set === 'edge') continue;
      yield each;
    }
  }

  for (const provider of ['istio', 'linkerd'] as const) {
    it(`by ${provider}`, () => {
      let patched = 0;
      let changed = 0;
      for (const each of cases(provider)) {
        const review = JSON.parse(each.body) as JsonObject;
        const redacted = redactReview(review);
        const { object } = redacted['request'] as { object: JsonObject };
        const original = inject(each, each.body);
        const replayed = inject(each, JSON.stringify(redacted));
        assert.deepEqual(replayed.outcome, original.outcome, each.id);
        const wanted = comparable(applyPatch(each.object ?? {}, original.patch) as JsonObject);
        const made = comparable(applyPatch(object, replayed.patch) as JsonObject);
        assert.equal(firstDifference(wanted, made), null, each.id);
        if (original.outcome.kind === 'patched') patched++;
        if (JSON.stringify(review) !== JSON.stringify(redacted)) changed++;
      }
      assert.ok(patched > 100 && changed > 50, `${patched} patched, ${changed} changed`);
    });
  }
});
