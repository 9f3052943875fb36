import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { goType } from '../../kube/pod-types.ts';
import { marshalGoJson } from '../../template/gojson.ts';
import { GoRef } from '../../template/value.ts';
import { NEWEST } from './features.ts';
import type { Container } from './pod.ts';
import { mergeProbers } from './probers-merge.ts';
import {
  agentPort,
  collectProbers,
  encodeHttpGet,
  encodeProbers,
  encodeTcpSocket,
  redirectHandlers,
  restoreHandlers,
} from './probes.ts';

const APP: Container = {
  name: 'app',
  ports: [{ name: 'http', containerPort: 8080 }],
  readinessProbe: {
    httpGet: { path: '/r?a=1&b=<2>', port: 'http', scheme: 'HTTPS' },
    timeoutSeconds: 2,
    periodSeconds: 9,
  },
  livenessProbe: { tcpSocket: { port: 'missing' } },
  startupProbe: { grpc: { port: 9000, service: null } },
  lifecycle: { preStop: { httpGet: { port: 15020 } }, postStart: { exec: { command: ['x'] } } },
};

test('handlers go to the agent, and the agent learns what they were', () => {
  const redirected = redirectHandlers(APP, 15020, NEWEST);
  assert.deepEqual(redirected.readinessProbe, {
    httpGet: { path: '/app-health/app/readyz', port: 15020, scheme: 'HTTP' },
    timeoutSeconds: 2,
    periodSeconds: 9,
  });
  assert.deepEqual(redirected.livenessProbe, { httpGet: { path: '/app-health/app/livez', port: 15020 } });
  assert.deepEqual(redirected.startupProbe, { httpGet: { path: '/app-health/app/startupz', port: 15020 } });
  assert.deepEqual(redirected.lifecycle?.preStop, { httpGet: { path: '/app-lifecycle/app/prestopz', port: 15020 } });
  assert.deepEqual(redirected.lifecycle?.postStart, { exec: { command: ['x'] } });
  assert.equal(
    encodeProbers(collectProbers({ containers: [APP] }, 15020, NEWEST)),
    '{"/app-health/app/readyz":{"httpGet":{"path":"/r?a=1\\u0026b=\\u003c2\\u003e","port":8080,"scheme":"HTTPS"},"timeoutSeconds":2},' +
      '"/app-health/app/startupz":{"grpc":{"port":9000,"service":null}}}',
    'a named port that is not there, and the agent’s own port, are not recorded',
  );
});

test('the proxy’s own probes stay', () => {
  const proxy = { ...APP, name: 'istio-proxy' };
  assert.equal(redirectHandlers(proxy, 15020, NEWEST), proxy);
  assert.equal(collectProbers({ containers: [proxy] }, 15020, NEWEST).size, 0);
});

test('probers of an earlier injection win over new ones; what does not read is left alone', () => {
  const probers = new Map([['/b', '{"httpGet":{"port":1}}']]);
  assert.equal(
    mergeProbers('{"/b":{"tcpSocket":{"port":2},"unknown":1},"/a":{"TimeoutSeconds":3}}', probers),
    '{"/a":{"timeoutSeconds":3},"/b":{"tcpSocket":{"port":2}}}',
  );
  assert.equal(mergeProbers('{"/b":5}', probers), undefined);
  assert.equal(mergeProbers('not json', probers), undefined);
});

test('redirected handlers can be restored from what was recorded', () => {
  const redirected = redirectHandlers(APP, 15020, NEWEST);
  const known = new Map([['/app-health/app/readyz', { httpGet: { path: '/x', port: 80 }, timeoutSeconds: 2 }]]);
  const restored = restoreHandlers(redirected, known, NEWEST);
  assert.deepEqual(restored.readinessProbe, { httpGet: { path: '/x', port: 80 }, timeoutSeconds: 2, periodSeconds: 9 });
  assert.equal(restored.livenessProbe, redirected.livenessProbe);
});

test('the agent’s port is the annotation’s', () => {
  assert.equal(agentPort({}, 15020), 15020);
  assert.equal(agentPort({ 'status.sidecar.istio.io/port': '123' }, 15020), 123);
});

test('actions are written as Go writes their types', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 6 });
  const header = fc.record({ name: text, value: text });
  const action = fc.record(
    {
      path: text,
      host: text,
      scheme: fc.constantFrom('HTTP', 'HTTPS', ''),
      httpHeaders: fc.array(header, { maxLength: 2 }),
    },
    { requiredKeys: [] },
  );
  const written = (type: string, value: object): string => marshalGoJson(new GoRef(goType(type), value));
  fc.assert(
    fc.property(action, fc.integer({ min: 0, max: 65_535 }), (given, port) => {
      const { path: _path, scheme: _scheme, httpHeaders: _headers, ...socket } = given;
      assert.equal(encodeHttpGet({ ...given, port: 'any' }, port), written('v1.HTTPGetAction', { ...given, port }));
      assert.equal(
        encodeTcpSocket({ ...socket, port: 'any' }, port),
        written('v1.TCPSocketAction', { ...socket, port }),
      );
    }),
  );
});
