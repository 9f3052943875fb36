import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Denial } from '../reason.ts';
import { NEWEST } from './features.ts';
import type { Container, StringMap } from './pod.ts';
import { mergeScraping, restoreScraping, withSecurePort } from './prometheus.ts';

const MESH = { enabled: true, statusPort: 15020 };
const PROXY: Container = { name: 'istio-proxy' };
const MERGED = {
  'prometheus.io/port': '15020',
  'prometheus.io/path': '/stats/prometheus',
  'prometheus.io/scrape': 'true',
};

function merge(annotations: StringMap) {
  const { annotations: after, proxy } = mergeScraping(annotations, PROXY, MESH, NEWEST);
  return { after, saved: proxy?.env?.[0]?.value };
}

test('scrape annotations move to the proxy in any spelling', () => {
  const { after, saved } = merge({ prometheus_io_port: '9090', 'prometheus.io/path': '/m', other: 'x' });
  assert.deepEqual(after, { other: 'x', ...MERGED });
  assert.equal(saved, '{"scrape":"","path":"/m","port":"9090"}');
});

test('of two spellings the usual one counts', () => {
  assert.equal(
    merge({ prometheus_io_port: '1', 'prometheus.io/port': '2' }).saved,
    '{"scrape":"","path":"","port":"2"}',
  );
});

test('without annotations there is nothing to save', () => {
  assert.deepEqual(merge({}), { after: MERGED, saved: undefined });
});

test('a pod can say no to scraping or to merging, or point at the agent itself', () => {
  for (const annotations of [
    { 'prometheus.io/scrape': 'false' },
    { 'prometheus.istio.io/merge-metrics': 'false' },
    { 'prometheus.io/port': '15020' },
  ]) {
    assert.deepEqual(merge(annotations), { after: annotations, saved: undefined });
  }
});

test('several targets: the first also stands where older agents look', () => {
  const { after, saved } = merge({
    'prometheus.istio.io/scrape-targets': ' 80:/a , 81,, 82: ',
    'prometheus.io/port': 'x',
  });
  assert.deepEqual(after, MERGED);
  assert.equal(
    saved,
    '{"scrape":"","path":"/a","port":"80","targets":[{"port":"80","path":"/a"},{"port":"81","path":"/metrics"},{"port":"82","path":"/metrics"}]}',
  );
});

test('ports that can not be merged are denied, by number and not by spelling', () => {
  for (const port of ['0', '65536', 'x', '15090', '015090', '+15090', '015020']) {
    assert.throws(() => merge({ 'prometheus.io/port': port }), Denial, port);
  }
  assert.throws(() => merge({ 'prometheus.istio.io/scrape-targets': '15000' }), Denial);
});

test('what was merged can be restored', () => {
  const annotations = { 'prometheus.io/port': '9090', 'prometheus.io/path': '/m', 'prometheus.io/scrape': 'true' };
  const { after, saved } = merge(annotations);
  assert.deepEqual(restoreScraping(after, saved, 15020, NEWEST), annotations);
  assert.deepEqual(restoreScraping({ 'prometheus.io/port': '80' }, saved, 15020, NEWEST), {
    'prometheus.io/port': '80',
  });
});

test('the port of metrics behind mTLS is told unless the pod says one', () => {
  const proxy: Container = { name: 'istio-proxy', env: [{ name: 'ENVOY_SECURE_MERGED_METRICS_PORT', value: '15091' }] };
  assert.deepEqual(withSecurePort({}, proxy), { 'prometheus.istio.io/secure-port': '15091' });
  const own = { prometheus_istio_io_secure_port: '1' };
  assert.equal(withSecurePort(own, proxy), own);
});
