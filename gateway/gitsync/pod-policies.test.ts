import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { inProcessCompiler } from '../cli/validate.ts';
import { checkSource } from './check.ts';
import { formatProblem } from './problem.ts';

const MESH = `apiVersion: meshgate.dev/v1alpha1
kind: Mesh
metadata: { name: edge }
spec: { provider: template, defaultRevision: v1 }
---
apiVersion: meshgate.dev/v1alpha1
kind: MeshRevision
metadata: { name: v1 }
spec: { mesh: edge, template: { template: { inline: "{}" } } }
`;

async function problemsOf(text: string): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'meshgate-policies-'));
  try {
    writeFileSync(join(folder, 'mesh.yaml'), MESH);
    writeFileSync(join(folder, 'p.yaml'), text);
    const { problems } = await checkSource({ source: folder, compile: await inProcessCompiler(), environment: {} });
    return problems.map(formatProblem);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const ADMISSION = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: { name: demo, labels: { any: thing } }
spec:
  matchConstraints:
    resourceRules:
      - { apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods] }
  validations:
    - expression: object.spec.containers.size() > 0
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: { name: demo }
spec: { policyName: demo, validationActions: [Deny] }
`;

it("takes Kubernetes' own policies as they are", async () => {
  assert.deepEqual(await problemsOf(ADMISSION), []);
});

it('tells what a policy asks of the cluster, what has no binding, and kinds that are not read', async () => {
  const text = ADMISSION.replace('spec:\n  match', 'spec:\n  paramKind: { apiVersion: v1, kind: ConfigMap }\n  match')
    .replace('object.spec.containers.size() > 0', 'authorizer.group("").resource("pods").check("get").allowed()')
    .replace('policyName: demo', 'policyName: dema');
  const other = `---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: { name: m }
`;
  const told = (await problemsOf(text + other)).map((each) =>
    each.replace(/error: .*\[/, '[').replace(/warning: .*\[/, '['),
  );
  assert.deepEqual(told, [
    'p.yaml:3:19: [POLICY_UNBOUND]',
    'p.yaml:5:14: [POLICY_UNSUPPORTED]',
    'p.yaml:10:19: [POLICY_UNSUPPORTED]',
    'p.yaml:15:21: [POLICY_UNDEFINED]',
    'p.yaml:18:7: [POLICY_KIND_UNSUPPORTED]',
  ]);
});

it('checks a policy that nothing binds, and asks it of nothing', async () => {
  const [unbound = ''] = ADMISSION.split('---');
  const broken = unbound
    .replace('resourceRules', 'objectSelector: { matchExpressions: [{ key: a, operator: Near }] }\n    resourceRules')
    .replace('size() > 0', 'size() + "x"');
  const told = (await problemsOf(broken)).map((each) => each.replace(/: (error|warning): .*\[/, ': $1 ['));
  assert.deepEqual(told, [
    'p.yaml:3:19: warning [POLICY_UNBOUND]',
    'p.yaml:6:62: error [POLICY_SELECTOR_INVALID]',
    'p.yaml:10:19: error [CEL_TYPE]',
  ]);
  assert.match(
    (await problemsOf(unbound)).join('\n'),
    /^p\.yaml:3:19: warning: policy demo has no [^\n]*\[POLICY_UNBOUND\]$/,
  );
});

it('does not take a member or a text for the authorizer', async () => {
  const policy = (expression: string) => ADMISSION.replace('object.spec.containers.size() > 0', expression);
  assert.deepEqual(await problemsOf(policy(`"object.metadata.?labels.?app.orValue('') != 'my authorizer'"`)), []);
  assert.deepEqual(await problemsOf(policy('object.spec.?authorizer.hasValue() == false')), []);
  const told = await problemsOf(policy(`"object.metadata.name != 'x' && authorizer.path('/').check('get').allowed()"`));
  assert.match(told[0] ?? '', /^p\.yaml:9:19: error: authorizer asks the cluster .* \[POLICY_UNSUPPORTED\]$/);
});

it('takes a rule for resources of the cluster for one that no pod meets', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'meshgate-policies-'));
  try {
    writeFileSync(join(folder, 'mesh.yaml'), MESH);
    writeFileSync(
      join(folder, 'p.yaml'),
      ADMISSION.replace('resources: [pods] }', 'resources: ["*"], scope: Cluster }'),
    );
    const { snapshot } = await checkSource({ source: folder, compile: await inProcessCompiler(), environment: {} });
    const [policy] = snapshot?.policies?.policies ?? [];
    assert.deepEqual(
      policy?.match.map(({ resourceRules }) => resourceRules),
      [[{ apiGroups: [''], apiVersions: ['v1'], operations: [], resources: ['*'] }], []],
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('places faults of expressions, selectors, patches and templates in the file, all at once', async () => {
  const text = `apiVersion: meshgate.dev/v1alpha1
kind: PodPolicy
metadata: { name: broken }
spec:
  match:
    objectSelector: { matchExpressions: [{ key: a, operator: Near }] }
    matchConditions:
      - name: one
        expression: |
          true &&
          object.spec.nope()
  mutations:
    - jsonPatch: [{ op: put, path: /a, value: 1 }]
    - merge: { spec: { contaners: [] } }
    - template:
        inline: |
          a
          {{ if }}
  validations:
    - expression: 1 + 1
`;
  const told = (await problemsOf(text)).map((each) => each.replace(/error: .*\[/, '['));
  assert.deepEqual(told, [
    'p.yaml:6:62: [POLICY_SELECTOR_INVALID]',
    'p.yaml:11:11: [CEL_TYPE]',
    'p.yaml:13:19: [POLICY_MUTATION_INVALID]',
    'p.yaml:14:14: [POLICY_MUTATION_INVALID]',
    'p.yaml:18:17: [TEMPLATE_SYNTAX]',
    'p.yaml:20:19: [CEL_TYPE]',
  ]);
});
