import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compileTemplate } from '../../../template/engine.ts';
import { TemplateError } from '../../../template/errors.ts';
import { marshalGoJson } from '../../../template/gojson.ts';
import { ANY_MAP, GoRef } from '../../../template/value.ts';
import { effectiveMeshConfig } from './effective-mesh.ts';
import { effectiveProxyConfig, meshConfigRef, proxyConfigRef } from './effective-proxy-config.ts';

const MESH = effectiveMeshConfig(`
extensionProviders:
- name: file
  envoyFileAccessLog: {path: /x, logFormat: {labels: {a: "%B%", z: 1, l: [true, null]}}}
defaultConfig:
  interceptionMode: TPROXY
`);
const PROXY = effectiveProxyConfig(
  MESH,
  'concurrency: 2\nproxyMetadata: {A: x}\ntracing: {sampling: 1.5, zipkin: {address: "z:9411"}}',
);

function render(template: string): string {
  const data = new GoRef(ANY_MAP, { ProxyConfig: proxyConfigRef(PROXY), MeshConfig: meshConfigRef(MESH) });
  return compileTemplate('test', template, new Map()).render(data);
}

describe('templates see Go values', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['{{ .ProxyConfig.StatusPort }}', '15020'],
    ['{{ .ProxyConfig.InterceptionMode }}', 'TPROXY'],
    ['{{ .ProxyConfig.InterceptionMode.String }}', 'TPROXY'],
    ['{{ printf "%d %s" .ProxyConfig.InterceptionMode .ProxyConfig.InterceptionMode }}', '1 TPROXY'],
    ['{{ .ProxyConfig.Concurrency.GetValue }} {{ .ProxyConfig.GetConcurrency.Value }}', '2 2'],
    ['{{ .ProxyConfig.HoldApplicationUntilProxyStarts.GetValue }}', 'false'],
    ['{{ if .ProxyConfig.HoldApplicationUntilProxyStarts }}y{{ else }}n{{ end }}', 'n'],
    ['{{ .ProxyConfig.GetReadinessProbe.GetHttpGet.GetPort }}', '0'],
    ['{{ if .ProxyConfig.GetTracing.GetTlsSettings }}y{{ else }}n{{ end }}', 'n'],
    ['{{ .ProxyConfig.GetTracing.GetZipkin.GetAddress }}', 'z:9411'],
    ['{{ .ProxyConfig.Tracing.Tracer.Zipkin.Address }}', 'z:9411'],
    ['{{ .ProxyConfig.Tracing.Sampling }}', '1.5'],
    ['{{ .ProxyConfig.ClusterName.ServiceCluster }}', 'istio-proxy'],
    ['{{ .ProxyConfig.GetServiceCluster }}', 'istio-proxy'],
    ['{{ index .ProxyConfig.ProxyMetadata "A" }}|{{ index .ProxyConfig.ProxyMetadata "none" }}|', 'x||'],
    ['{{ range $k, $v := .ProxyConfig.ProxyMetadata }}{{ $k }}={{ $v }}{{ end }}', 'A=x'],
    ['{{ .ProxyConfig.DrainDuration }}', 'seconds:45'],
    ['{{ .ProxyConfig.DrainDuration.AsDuration }} {{ .ProxyConfig.DrainDuration.AsDuration.Seconds }}', '45s 45'],
    ['{{ .ProxyConfig.DrainDuration.Seconds }}', '45'],
    ['{{ .ProxyConfig.Tracing }}', 'zipkin:{address:"z:9411"} sampling:1.5'],
    ['{{ .ProxyConfig.Image }}', '<nil>'],
    [
      '{{ printf "%T" .ProxyConfig }} {{ printf "%T" .ProxyConfig.InterceptionMode }}',
      '*v1alpha1.ProxyConfig v1alpha1.ProxyConfig_InboundInterceptionMode',
    ],
    ['{{ .MeshConfig.TrustDomain }} {{ .MeshConfig.DefaultConfig.StatusPort }}', 'cluster.local 15020'],
    ['{{ .MeshConfig.EnablePrometheusMerge.GetValue }} {{ .MeshConfig.GetEnableAutoMtls.Value }}', 'true true'],
    ['{{ .MeshConfig.OutboundTrafficPolicy.Mode }}', 'ALLOW_ANY'],
    ['{{ range .MeshConfig.ExtensionProviders }}{{ .Name }} {{ end }}', 'prometheus stackdriver envoy file '],
    ['{{ (index .MeshConfig.ExtensionProviders 3).GetEnvoyFileAccessLog.Path }}', '/x'],
    [
      '{{ (index .MeshConfig.ExtensionProviders 3).GetEnvoyFileAccessLog.LogFormat.GetLabels.AsMap }}',
      'map[a:%B% l:[true <nil>] z:1]',
    ],
    ['{{ len .MeshConfig.DefaultServiceExportTo }}', '1'],
    ['{{ eq .ProxyConfig.StatusPort 15020 }}', 'true'],
  ];
  for (const [template, output] of cases) test(template, () => assert.equal(render(template), output));

  const failures = [
    '{{ .ProxyConfig.NoSuchField }}',
    '{{ .ProxyConfig.Image.ImageType }}',
    '{{ eq .ProxyConfig.InterceptionMode "TPROXY" }}',
  ];
  for (const template of failures) {
    test(`${template} fails`, () => {
      assert.throws(
        () => render(template),
        (error: unknown) => error instanceof TemplateError && error.code === 'TEMPLATE_EXEC',
      );
    });
  }
});

test('encoding/json sees the methods of the generated code', () => {
  const ref = proxyConfigRef(PROXY);
  const json = JSON.parse(marshalGoJson(ref)) as { readonly drainDuration: string; readonly concurrency: number };
  assert.equal(json.drainDuration, '45s');
  assert.equal(json.concurrency, 2);
});

test('encoding/json sees well-known types as plain structs', () => {
  const fields = proxyConfigRef(PROXY).type;
  assert.ok(fields.kind === 'pointer' && fields.elem.kind === 'struct');
  const drain = fields.elem.fields.get('DrainDuration');
  assert.ok(drain !== undefined);
  assert.equal(marshalGoJson(new GoRef(drain.type, PROXY.drainDuration)), '{"seconds":45}');
});
