import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { inProcessCompiler } from '../cli/validate.ts';
import { checkSource } from './check.ts';
import { formatProblem } from './problem.ts';

async function problemsOf(text: string): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'meshgate-policies-'));
  try {
    const mesh = `apiVersion: meshgate.dev/v1alpha1
kind: Mesh
metadata: { name: edge }
spec: { provider: template, defaultRevision: v1 }
---
apiVersion: meshgate.dev/v1alpha1
kind: MeshRevision
metadata: { name: v1 }
spec: { mesh: edge, template: { template: { inline: "{}" } } }
`;
    writeFileSync(join(folder, 'mesh.yaml'), mesh);
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
