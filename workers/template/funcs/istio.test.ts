import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { effectiveMeshConfig } from '../../inject/istio/mesh/effective-mesh.ts';
import { effectiveProxyConfig, meshConfigRef, proxyConfigRef } from '../../inject/istio/mesh/effective-proxy-config.ts';
import { ProtoJsonWriter } from '../../inject/istio/mesh/proto-json.ts';
import { compileTemplate } from '../engine.ts';
import { TemplateError } from '../errors.ts';
import type { GoField, GoStructType, GoType } from '../value.ts';
import { ANY_MAP, GoRef, STRING_MAP } from '../value.ts';
import type { IstioFuncFeatures } from './istio.ts';
import { istioFuncs, NEWEST_ISTIO_FUNCS } from './istio.ts';

const MESH = effectiveMeshConfig(
  'extensionProviders: [{name: o, opentelemetry: {port: 1, serviceAttributeEnrichment: OTEL_SEMANTIC_CONVENTIONS}}]',
);
const PROXY = effectiveProxyConfig(MESH, 'concurrency: 2\nproxyMetadata: {A: <x>}');

const POD = {
  metadata: {
    name: 'web',
    namespace: 'shop',
    annotations: { a: 'x', empty: '', 'k8s.v1.cni.cncf.io/networks': '[{"name": "n"}]' },
    labels: { app: 'web' },
  },
  spec: {
    containers: [
      {
        name: 'app',
        image: 'registry:5000/app:1.2@sha256:abc',
        ports: [{ containerPort: 80 }, { containerPort: 53, protocol: 'UDP' }],
      },
      { name: 'istio-proxy', ports: [{ containerPort: 9090, protocol: 'TCP' }] },
    ],
  },
};
function struct(name: string, fields: Readonly<Record<string, GoType>>): GoStructType {
  const entries = Object.entries(fields).map(([field, type]): [string, GoField] => {
    // Members of the pod have small first letters, those of the data have Go's names.
    const jsonName = name === 'inject.SidecarTemplateData' ? field : field.charAt(0).toLowerCase() + field.slice(1);
    return [field, { name: field, type, jsonName }];
  });
  return { kind: 'struct', name, fields: new Map(entries) };
}

/** As much of the pod's types as the templates here read. */
const CONTAINERS: GoType = { kind: 'slice', elem: struct('v1.Container', {}) };
const SPEC = struct('v1.PodSpec', { Containers: CONTAINERS, InitContainers: CONTAINERS });
const METADATA = struct('v1.ObjectMeta', { Annotations: STRING_MAP, Labels: STRING_MAP });

const VALUES = { s: 'text', n: 5, m: { b: null, a: 1, c: [null] }, l: ['x', null], big: { k: [{ v: 1.5 }] } };

function render(template: string, features?: IstioFuncFeatures): string {
  const mesh = meshConfigRef(MESH);
  const proxy = proxyConfigRef(PROXY);
  const type = struct('inject.SidecarTemplateData', {
    ObjectMeta: METADATA,
    Spec: SPEC,
    MeshConfig: mesh.type,
    ProxyConfig: proxy.type,
    Values: ANY_MAP,
  });
  const data = new GoRef(type, {
    ObjectMeta: POD.metadata,
    Spec: POD.spec,
    MeshConfig: mesh,
    ProxyConfig: proxy,
    Values: VALUES,
  });
  const context = { env: { SET: 'yes', EMPTY: '' }, protoJson: new ProtoJsonWriter(31) };
  const funcs = istioFuncs(features === undefined ? context : { ...context, features });
  return compileTemplate('test', template, funcs).render(data);
}

describe('what the functions give', () => {
  const cases: readonly (readonly [string, string])[] = [
    [
      '{{ annotation .ObjectMeta "a" "d" }} {{ annotation .ObjectMeta "none" 7 }} [{{ annotation .ObjectMeta "empty" "d" }}]',
      'x 7 []',
    ],
    [
      '{{ isset .ObjectMeta.Annotations "empty" }} {{ isset .ObjectMeta.Annotations "none" }} {{ isset nil "a" }}',
      'true false false',
    ],
    [
      '{{ valueOrDefault "" "d" }} {{ valueOrDefault nil "d" }} {{ valueOrDefault false "d" }} {{ valueOrDefault .Values.none "d" }}',
      'd d false d',
    ],
    [
      '{{ excludeInboundPort 80 "90" }} {{ excludeInboundPort "0" "90" }} {{ excludeInboundPort "80" "80,90" }}',
      '90,80 90 80,90',
    ],
    [
      '{{ excludeInboundPort "80" " 80, ,90" }} {{ excludeInboundPort " " "" }}|{{ excludeInboundPort nil "" }}',
      '80,90,80 |<nil>',
    ],
    [
      '{{ includeInboundPorts .Spec.Containers }} {{ applicationPorts .Spec.Containers }} {{ applicationPorts .Spec.InitContainers }}',
      '80,9090 80 ',
    ],
    [
      '{{ toJSON .ObjectMeta.Labels }} {{ toJSON nil }} {{ toJSON .ProxyConfig.ProxyMetadata }}',
      '{"app":"web"} {} {"A":"\\u003cx\\u003e"}',
    ],
    ['{{ (fromJSON "{\\"a\\": [1, \\"b\\"]}").a }} {{ fromJSON "{" }} {{ fromJSON "1e999" }}', '[1 b] {} {}'],
    [
      '{{ structToJSON .Values.m }} {{ structToJSON nil }} {{ structToJSON .MeshConfig.OutboundTrafficPolicy }}',
      '{"a":1,"b":null,"c":[null]} {} {"mode":"ALLOW_ANY"}',
    ],
    ['{{ protoToJSON .ProxyConfig }}', '{"concurrency":2,"proxyMetadata":{"A":"\\u003cx\\u003e"}}'],
    [
      '{{ protoToJSON .ProxyConfig.Tracing }} {{ protoToJSON nil }} {{ protoToJSON .ProxyConfig.DrainDuration }}',
      '{} {} "45s"',
    ],
    ['{{ toYaml .Values.big }}{{ toYaml .ProxyConfig.Concurrency }}', 'k:\n- v: 1.5\nvalue: 2\n'],
    ['{{ toYaml 9007199254740993 }}', '9007199254740993\n'],
    ['{{ indent 2 "a\\nb\\nc" }}|{{ indent -1 "a\\nb" }}|{{ "a\\nb" | indent 0 }}', 'a\n  b\n  c|a\n b|a\nb'],
    ['{{ directory "/a/b/c" }} {{ directory "c" }}|{{ directory "/" }}', '/a/b/ |/'],
    ['{{ contains "b" "abc" }} {{ contains "abc" "b" }}', 'true false'],
    ['{{ toLower "ÀB" }}', 'àb'],
    ['{{ env "SET" "d" }} {{ env "EMPTY" "d" }} {{ env "__proto__" "d" }} {{ env "PATH" "d" }}', 'yes d d d'],
    [
      '{{ toJSON (omit .ObjectMeta.Annotations "a" "empty" "none") }}',
      '{"k8s.v1.cni.cncf.io/networks":"[{\\"name\\": \\"n\\"}]"}',
    ],
    ['{{ toJSON (strdict "b" "1" "a") }} {{ len (strdict) }}', '{"a":"","b":"1"} 0'],
    [
      '{{ toJsonMap (strdict "a" "1" "b" "2") (strdict "a" "<") }} {{ toJsonMap }} {{ toJsonMap nil }}',
      '{"a":"\\u003c","b":"2"} null {}',
    ],
    ['{{ toJSON (mergeMaps .ObjectMeta.Labels (strdict "app" "x")) }} {{ toJSON mergeMaps }}', '{"app":"x"} {}'],
    [
      '{{ toJson (omitNil .Values.m) }} {{ toJson (omitNil .Values.l) }} {{ toJson (omitNil (list nil)) }} {{ toJson (omitNil (dict)) }}',
      '{"a":1} ["x"] null {}',
    ],
    [
      '{{ formatDuration .ProxyConfig.DrainDuration }} {{ formatDuration .ProxyConfig.DiscoveryRefreshDelay }}',
      '45s 0s',
    ],
    ['{{ kubevirtInterfaces "a" }}{{ excludeInterfaces "b" }}', 'ab'],
  ];
  for (const [template, output] of cases) test(template, () => assert.equal(render(template), output));
});

describe('appendMultusNetwork', () => {
  const cases: readonly (readonly [existing: string, network: string, result: string])[] = [
    ['', 'ns/n', 'ns/n'],
    ['a, n', 'n', 'a, n'],
    ['a', 'n', 'a, n'],
    ['[{"name": "a"}]', 'n', '[{"name": "a"}, {"name": "n"}]'],
    ['[{"name": "a"}]', 'ns/n', '[{"name": "a"}, {"name": "n", "namespace": "ns"}]'],
    ['[{"name": "n", "namespace": "ns"}]', 'ns/n', '[{"name": "n", "namespace": "ns"}]'],
    ['[{"name": "n", "namespace": "x"}]', 'n', '[{"name": "n", "namespace": "x"}, {"name": "n"}]'],
    ['[]', 'n', '[, {"name": "n"}]'],
    ['[1]', 'n', '[1]'],
    ['a]', 'n', 'a]'],
  ];
  for (const [existing, network, result] of cases) {
    test(`${existing} + ${network}`, () => {
      const template = `{{ appendMultusNetwork ${JSON.stringify(existing)} ${JSON.stringify(network)} }}`;
      assert.equal(render(template), result);
    });
  }

  test('before 1.23.6 the whole name counts', () => {
    const features = { ...NEWEST_ISTIO_FUNCS, multusNamespace: false };
    const template = '{{ appendMultusNetwork "[{\\"name\\": \\"a\\"}]" "ns/n" }}';
    assert.equal(render(template, features), '[{"name": "a"}, {"name": "ns/n"}]');
  });
});

describe('otelResourceAttributes', () => {
  const call = (rest: string): string => render(`{{ otelResourceAttributes .MeshConfig ${rest} }}`);

  test('takes annotations before labels before the pod', () => {
    assert.equal(call('nil nil "shop" .Spec.InitContainers'), 'service.namespace=shop');
    assert.equal(
      call('nil (strdict "app.kubernetes.io/version" "v1") "shop" .Spec.Containers'),
      'service.namespace=shop,service.version=v1,service.instance.id=shop.$(POD_NAME).app',
    );
    const annotations =
      '(strdict "resource.opentelemetry.io/service.version" "v2" "resource.opentelemetry.io/service.instance.id" "i")';
    assert.equal(call(`${annotations} nil "" .Spec.Containers`), 'service.version=v2,service.instance.id=i');
  });

  test('is empty for a mesh without such a provider', () => {
    assert.equal(render('{{ otelResourceAttributes nil nil nil "n" nil }}'), '');
  });
});

describe('what fails', () => {
  const failures = [
    '{{ toJSON .Values.m }}',
    '{{ isset .Values.m "a" }}',
    '{{ omit .Values.m "a" }}',
    '{{ strdict "a" 1 }}',
    '{{ indent "2" "a" }}',
    '{{ annotation .Spec "a" "b" }}',
    '{{ includeInboundPorts .Values.l }}',
    '{{ protoToJSON .Values.m }}',
    '{{ protoToJSON .ProxyConfig.StatusPort }}',
    '{{ formatDuration "45s" }}',
    '{{ env "A" }}',
    '{{ contains 1 "a" }}',
  ];
  for (const template of failures) {
    test(template, () => {
      assert.throws(
        () => render(template),
        (error: unknown) => error instanceof TemplateError && error.code === 'TEMPLATE_EXEC',
      );
    });
  }

  test('functions that a release does not have do not parse', () => {
    const none = {
      mergeMaps: false,
      omitNil: false,
      otelResourceAttributes: false,
      multusNamespace: false,
      sprig33: false,
    };
    for (const name of ['mergeMaps', 'omitNil', 'otelResourceAttributes', 'sha512sum']) {
      assert.throws(
        () => render(`{{ ${name} }}`, none),
        (error: unknown) => error instanceof TemplateError && error.code === 'TEMPLATE_SYNTAX',
        name,
      );
    }
  });
});

test('data that contains nil deep down is bounded, not fatal', () => {
  const template = '{{ $d := dict "a" 1 }}{{ $_ := set $d "self" $d }}{{ omitNil $d }}';
  assert.throws(
    () => render(template),
    (error: unknown) => error instanceof TemplateError && error.code === 'TEMPLATE_LIMIT',
  );
});
