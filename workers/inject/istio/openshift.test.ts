import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NEWEST } from './features.ts';
import { podOf } from './fixture.ts';
import { proxyIds, withoutSharedUid } from './openshift.ts';
import { findContainer, type Pod } from './pod.ts';

const RANGE = 'openshift.io/sa.scc.uid-range';
const GROUPS = 'openshift.io/sa.scc.supplemental-groups';

function ids(annotations: Record<string, string>): [number, number] {
  const { uid, gid } = proxyIds({ labels: {}, annotations });
  return [uid, gid];
}

test('the proxy gets the last id of the range of its namespace', () => {
  assert.deepEqual(ids({ [RANGE]: '1000620000/10000' }), [1000629999, 1000629999]);
  assert.deepEqual(ids({ [RANGE]: '10-20', [GROUPS]: '5/5,100/10' }), [20, 9]);
  assert.deepEqual(ids({ [RANGE]: '10-20', [GROUPS]: '' }), [20, 1337]);
  assert.deepEqual(ids({ [RANGE]: 'x', [GROUPS]: '1/2,x' }), [1337, 1337]);
  assert.deepEqual(ids({ [RANGE]: '10-20/5' }), [1337, 1337]);
  assert.deepEqual(ids({ [RANGE]: '4294967295/4294967296' }), [1337, 1337]);
  assert.deepEqual(proxyIds(null), { uid: 1337, gid: 1337 });
});

test('a uid that the platform gave to application and proxy alike is not the user’s wish for the proxy', () => {
  const pod = (app: number, proxy: number) => {
    const object = podOf({}, { securityContext: { runAsUser: app } }) as Pod;
    object.spec.containers?.push({ name: 'istio-proxy', securityContext: { runAsUser: proxy, runAsGroup: 3 } });
    return findContainer('istio-proxy', withoutSharedUid(object, NEWEST).spec.containers)?.securityContext;
  };
  assert.deepEqual(pod(5, 5), {});
  assert.deepEqual(pod(5, 6), { runAsUser: 6, runAsGroup: 3 });
});
