import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Change } from './change.ts';
import { compareResults } from './compare-results.ts';
import { DifferenceGroups, MAX_COUNTED_VALUES, MAX_EXAMPLES, MAX_GROUPS, MAX_VALUES } from './groups.ts';
import { summaryText } from './text.ts';
import { patternOf, type Subject } from './value-pattern.ts';

function subject(workload: string, pod = workload, namespace = 'shop'): Subject {
  const names = { workload: [workload], pod: [pod], namespace: [namespace] };
  return { name: `${namespace}/${workload}`, namespace, workload: `${namespace}/${workload}`, names };
}

function image(from: string, to: string): Change {
  return { kind: 'image', action: 'changed', path: ['spec', 'containers', 'istio-proxy', 'image'], from, to };
}

test('pods and workloads are counted by place and by values', () => {
  const groups = new DifferenceGroups();
  groups.add(subject('web', 'web-1'), [image('a', 'b')]);
  groups.add(subject('web', 'web-2'), [image('a', 'b')]);
  groups.add(subject('api'), [image('a', 'c')]);
  groups.add(subject('same'), []);
  const { pods, differentPods, differentWorkloads, groups: found } = groups.summary();
  assert.deepEqual([pods, differentPods, differentWorkloads], [4, 3, 2]);
  assert.deepEqual(found, [
    {
      kind: 'image',
      action: 'changed',
      path: ['spec', 'containers', 'istio-proxy', 'image'],
      pointer: '/spec/containers/istio-proxy/image',
      ...{ pods: 3, workloads: 2, examples: ['shop/web', 'shop/api'] },
      values: [
        { from: 'a', to: 'b', pods: 2, workloads: 1, examples: ['shop/web'] },
        { from: 'a', to: 'c', pods: 1, workloads: 1, examples: ['shop/api'] },
      ],
      valueCount: 2,
    },
  ]);
  assert.equal(
    summaryText(groups.summary()),
    [
      '3 of 4 pods come out different, of 2 workloads',
      '  image of istio-proxy: 3 pods, 2 workloads, example shop/web',
      '    "a" -> "b", 2 pods, 1 workload, example shop/web',
      '    "a" -> "c", 1 pod, 1 workload, example shop/api\n',
    ].join('\n'),
  );
});

test('values that differ by the names of their pods are one, told by their pattern', () => {
  const groups = new DifferenceGroups();
  groups.add(subject('web'), [image('x', 'pods/shop/web')]);
  assert.equal(groups.summary().groups[0]?.values[0]?.to, 'pods/shop/web');
  groups.add(subject('api', 'api-1', 'pay'), [image('x', 'pods/pay/api')]);
  groups.add(subject('web'), [image('x', 'pods/shop/web')]);
  const [group] = groups.summary().groups;
  assert.deepEqual([group?.valueCount, group?.values[0]?.pods, group?.values[0]?.from], [1, 3, 'x']);
  assert.equal(group?.values[0]?.to, 'pods/{namespace}/{workload}');
});

test('only whole names are replaced, the longest first', () => {
  const names = { pod: ['web-1'], workload: ['web'], namespace: ['w'] };
  assert.equal(patternOf('web-1 web webs w/web', names), '{pod} {workload} webs {namespace}/{workload}');
});

test('everything that is kept is bounded', () => {
  const groups = new DifferenceGroups();
  for (let i = 0; i < MAX_COUNTED_VALUES + 10; i++) groups.add(subject(`s${i}`), [image('a', `value ${i}x`)]);
  const [values] = groups.summary().groups;
  assert.equal(values?.values.length, MAX_VALUES);
  assert.equal(values?.valueCount, MAX_COUNTED_VALUES);
  assert.equal(values?.examples.length, MAX_EXAMPLES);
  assert.match(
    summaryText(groups.summary()),
    /image of istio-proxy: 1000 different values such as "a" -> "value 0x", 1010 pods/,
  );
  const places = Array.from({ length: MAX_GROUPS + 5 }, (_, i): Change => ({ ...image('a', 'b'), path: [`p${i}`] }));
  groups.add(subject('all'), places);
  assert.equal(groups.summary().groups.length, MAX_GROUPS);
  assert.equal(groups.summary().omittedChanges, 6);
});

test('an outcome that differs is the only difference of a pod', () => {
  const pod = { spec: { containers: [{ name: 'app' }] } };
  const injected = { outcome: { kind: 'patched' }, pod: { spec: {} } } as const;
  const skipped = { outcome: { kind: 'skipped', reason: 'HOST_NETWORK' }, pod } as const;
  const denied = (message: string) => ({ outcome: { kind: 'denied', code: 'X', message }, pod }) as const;
  const groups = new DifferenceGroups();
  groups.add(subject('a'), compareResults(pod, injected, skipped));
  groups.add(subject('b'), compareResults(pod, skipped, denied('why')));
  groups.add(subject('c'), compareResults(pod, denied('why'), denied('why else')));
  assert.deepEqual(summaryText(groups.summary()).split('\n').slice(0, 3), [
    '2 of 3 pods come out different, of 2 workloads',
    '  injected -> skipped (HOST_NETWORK), 1 pod, 1 workload, example shop/a',
    '  skipped (HOST_NETWORK) -> denied (X): why, 1 pod, 1 workload, example shop/b',
  ]);
});
