import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'node:test';
import { injectReview, NO_REVISION } from '../inject/inject.ts';
import { CompileError } from '../inject/provider.ts';
import { applyPatch } from '../jsonpatch/apply.ts';
import type { Operation } from '../jsonpatch/operation.ts';
import type { JsonObject } from '../template/value.ts';
import { CompiledPolicies } from './policy-set.ts';
import type { PolicySource } from './policy-source.ts';

function policy(name: string, changes: Partial<PolicySource>): PolicySource {
  return {
    kind: 'PodPolicy',
    name,
    suspend: false,
    priority: 0,
    phase: 'BeforeInjection',
    match: [],
    matchConditions: [],
    variables: [],
    mutations: [],
    validations: [],
    auditAnnotations: [],
    skipInjection: false,
    failurePolicy: 'Fail',
    ...changes,
  };
}

const POD: JsonObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', labels: { app: 'web' } },
  spec: { containers: [{ name: 'app', image: 'app:1' }] },
};

function ask(policies: readonly PolicySource[], object: JsonObject = POD, name?: string) {
  const compiled = new CompiledPolicies({ digest: 'd', policies });
  const request = {
    uid: 'u',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    resource: { group: '', version: 'v1', resource: 'pods' },
    namespace: 'shop',
    operation: 'CREATE',
    object,
  };
  const review = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request });
  const cluster = { namespace: { labels: { env: 'prod' }, annotations: {} }, owners: {}, nodes: [], nodesKnown: false };
  const task = { revision: NO_REVISION, review, params: {}, cluster };
  const { outcome, body } = injectReview(task, () => undefined, compiled.forName(name));
  const { response } = JSON.parse(body) as {
    response: {
      allowed: boolean;
      patch?: string;
      warnings?: string[];
      auditAnnotations?: Record<string, string>;
      status?: { code: number; message: string };
    };
  };
  const patch = JSON.parse(Buffer.from(response.patch ?? 'W10=', 'base64').toString()) as Operation[];
  return { outcome, response, pod: applyPatch(object, patch) as JsonObject };
}

const label = (key: string, value: string): PolicySource['mutations'] => [
  { type: 'merge', overlay: { metadata: { labels: { [key]: value } } } },
];

function problemsOf(changes: Partial<PolicySource>): readonly string[] {
  try {
    new CompiledPolicies({ digest: 'd', policies: [policy('p', changes)] });
    return [];
  } catch (error) {
    if (error instanceof CompileError)
      return error.problems.map(({ code, line, column }) => `${code} ${line}:${column}`);
    throw error;
  }
}

describe('policies alone', () => {
  it('run by priority, then name, and tell when they fight', () => {
    const { pod, response } = ask([
      policy('b', { mutations: label('x', 'b') }),
      policy('a', { mutations: label('x', 'a') }),
      policy('z', { priority: -1, mutations: label('x', 'z') }),
    ]);
    assert.deepEqual(pod['metadata'], { name: 'web', labels: { app: 'web', x: 'b' } });
    assert.deepEqual(response.warnings, [
      'policies z and a both set /metadata/labels/x; a wins',
      'policies a and b both set /metadata/labels/x; b wins',
    ]);
  });

  it('are found by labels of pod and namespace, and by name', () => {
    const byNamespace = {
      resourceRules: [],
      excludeResourceRules: [],
      namespaceSelector: { matchLabels: { env: 'prod' } },
    };
    const elsewhere = { ...byNamespace, namespaceSelector: { matchLabels: { env: 'test' } } };
    const byObject = { resourceRules: [], excludeResourceRules: [], objectSelector: { matchLabels: { app: 'web' } } };
    const all = [
      policy('one', { match: [byNamespace], mutations: label('one', '1') }),
      policy('two', { match: [elsewhere], mutations: label('two', '2') }),
      policy('three', { match: [byObject], mutations: label('three', '3') }),
    ];
    assert.deepEqual((ask(all).pod['metadata'] as JsonObject)['labels'], { app: 'web', one: '1', three: '3' });
    assert.deepEqual((ask(all, POD, 'three').pod['metadata'] as JsonObject)['labels'], { app: 'web', three: '3' });
  });

  it('deny with their name and the status of the reason', () => {
    const { outcome, response } = ask([
      policy('strict', {
        validations: [{ expression: 'false', message: 'no', reason: 'Forbidden', actions: ['Deny'] }],
      }),
    ]);
    assert.deepEqual(outcome, {
      kind: 'denied',
      code: 'POLICY_DENIED',
      message: "PodPolicy 'strict' denied request: no",
    });
    assert.equal(response.status?.code, 403);
  });

  it('follow their failurePolicy where an expression fails', () => {
    const validations = [{ expression: 'object.nothing == 1', actions: ['Deny'] as const }];
    assert.equal(ask([policy('p', { validations })]).outcome.kind, 'denied');
    assert.equal(ask([policy('p', { validations, failurePolicy: 'Ignore' })]).outcome.kind, 'patched');
  });

  it('cut warnings to the contract', () => {
    const validations = Array.from({ length: 60 }, () => ({
      expression: 'false',
      messageExpression: `'${'x'.repeat(400)}'`,
      actions: ['Warn'] as const,
    }));
    const { warnings = [] } = ask([policy('p', { validations })]).response;
    assert.ok(warnings.every((warning) => warning.length <= 120));
    assert.ok(warnings.join('').length <= 4_096);
    assert.match(warnings.at(-1) ?? '', /more warnings are not shown/);
  });
});

describe('hostile policies and pods', () => {
  it('a runaway expression ends in a coded denial', () => {
    const numbers = 'lists.range(1000)';
    const expression = `${numbers}.all(a, ${numbers}.all(b, ${numbers}.all(c, a + b + c >= 0)))`;
    const { outcome } = ask([
      policy('p', { validations: [{ expression: `${expression} || true`, actions: ['Deny'] }] }),
    ]);
    assert.equal(outcome.kind === 'denied' ? outcome.code : outcome.kind, 'POLICY_LIMIT');
  });

  it('a text that doubles without end does too', () => {
    const variables = Array.from({ length: 40 }, (_, index) => ({
      name: `v${index}`,
      expression: index === 0 ? "'xxxxxxxx'" : `variables.v${index - 1} + variables.v${index - 1}`,
    }));
    const validations = [{ expression: 'size(variables.v39) > 0', actions: ['Deny'] as const }];
    const { outcome } = ask([policy('p', { variables, validations })]);
    assert.equal(outcome.kind === 'denied' ? outcome.code : outcome.kind, 'POLICY_LIMIT');
  });

  it('a message of megabytes is not used', () => {
    const messageExpression = `lists.range(1000).map(i, '${'x'.repeat(900)}').join()`;
    const validations = [{ expression: 'false', message: 'short', messageExpression, actions: ['Deny'] as const }];
    const { outcome } = ask([policy('p', { validations })]);
    assert.equal(outcome.kind === 'denied' ? outcome.message : '', "PodPolicy 'p' denied request: short");
  });

  it('names of prototypes are members like any other, or none', () => {
    const object = JSON.parse(
      '{"metadata":{"name":"a","labels":{"__proto__":"x","constructor":"y"}},"spec":{"containers":[]}}',
    ) as JsonObject;
    const holds = [
      "object.metadata.labels['__proto__'] == 'x'",
      "object.metadata.labels.constructor == 'y'",
      '!has(object.spec.constructor)',
      "!('toString' in object.spec)",
      'object.metadata.labels.size() == 2',
    ];
    const validations = holds.map((expression) => ({ expression, actions: ['Deny'] as const }));
    assert.deepEqual(ask([policy('p', { validations })], object).outcome, { kind: 'patched' });
  });

  it('patterns that would run away elsewhere match in linear time', () => {
    const object = { ...POD, metadata: { name: `${'a'.repeat(50_000)}!` } };
    const validations = [{ expression: "object.metadata.name.matches('^(a+)+$')", actions: ['Deny'] as const }];
    const { outcome } = ask([policy('p', { validations })], object);
    assert.equal(outcome.kind, 'denied');
  });

  it('expressions that are too long, too deep or wrong are told with their place', () => {
    const of = (expression: string) => problemsOf({ validations: [{ expression, actions: ['Deny'] }] });
    assert.deepEqual(of(`${'!'.repeat(15_000)}true`), ['CEL_LIMIT 1:1']);
    assert.deepEqual(of('x'.repeat(20_000)), ['CEL_LIMIT 1:1']);
    assert.match(of(`${'('.repeat(300)}1${')'.repeat(300)} == 1`)[0] ?? '', /^CEL_LIMIT/);
    assert.deepEqual(of('true &&\n  object.metadata.name.nope()'), ['CEL_TYPE 2:3']);
    assert.deepEqual(of('1 +'), ['CEL_SYNTAX 1:4']);
    assert.deepEqual(of('1 + 1'), ['CEL_TYPE undefined:undefined']);
    assert.match(of("'a'.matches('(')")[0] ?? '', /^CEL_TYPE/);
  });
});
