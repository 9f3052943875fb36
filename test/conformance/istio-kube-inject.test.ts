/** Whole-resource injection against every file that `istioctl kube-inject` made of Istio's own test inputs, and back again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readObjects } from '../../gateway/manifests/objects.ts';
import { rewriteManifests } from '../../gateway/manifests/rewrite.ts';
import { uninjectResource } from '../../workers/inject/istio/uninject-resource.ts';
import { podTemplateOf } from '../../workers/inject/workload.ts';
import { firstDifference } from '../../workers/kube/pod-compare.ts';
import type { JsonObject, JsonValue } from '../../workers/template/value.ts';
import { corpusSkip } from './corpus.ts';
import { type KubeInjectCase, kubeInjectCases } from './istio-kube-inject.ts';
import { KubeInjectRunner, kubeInjectProblem } from './istio-kube-inject-run.ts';

const runner = new KubeInjectRunner();

function problems(find: (recorded: KubeInjectCase) => string | undefined): string[] {
  const found: string[] = [];
  let count = 0;
  for (const recorded of kubeInjectCases()) {
    count++;
    const problem = find(recorded);
    if (problem !== undefined) found.push(`${recorded.id}: ${problem}`);
  }
  assert.ok(count > 0, 'no cases');
  return found;
}

/** Where istioctl merges over the work of another injector, nothing tells what was whose. */
function isInjectedBefore({ input }: KubeInjectCase): boolean {
  return input.includes('sidecar.istio.io/status:');
}

test('kube-inject: every recorded file', { skip: corpusSkip() }, () => {
  const check = (recorded: KubeInjectCase) => {
    const { text, denied } = runner.run(recorded);
    return kubeInjectProblem(recorded, denied.length > 0 ? null : text);
  };
  assert.deepEqual(problems(check), []);
});

test('kube-inject: every recorded warning', { skip: corpusSkip() }, () => {
  const check = (recorded: KubeInjectCase) => {
    const skipped = runner.run(recorded).skipped.map(({ kind, name }) => `${kind} "${name}"`);
    const wanted = recorded.warnings.map((warning) => /because (.*) has /.exec(warning)?.[1] ?? warning);
    return JSON.stringify(skipped) === JSON.stringify(wanted) ? undefined : `${skipped}, but expected ${wanted}`;
  };
  assert.deepEqual(problems(check), []);
});

test('kube-inject: a second injection changes nothing', { skip: corpusSkip() }, () => {
  const check = (recorded: KubeInjectCase) => {
    const first = runner.run(recorded).text;
    const once = isInjectedBefore(recorded) ? runner.run(recorded, first).text : first;
    return runner.run(recorded, once).text === once ? undefined : 'it changes';
  };
  assert.deepEqual(problems(check), []);
});

/** The pods of a file, as far as an injected file can tell what they were. */
function toldPods(text: string): JsonValue[] {
  return readObjects(text).flatMap((object) => {
    const template = podTemplateOf(object);
    return template === null ? [] : [told({ metadata: template.metadata, spec: template.spec })];
  });
}

/** A port that a rewritten probe names has become its number. */
function told(pod: JsonObject): JsonValue {
  return JSON.parse(JSON.stringify(pod), (_, value: JsonValue) => {
    const { ports } = (value ?? {}) as { ports?: readonly { name?: string; containerPort?: number }[] };
    if (!Array.isArray(ports)) return value;
    const numbers = new Map(ports.map(({ name, containerPort }) => [name, containerPort]));
    return JSON.parse(JSON.stringify(value), (key, port: JsonValue) =>
      key === 'port' && typeof port === 'string' ? (numbers.get(port) ?? port) : port,
    ) as JsonValue;
  }) as JsonValue;
}

/** OpenShift's own uid on the user's istio-proxy is dropped by the injection. */
function isOpenShift({ spec }: KubeInjectCase): boolean {
  return spec.platform !== '';
}

test('uninject: injecting and taking back gives the pods that there were', { skip: corpusSkip() }, () => {
  const check = (recorded: KubeInjectCase) => {
    if (recorded.expected === null || isInjectedBefore(recorded) || isOpenShift(recorded)) return undefined;
    const inject = runner.injector(recorded);
    const back = rewriteManifests(runner.run(recorded).text, (resource) => uninjectResource(resource, inject)).text;
    const difference = firstDifference(toldPods(recorded.input), toldPods(back));
    return difference === null ? undefined : JSON.stringify(difference);
  };
  assert.deepEqual(problems(check), []);
});

test('uninject: what is taken back without the configuration is injected alike', { skip: corpusSkip() }, () => {
  const check = (recorded: KubeInjectCase) => {
    if (recorded.expected === null || isInjectedBefore(recorded)) return undefined;
    const injected = runner.run(recorded).text;
    const back = rewriteManifests(injected, (resource) => uninjectResource(resource, null)).text;
    if (back.includes('sidecar.istio.io/status')) return 'the status is still there';
    return runner.run(recorded, back).text === injected ? undefined : 'it is not';
  };
  assert.deepEqual(problems(check), []);
});
