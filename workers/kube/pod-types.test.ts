import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileTemplate } from '../template/engine.ts';
import { marshalGoJson } from '../template/gojson.ts';
import { GoRef, type JsonObject } from '../template/value.ts';
import { CONTAINER, goType, OBJECT_META, POD, POD_SPEC } from './pod-types.ts';

const pod: JsonObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', labels: { a: 'b' }, ownerReferences: [{ kind: 'ReplicaSet', name: 'r', controller: true }] },
  spec: {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    containers: [
      {
        name: 'a',
        ports: [{ containerPort: 80, protocol: 'TCP' }],
        readinessProbe: { httpGet: { port: 8080, path: '/r' } },
        livenessProbe: { httpGet: { port: '81' } },
        resources: { limits: { cpu: '1500m' } },
      },
      { name: 'b' },
    ],
    volumes: [
      { name: 'v', emptyDir: { sizeLimit: '1500m' } },
      { name: 'c', configMap: { name: 'cm', defaultMode: 420 } },
    ],
  },
};

function render(template: string): string {
  return compileTemplate('t', template, new Map()).render(new GoRef({ kind: 'pointer', elem: POD }, pod));
}

// What Go's text/template prints for the same pod, decoded into a corev1.Pod.
const rendered: readonly (readonly [string, string])[] = [
  ['{{.Name}} {{.ObjectMeta.Name}} {{.GetName}} {{.Kind}} {{.TypeMeta.Kind}} {{.Labels}}', 'p p p Pod Pod map[a:b]'],
  [
    '{{.Spec.HostNetwork}} {{.Spec.RestartPolicy}} {{printf "%T" .Spec.RestartPolicy}}',
    'false Always v1.RestartPolicy',
  ],
  ['{{if .Spec.ActiveDeadlineSeconds}}set{{else}}unset{{end}} {{.Spec.ActiveDeadlineSeconds}}', 'unset <nil>'],
  [
    '{{range .Spec.Containers}}{{.Name}}{{range .Ports}}:{{.ContainerPort}}/{{.Protocol}}{{end}} {{end}}',
    'a:80/TCP b ',
  ],
  [
    '{{with (index .Spec.Containers 0).ReadinessProbe}}{{.HTTPGet.Port}} {{.HTTPGet.Port.IntValue}} {{.HTTPGet.Port.Type}} {{.ProbeHandler.HTTPGet.Path}}{{end}}',
    '8080 8080 0 /r',
  ],
  [
    '{{with (index .Spec.Containers 0).LivenessProbe}}{{.HTTPGet.Port.StrVal}} {{.HTTPGet.Port.IntValue}} {{.HTTPGet.Port.IntVal}} {{.HTTPGet.Port.Type}}{{end}}',
    '81 81 0 1',
  ],
  [
    '{{range .Spec.Volumes}}{{with .EmptyDir}}{{.SizeLimit}} {{.SizeLimit.Value}} {{.SizeLimit.MilliValue}}{{end}}{{with .VolumeSource.ConfigMap}}{{.Name}} {{.DefaultMode}}{{end}};{{end}}',
    '1500m 2 1500;cm 420;',
  ],
  [
    '{{(index .OwnerReferences 0).Kind}} {{(index .OwnerReferences 0).Controller}} {{len .Spec.InitContainers}}',
    'ReplicaSet true 0',
  ],
  ['{{printf "%T %T" .Spec.Containers .Spec.SecurityContext}}', '[]v1.Container *v1.PodSecurityContext'],
];
for (const [template, text] of rendered) {
  test(`renders as in Go: ${template}`, () => assert.equal(render(template), text));
}

for (const template of [
  '{{(index .Spec.Containers 1).ReadinessProbe.HTTPGet}}',
  '{{(index .Spec.Containers 0).Nothing}}',
  '{{.metadata}}',
]) {
  test(`fails as in Go: ${template}`, () => assert.throws(() => render(template)));
}

test('types are the same objects wherever they are looked up', () => {
  assert.equal(goType('v1.Container'), CONTAINER);
  assert.equal(goType('v1.ObjectMeta'), OBJECT_META);
  const containers = POD_SPEC.fields.get('Containers')?.type;
  assert.equal(containers?.kind === 'slice' && containers.elem, CONTAINER);
  assert.throws(() => goType('v1.Service'), /v1.Service/);
});

test('a typed container is written in the order of its declaration, empty fields left out', () => {
  const container = {
    resources: { limits: { cpu: '1.5' } },
    args: [],
    image: 'i',
    name: 'a',
    livenessProbe: { httpGet: { port: 'x' } },
  };
  assert.equal(
    marshalGoJson(new GoRef(CONTAINER, container)),
    '{"name":"a","image":"i","resources":{"limits":{"cpu":"1500m"}},"livenessProbe":{"httpGet":{"port":"x"}}}',
  );
});
