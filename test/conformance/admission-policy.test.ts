/** ValidatingAdmissionPolicies as the apiserver's validator decides them: recorded decisions (test/vectors/cel). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { Budget } from '../../workers/policy/cel/budget.ts';
import { createEnvironment } from '../../workers/policy/cel/environment.ts';
import { Policy, PolicyFailure } from '../../workers/policy/policy.ts';
import type { NamedExpression, PolicySource, ValidationSource } from '../../workers/policy/policy-source.ts';
import { PolicyProblems } from '../../workers/policy/problem.ts';
import { policyRequest } from '../../workers/policy/request.ts';
import type { JsonObject } from '../../workers/template/value.ts';

interface Spec {
  readonly validations: readonly ValidationSource[];
  readonly matchConditions?: readonly NamedExpression[];
  readonly variables?: readonly NamedExpression[];
  readonly auditAnnotations?: PolicySource['auditAnnotations'];
  readonly failurePolicy?: 'Fail' | 'Ignore';
}
interface Vector {
  readonly policy?: Spec;
  readonly decisions?: readonly { readonly action: string; readonly message?: string; readonly reason?: string }[];
  readonly annotations?: readonly (readonly [key: string, action: string, value: string])[];
}

const FOLDER = new URL('../vectors/cel/', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, FOLDER), 'utf8');
const vectors = read('vectors.ndjson')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Vector);
const data = JSON.parse(read('data.json')) as {
  object: JsonObject;
  request: JsonObject;
  namespace: { metadata: never };
};

const environment = createEnvironment();
const request = policyRequest({ ...data.request, object: data.object }, 'mesh', {
  namespace: data.namespace.metadata,
  owners: {},
  nodes: [],
  nodesKnown: false,
});

function policyOf(spec: Spec): Policy {
  const { validations, matchConditions = [], variables = [], auditAnnotations = [], failurePolicy = 'Fail' } = spec;
  const problems = new PolicyProblems();
  const source: PolicySource = {
    kind: 'ValidatingAdmissionPolicy',
    name: 'p',
    suspend: false,
    priority: 0,
    phase: 'AfterInjection',
    match: [],
    matchConditions,
    variables,
    mutations: [],
    validations: validations.map((each) => ({ ...each, actions: ['Deny'] })),
    auditAnnotations,
    skipInjection: false,
    failurePolicy,
  };
  const policy = new Policy(source, environment, problems);
  assert.deepEqual(problems.all, []);
  return policy;
}

/** Words of an error after the expression are the apiserver's own. */
function comparable({ action, message, reason }: NonNullable<Vector['decisions']>[number]) {
  const error = message?.includes('resulted in error') === true;
  return { action, message: error ? message.replace(/ resulted in error.*/, '') : message, reason };
}

for (const { policy: spec, decisions = [], annotations = [] } of vectors) {
  if (spec === undefined) continue;
  it(JSON.stringify(spec).slice(0, 160), () => {
    const policy = policyOf(spec);
    const action = spec.failurePolicy === 'Ignore' ? 'admit' : 'deny';
    const budget = new Budget();
    const activation = policy.activation(request, data.object, budget);
    const applies = policy.applies(activation, budget);
    if (applies instanceof PolicyFailure) {
      // What can not be matched is one decision by the failure policy, or under Ignore no decision at all.
      assert.deepEqual(
        decisions.map(comparable),
        action === 'admit' ? [] : [comparable({ action, message: applies.message })],
      );
      return;
    }
    const results = applies ? policy.validate(activation, budget) : [];
    const made = results.map((result) => {
      if (result === null) return { action: 'admit' };
      if (result instanceof PolicyFailure) return { action, message: result.message };
      return { action: 'deny', message: result.message, reason: result.reason };
    });
    assert.deepEqual(made.map(comparable), decisions.map(comparable));
    const notes = applies ? policy.annotate(activation, budget) : [];
    assert.deepEqual(
      notes.filter((note) => !(note instanceof PolicyFailure)),
      annotations.filter(([, what]) => what === 'publish').map(([key, , value]) => [key, value]),
    );
    if (annotations.some(([, what]) => what === 'error'))
      assert.ok(notes.some((note) => note instanceof PolicyFailure));
  });
}
