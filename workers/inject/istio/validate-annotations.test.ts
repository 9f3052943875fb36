import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Denial } from '../reason.ts';
import { NEWEST } from './features.ts';
import { annotationChecks, validateAnnotations } from './validate-annotations.ts';

const CHECKS = annotationChecks(NEWEST, () => undefined);

function isValid(name: string, value: string): boolean {
  try {
    validateAnnotations({ [name]: value }, CHECKS);
    return true;
  } catch (error) {
    assert.ok(error instanceof Denial);
    assert.ok(error.message.includes(name));
    return false;
  }
}

const TABLE: [name: string, valid: string[], invalid: string[]][] = [
  ['sidecar.istio.io/interceptionMode', ['REDIRECT', 'TPROXY', 'NONE'], ['', 'redirect']],
  ['status.sidecar.istio.io/port', ['0', ' 80 ', '65535'], ['', '65536', '-1', '+1', '8 0']],
  ['readiness.status.sidecar.istio.io/periodSeconds', ['0', '4294967295'], ['', ' 1', '-1', '4294967296', '1.0']],
  [
    'traffic.sidecar.istio.io/includeOutboundIPRanges',
    ['', '*', '10.0.0.0/8', '10.0.0.0/8,::/0', '::ffff:1.2.3.4/128', '1:2:3:4:5:6:7:8/0'],
    [
      '10.0.0.0',
      '10.0.0.0/33',
      '10.0.0.0/08',
      '010.0.0.0/8',
      ' 10.0.0.0/8',
      '10.0.0.0/8,',
      '1::2::3/4',
      'fe80::%eth0/64',
      '::/129',
    ],
  ],
  ['traffic.sidecar.istio.io/excludeOutboundIPRanges', ['', '0.0.0.0/0'], ['*']],
  ['traffic.sidecar.istio.io/includeInboundPorts', ['', '*', '80, 443'], ['80,', 'x', '*,80']],
  ['traffic.sidecar.istio.io/excludeInboundPorts', ['', '80'], ['*']],
  [
    'traffic.sidecar.istio.io/excludeInterfaces',
    ['', 'eth0', 'net1, net2', 'a.b-c_d'],
    ['0eth', 'a,', 'abcdefghijklmnop', 'e/0'],
  ],
  ['prometheus.istio.io/merge-metrics', ['true', 'F', '1'], ['', 'yes', 'TrUe']],
  ['sidecar.istio.io/proxyCPU', ['100m', '0.5', '1e3', '2'], ['', 'x', '1\n', ' 1', '1 ']],
  ['sidecar.istio.io/userVolume', ['anything'], []],
];

for (const [name, valid, invalid] of TABLE) {
  test(`annotation ${name}`, () => {
    for (const value of valid) assert.equal(isValid(name, value), true, JSON.stringify(value));
    for (const value of invalid) assert.equal(isValid(name, value), false, JSON.stringify(value));
  });
}

test('all bad annotations are told at once', () => {
  const annotations = { 'sidecar.istio.io/proxyCPU': 'x', 'status.sidecar.istio.io/port': 'y', fine: 'z' };
  assert.throws(() => validateAnnotations(annotations, CHECKS), /proxyCPU.*port/);
});
