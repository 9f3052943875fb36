/**
 * One scenario for each switch: what is to be seen where it is on, and where it is off. Each is run with the releases at which the
 * table says it begins and ends, and with those before.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { applyPatch } from '../../jsonpatch/apply.ts';
import type { ClusterContext, IstioRevisionSpec } from '../../protocol.ts';
import type { JsonObject } from '../../template/value.ts';
import { CompileError } from '../provider.ts';
import type { SwitchRow } from '../release/switches.ts';
import { ISTIO_SWITCHES, type IstioSwitch } from './features.ts';
import { compileIstioRevision } from './injector.ts';
import { compileKubeInject, injectResource } from './kube-inject.ts';
import { findContainer, type Pod } from './pod.ts';
import { istioReleases } from './releases.ts';

interface Scenario {
  /** Members of an overlay, indented by two, below `metadata: annotations:`, and whole further lines. */
  readonly seen?: string;
  readonly template?: string;
  readonly spec?: Partial<IstioRevisionSpec>;
  readonly values?: JsonObject;
  readonly cluster?: Partial<ClusterContext>;
  readonly pod?: { readonly metadata?: JsonObject; readonly spec?: JsonObject };
  /** In place of annotation `seen` of the injected pod. */
  readonly observe?: (pod: Pod) => unknown;
  readonly on: unknown;
  readonly off: unknown;
}

const NO_CLUSTER: ClusterContext = { namespace: null, owners: {}, nodes: [], nodesKnown: false };
const APP = { name: 'app', image: 'app' };
/** A template's function or data that is not there. */
const SYNTAX = 'TEMPLATE_SYNTAX';
const FAILED = 'TEMPLATE_FAILED';

function ownedBy(kind: string, name: string): JsonObject {
  return {
    ownerReferences: [{ apiVersion: 'example/v1', kind, name, uid: 'u', controller: true }],
    generateName: 'web-',
  };
}

function userProxy(securityContext: JsonObject): JsonObject {
  return { name: 'istio-proxy', image: 'auto', securityContext };
}

function uidOfProxy({ spec }: Pod): unknown {
  return findContainer('istio-proxy', spec.containers)?.securityContext?.runAsUser;
}

const PROXY = 'spec:\n  containers:\n  - name: istio-proxy\n    image: proxy\n';
const NATIVE_PROXY = 'spec:\n  initContainers:\n  - name: istio-proxy\n    image: proxy\n';

const SCENARIOS: Readonly<Record<IstioSwitch, Scenario>> = {
  dropForeignProxyUser: {
    template: `${PROXY}    securityContext: {runAsUser: 2000}\n`,
    pod: { spec: { containers: [APP, userProxy({ runAsUser: 3000 })] } },
    observe: uidOfProxy,
    on: 2000,
    off: 3000,
  },
  compliancePolicyField: {
    seen: '{{ .CompliancePolicy }}',
    spec: { compliancePolicy: 'fips' },
    on: 'fips',
    off: FAILED,
  },
  hideDeploymentConfigLabel: {
    seen: 'label {{ index .ObjectMeta.Labels "deploymentconfig" }}',
    pod: { metadata: { ...ownedBy('ReplicationController', 'web-1'), labels: { deploymentconfig: 'web', app: 'a' } } },
    observe: ({ metadata }) => [metadata.annotations?.['seen'], metadata.labels?.['deploymentconfig']],
    on: ['label ', 'web'],
    off: ['label web', 'web'],
  },
  adjustInitUser: {
    template: `${PROXY}  initContainers:\n  - {name: istio-init, image: init, args: [-u, "1337"]}\n`,
    pod: { spec: { containers: [APP, userProxy({ runAsUser: 3000 })] } },
    observe: ({ spec }) => spec.initContainers?.[0]?.args?.[1],
    on: '3000',
    off: '1337',
  },
  mergeMaps: { seen: '{{ mergeMaps .ObjectMeta.Labels | len }}', on: '0', off: SYNTAX },
  kubeInjectPodOwner: {
    seen: '{{ .TypeMeta.Kind }}',
    pod: { metadata: { ...ownedBy('ReplicaSet', 'web-5d4f'), labels: { 'pod-template-hash': '5d4f' } } },
    on: 'Deployment',
    off: 'Pod',
  },
  zipkinByDefault: {
    seen: '{{ if .ProxyConfig.GetTracing }}traced{{ else }}untraced{{ end }}',
    on: 'traced',
    off: 'untraced',
  },
  limitDrainDuration: {
    seen: '{{ .ProxyConfig.DrainDuration.Seconds }}',
    pod: { metadata: { annotations: { 'proxy.istio.io/config': 'drainDuration: 7200s' } } },
    on: 'ANNOTATION_INVALID',
    off: '7200',
  },
  wholeDeploymentMeta: {
    seen: '{{ .DeploymentMeta.Name }} {{ .DeploymentMeta.Labels.tier }}',
    pod: { metadata: { name: 'web', labels: { tier: 'back' } } },
    on: 'web back',
    off: FAILED,
  },
  argoRollouts: {
    seen: '{{ .TypeMeta.Kind }} {{ .DeploymentMeta.Name }}',
    pod: { metadata: { ...ownedBy('ReplicaSet', 'web-5d4f'), labels: { 'rollouts-pod-template-hash': '5d4f' } } },
    on: 'Rollout web',
    off: 'ReplicaSet web-5d4f',
  },
  cronJobV1: {
    seen: '{{ .TypeMeta.APIVersion }}',
    pod: { metadata: ownedBy('Job', 'nightly-27938140') },
    on: 'batch/v1',
    off: 'batch/v1beta1',
  },
  imageVariant: {
    seen: '{{ .ProxyImage }}',
    values: { global: { hub: 'hub', tag: 't', variant: 'distroless' } },
    on: 'hub/proxyv2:t-distroless',
    off: 'hub/proxyv2:t',
  },
  inboundTrafficPolicyModeField: { seen: '{{ .InboundTrafficPolicyMode }}', on: 'passthrough', off: FAILED },
  resetMatchingUid: {
    template: `${PROXY}    securityContext: {runAsUser: 1337}\n`,
    spec: { platform: 'openshift' },
    pod: { spec: { containers: [{ ...APP, securityContext: { runAsUser: 1000 } }, userProxy({ runAsUser: 1000 })] } },
    observe: uidOfProxy,
    on: 1337,
    off: 1000,
  },
  multusNamespace: {
    seen: '{{ appendMultusNetwork `[{"name":"a"}]` "ns/n" }}',
    on: '[{"name":"a"}, {"name": "n", "namespace": "ns"}]',
    off: '[{"name":"a"}, {"name": "ns/n"}]',
  },
  nativeSidecarAnnotation: {
    template: NATIVE_PROXY,
    pod: {
      metadata: { annotations: { 'sidecar.istio.io/nativeSidecar': 'true' } },
      spec: { containers: [APP, userProxy({})] },
    },
    observe: ({ spec }) => findContainer('istio-proxy', spec.containers) === undefined,
    on: true,
    off: false,
  },
  sprig33: { seen: '{{ camelcase "HTTP_server" }}', on: 'HttpServer', off: 'HTTPServer' },
  validateCoreDump: {
    seen: 'injected',
    pod: { metadata: { annotations: { 'sidecar.istio.io/enableCoreDump': 'maybe' } } },
    on: 'ANNOTATION_INVALID',
    off: 'injected',
  },
  rewriteLifecycle: {
    template: PROXY,
    values: { sidecarInjectorWebhook: { rewriteAppHTTPProbe: true } },
    pod: { spec: { containers: [{ ...APP, lifecycle: { preStop: { httpGet: { path: '/bye', port: 80 } } } }] } },
    observe: ({ spec }) => findContainer('app', spec.containers)?.lifecycle?.preStop?.httpGet?.path,
    on: '/app-lifecycle/app/prestopz',
    off: '/bye',
  },
  refuseConfigMapCredential: {
    seen: 'made',
    pod: {
      metadata: {
        annotations: {
          'proxy.istio.io/config': 'tracing: {tlsSettings: {mode: SIMPLE, credentialName: "configmap://a/b"}}',
        },
      },
    },
    on: 'ANNOTATION_INVALID',
    off: 'made',
  },
  strictInjectValue: {
    seen: 'injected',
    spec: { injectConfig: 'policy: disabled\n' },
    pod: { metadata: { labels: { 'sidecar.istio.io/inject': 'Yes' } } },
    on: 'POLICY_DISABLED',
    off: 'injected',
  },
  appendProbersOnReinjection: {
    template: PROXY,
    values: { sidecarInjectorWebhook: { rewriteAppHTTPProbe: true } },
    pod: {
      metadata: { annotations: { 'sidecar.istio.io/status': '{"containers":["gone"]}' } },
      spec: { containers: [{ ...APP, livenessProbe: { httpGet: { path: '/live', port: 80 } } }] },
    },
    observe: ({ spec }) => findContainer('istio-proxy', spec.containers)?.env?.map(({ name }) => name) ?? [],
    on: ['ISTIO_KUBE_APP_PROBERS'],
    off: [],
  },
  detectNativeSidecars: {
    template: NATIVE_PROXY,
    spec: { nativeSidecars: 'Auto' },
    cluster: { nodesKnown: true, nodes: [{ name: 'node', kubeletVersion: 'v1.33.0' }] },
    pod: { spec: { containers: [APP, userProxy({})] } },
    observe: ({ spec }) => findContainer('istio-proxy', spec.containers) === undefined,
    on: true,
    off: false,
  },
  nativeSidecarsField: { seen: 'native {{ .NativeSidecars }}', on: 'native false', off: FAILED },
  initContainersCountAsApp: {
    template: `${PROXY}    securityContext: {runAsUser: 1337}\n`,
    spec: { platform: 'openshift' },
    pod: {
      spec: {
        containers: [APP, userProxy({ runAsUser: 1000 })],
        initContainers: [{ name: 'setup', image: 'setup', securityContext: { runAsUser: 1000 } }],
      },
    },
    observe: uidOfProxy,
    on: 1337,
    off: 1000,
  },
  validateResources: {
    seen: 'injected',
    pod: { metadata: { annotations: { 'sidecar.istio.io/proxyCPU': 'much' } } },
    on: 'ANNOTATION_INVALID',
    off: 'injected',
  },
  omitNil: { seen: '{{ omitNil "text" }}', on: 'text', off: SYNTAX },
  otelResourceAttributes: {
    seen: 'otel{{ otelResourceAttributes .MeshConfig .ObjectMeta.Annotations .ObjectMeta.Labels "ns" .Spec.Containers }}',
    on: 'otel',
    off: SYNTAX,
  },
  validateInterfaces: {
    seen: 'injected',
    pod: { metadata: { annotations: { 'traffic.sidecar.istio.io/excludeInterfaces': '1st' } } },
    on: 'ANNOTATION_INVALID',
    off: 'injected',
  },
  scrapeTargets: {
    template: PROXY,
    pod: { metadata: { annotations: { 'prometheus.istio.io/scrape-targets': '8080' } } },
    observe: ({ metadata }) => Object.hasOwn(metadata.annotations ?? {}, 'prometheus.istio.io/scrape-targets'),
    on: false,
    off: true,
  },
  securePortAnnotation: {
    template: `${PROXY}    env:\n    - {name: ENVOY_SECURE_MERGED_METRICS_PORT, value: "15091"}\n`,
    observe: ({ metadata }) => metadata.annotations?.['prometheus.istio.io/secure-port'],
    on: '15091',
    off: undefined,
  },
  variantForUntypedImage: {
    seen: '{{ .ProxyImage }}',
    values: { global: { hub: 'hub', tag: 't', variant: 'distroless' } },
    pod: { metadata: { annotations: { 'proxy.istio.io/config': 'image: {}' } } },
    on: 'hub/proxyv2:t-distroless',
    off: 'hub/proxyv2:t',
  },
  proxyInitImageField: {
    seen: '{{ .ProxyInitImage }}',
    values: { global: { hub: 'hub', tag: 't', proxy_init: { image: 'init' } } },
    on: 'hub/init:t',
    off: FAILED,
  },
};

function specOf({ seen, template, spec, values }: Scenario, release: string): IstioRevisionSpec {
  const text = template ?? `metadata:\n  annotations:\n    seen: '${seen}'\n`;
  const indented = text.replaceAll(/^(?=.)/gm, '    ');
  const config = spec?.injectConfig ?? 'policy: enabled\n';
  return {
    provider: 'istio',
    values: JSON.stringify(values ?? {}),
    meshConfig: '',
    revision: 'default',
    platform: '',
    compliancePolicy: '',
    env: {},
    nativeSidecars: 'Never',
    ...spec,
    injectConfig: `${config}templates:\n  sidecar: |\n${indented}`,
    release,
  };
}

function objectOf({ pod }: Scenario): JsonObject {
  const spec = { containers: [APP], ...pod?.spec };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'shop', ...pod?.metadata }, spec };
}

function inject(scenario: Scenario, spec: IstioRevisionSpec): Pod | string {
  const revision = compileIstioRevision({ digest: '', mesh: 'mesh', name: 'default', spec }, spec);
  const object = objectOf(scenario);
  const kind = { group: '', version: 'v1', kind: 'Pod' };
  const cluster = { ...NO_CLUSTER, ...scenario.cluster };
  const decision = revision.inject({
    uid: 'u',
    kind,
    namespace: 'shop',
    operation: 'CREATE',
    object,
    params: {},
    cluster,
  });
  if (decision.kind === 'skipped') return decision.reason;
  return decision.kind === 'patched' ? (applyPatch(object, decision.patch) as Pod) : decision.code;
}

function kubeInject(scenario: Scenario, spec: IstioRevisionSpec): Pod | string {
  const outcome = injectResource(compileKubeInject(spec), objectOf(scenario), () => NO_CLUSTER);
  return outcome.kind === 'changed' ? (outcome.resource as Pod) : outcome.kind;
}

function seenWith(name: IstioSwitch, release: string): unknown {
  const scenario = SCENARIOS[name];
  const spec = specOf(scenario, release);
  try {
    const pod = name === 'kubeInjectPodOwner' ? kubeInject(scenario, spec) : inject(scenario, spec);
    if (typeof pod === 'string') return pod;
    return scenario.observe?.(pod) ?? (scenario.observe ? undefined : pod.metadata.annotations?.['seen']);
  } catch (error) {
    if (error instanceof CompileError) return error.problems[0]?.code;
    throw error;
  }
}

const RELEASES = istioReleases();

/** The releases around the marks, with whether the behaviour is on there. */
function* boundaries({ since = [], until = [] }: SwitchRow): Generator<readonly [release: string, on: boolean]> {
  for (const [marks, isOn] of [
    [since, true],
    [until, false],
  ] as const) {
    for (const mark of marks) {
      yield [mark, isOn];
      const at = RELEASES.indexOf(mark);
      assert.ok(at > 0, `${mark} is no release that is known`);
      // The last patch of the line before has a behaviour that came back to it.
      const sameLine = !mark.endsWith('.0');
      const before = RELEASES[at - 1];
      if (before !== undefined && (sameLine || mark === marks[0])) yield [before, !isOn];
    }
  }
}

describe('switches of Istio', () => {
  for (const name of Object.keys(ISTIO_SWITCHES) as IstioSwitch[]) {
    test(name, () => {
      const { on, off } = SCENARIOS[name];
      assert.notDeepEqual(on, off);
      let count = 0;
      for (const [release, isOn] of boundaries(ISTIO_SWITCHES[name])) {
        assert.deepEqual(seenWith(name, release), isOn ? on : off, `${release}, where it is ${isOn ? 'on' : 'off'}`);
        count++;
      }
      assert.ok(count >= 2);
    });
  }
});
