import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { featuresAt as istioFeaturesAt, istioPlace } from '../../workers/inject/istio/features.ts';
import { featuresAt as linkerdFeaturesAt, linkerdPlace } from '../../workers/inject/linkerd/features.ts';
import { applyEdits } from './fix.ts';
import { type Injector, istioChecks, linkerdChecks, newestInjectors } from './injectors.ts';
import { KNOWN_LABELS, POD_ANNOTATIONS } from './known-names.ts';
import { lintText } from './lint.ts';
import { LINT_RULES } from './rules.ts';

const injectors = newestInjectors();
const settings = {
  injectors,
  revisions: new Map([['istio.io/rev', new Set(['1-29', '1-30', 'canary'])]]),
  vcluster: false,
};

/** `CODE line:column` of each finding. */
function found(text: string, changes: Partial<typeof settings> = {}): string[] {
  return lintText(text, 'f.yaml', { ...settings, ...changes }).findings.map(
    ({ code, line, column }) => `${code} ${line}:${column}`,
  );
}

function fixed(text: string): string {
  return applyEdits(text, lintText(text, 'f.yaml', settings).edits);
}

const deployment = (own: string, template: string, spec = '') => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
${own}spec:
  template:
    metadata:
      name: web
${template}    spec:
      containers: []
${spec}`;
const labels = (...lines: string[]) => `      labels:\n${lines.map((line) => `        ${line}\n`).join('')}`;
const annotations = (...lines: string[]) => `      annotations:\n${lines.map((line) => `        ${line}\n`).join('')}`;

/** Revisions of old releases, as those of a policy source. */
function revision(name: string, checks: ReturnType<typeof istioChecks>, template = ''): Injector {
  return {
    ...checks,
    title: `revision ${name}`,
    asked: { label: 'istio.io/rev', names: new Set([name]) },
    reads: (annotation) => template.includes(annotation),
  };
}
const istioAt = (release: string) => istioChecks(istioFeaturesAt(istioPlace(release)), Number(release.split('.')[1]));
const OLD = [
  revision('1-23', istioAt('1.23.0')),
  revision('1-29', istioAt('1.29.0'), 'sidecar.istio.io/ownOfTheTemplate'),
  { ...revision('stable', linkerdChecks(linkerdFeaturesAt(linkerdPlace('stable-2.14.10')))), asked: null },
];

/** Each rule with a text that breaks it, and the one finding that it gives. */
const BROKEN: readonly (readonly [text: string, finding: string, changes?: Partial<typeof settings>])[] = [
  ['a: [1', 'MANIFEST_SYNTAX 1:6'],
  [deployment('', labels('sidecar.istio.io/inject: true')), 'VALUE_NOT_TEXT 10:34'],
  [deployment('', labels('sidecar.istio.io/inject: enabled')), 'INJECT_VALUE_INVALID 10:34'],
  [deployment('', annotations('linkerd.io/inject: "true"')), 'INJECT_VALUE_INVALID 10:28'],
  [
    deployment('', labels('sidecar.istio.io/inject: "true"') + annotations('sidecar.istio.io/inject: "false"')),
    'INJECT_CONTRADICTORY 12:34',
  ],
  [
    deployment('', labels('sidecar.istio.io/inject: "true"') + annotations('sidecar.istio.io/inject: "true"')),
    'INJECT_TWICE 12:9',
  ],
  [deployment('  labels: {sidecar.istio.io/inject: "true"}\n', ''), 'INJECT_MISPLACED 5:12'],
  [deployment('  annotations:\n    linkerd.io/inject: enabled\n', ''), 'INJECT_MISPLACED 6:5'],
  [deployment('  annotations: {proxy.istio.io/config: "{}"}\n', ''), 'SETTING_MISPLACED 5:17'],
  [deployment('', labels('proxy.istio.io/config: "{}"')), 'SETTING_MISPLACED 10:9'],
  [deployment('', labels('sidecar.istio.io/inject: "true"'), '      hostNetwork: true\n'), 'HOST_NETWORK_INJECT 10:9'],
  [deployment('', annotations('sidecar.istio.io/proxyCpus: 1m')), 'NAME_UNKNOWN 10:9'],
  [deployment('', annotations('config.linkerd.io/proxy-cpu-requests: 1m')), 'NAME_UNKNOWN 10:9'],
  [deployment('', annotations('sidecar.istio/inject: "true"')), 'NAME_UNKNOWN 10:9'],
  [deployment('', annotations('sidecar.istio.io/extraStatTags: a')), 'NAME_DEPRECATED 10:9'],
  [deployment('', annotations('traffic.sidecar.istio.io/excludeInboundPorts: "80,x"')), 'VALUE_DENIED 10:55'],
  [deployment('', annotations('proxy.istio.io/config: "concurrency: many"')), 'VALUE_DENIED 10:32'],
  [deployment('', annotations('config.linkerd.io/proxy-cpu-request: lots')), 'VALUE_IGNORED 10:46'],
  [deployment('', annotations('sidecar.istio.io/nativeSidecar: "true"')), 'NAME_UNREAD 10:9', { injectors: OLD }],
  [deployment('', labels('istio.io/rev: 1-31')), 'REVISION_UNDEFINED 10:23'],
  [
    'apiVersion: v1\nkind: Namespace\nmetadata:\n  labels:\n    istio-injection: enabled\n    istio.io/rev: canary\n',
    'NAMESPACE_LABELS_CONFLICT 6:5',
  ],
  ['apiVersion: v1\nkind: Namespace\nmetadata:\n  labels: {istio-injection: "true"}\n', 'INJECT_VALUE_INVALID 4:29'],
  [deployment('', labels('sidecar.istio.io/inject: "true"')), 'VCLUSTER_SECOND_INJECTION 10:9', { vcluster: true }],
];

describe('lint', () => {
  for (const [text, finding, changes] of BROKEN) {
    it(`finds ${finding}`, () => assert.deepEqual(found(text, changes), [finding]));
  }

  it('holds annotations to the release of the revision that a label asks for, and to all where none does', () => {
    const say = (text: string) =>
      lintText(text, 'f', { ...settings, revisions: new Map(), injectors: OLD }).findings.map(
        ({ code, message }) => `${code} ${message}`,
      );
    const cpu = annotations('sidecar.istio.io/proxyCPU: lots');
    const dump = annotations('sidecar.istio.io/enableCoreDump: maybe');
    const asking = (name: string) => labels(`istio.io/rev: ${name}`);
    assert.deepEqual(say(deployment('', asking('1-23') + cpu)), []);
    assert.deepEqual(say(deployment('', asking('1-29') + cpu)), [
      'VALUE_DENIED Deployment web: sidecar.istio.io/proxyCPU: it is not a quantity such as 100m or 128Mi (revision 1-29)',
    ]);
    assert.equal(say(deployment('', cpu)).length, 1);
    assert.deepEqual(say(deployment('', asking('1-23') + dump)), [
      'VALUE_DENIED Deployment web: sidecar.istio.io/enableCoreDump: it is not a boolean (revision 1-23)',
    ]);
    assert.deepEqual(say(deployment('', asking('1-29') + dump)), [
      'NAME_UNREAD Deployment web: sidecar.istio.io/enableCoreDump is not read (revision 1-29)',
    ]);
    assert.deepEqual(say(deployment('', annotations('config.linkerd.io/proxy-gid: "5"'))), [
      'NAME_UNREAD Deployment web: config.linkerd.io/proxy-gid is not read (revision stable)',
    ]);
  });

  it('knows what a template of the source reads', () => {
    const text = deployment('', annotations('sidecar.istio.io/ownOfTheTemplate: x'));
    assert.deepEqual(found(text), ['NAME_UNKNOWN 10:9']);
    assert.deepEqual(found(text, { injectors: OLD }), []);
  });

  it('has a broken example for each rule', () => {
    const shown = new Set(BROKEN.map(([, finding]) => finding.split(' ')[0]));
    assert.deepEqual(
      Object.keys(LINT_RULES).filter((code) => !shown.has(code)),
      [],
    );
  });

  it('finds nothing in what is right', () => {
    const right = deployment(
      '  labels: {app: web}\n',
      labels('sidecar.istio.io/inject: "true"', 'istio.io/rev: canary', 'app: web') +
        annotations(
          'proxy.istio.io/config: "concurrency: 2"',
          'config.linkerd.io/proxy-cpu-request: 100m',
          'config.linkerd.io/proxy-await: enabled',
          'istio.example.com/own: x',
        ),
    );
    assert.deepEqual(found(right), []);
    assert.deepEqual(found('apiVersion: v1\nkind: Namespace\nmetadata:\n  labels: {istio.io/rev: default}\n'), []);
    assert.deepEqual(found(''), []);
  });

  it('tells places in later documents, Lists and JSON', () => {
    const bad = deployment('', labels('istio.io/rev: gone'));
    assert.deepEqual(found(`# first\nkind: ConfigMap\n---\n${bad}`), ['REVISION_UNDEFINED 13:23']);
    const item = { kind: 'Pod', metadata: { name: 'p', labels: { 'istio.io/rev': 'gone' } }, spec: {} };
    assert.deepEqual(found(JSON.stringify({ kind: 'List', items: [item] }, null, 2)), ['REVISION_UNDEFINED 9:27']);
    const cron =
      'kind: CronJob\nspec: {jobTemplate: {spec: {template: {metadata: {labels: {istio.io/rev: gone}}, spec: {}}}}}\n';
    assert.deepEqual(found(cron), ['REVISION_UNDEFINED 2:74']);
  });

  it('suggests the name that was meant', () => {
    const [finding] = lintText(
      deployment('', annotations('sidecar.istio.io/proxyCpuLimitt: 1')),
      'f',
      settings,
    ).findings;
    assert.match(finding?.message ?? '', /^Deployment web: .*did you mean sidecar.istio.io\/proxyCPULimit\?$/);
    const [elsewhere] = lintText(
      deployment('', annotations('sidecar.istio.io/excludeOutboundPorts: "1"')),
      'f',
      settings,
    ).findings;
    assert.match(elsewhere?.message ?? '', /did you mean traffic.sidecar.istio.io\/excludeOutboundPorts\?$/);
  });

  it('does not throw for anything that a text can hold', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.json(), fc.constantFrom(...BROKEN.map(([text]) => text))),
        fc.nat(400),
        (text, cut) => {
          lintText(text.slice(0, cut), 'f', settings);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('a fix', () => {
  it('edits only the lines concerned, and keeps comments', () => {
    const before = deployment(
      '',
      `${labels('sidecar.istio.io/inject: yes # wanted', 'app: web')}${annotations('sidecar.istio.io/inject: "true"', '# of the proxy', 'sidecar.istio.io/proxycpu: 100m # enough')}`,
    );
    const after = deployment(
      '',
      `${labels('sidecar.istio.io/inject: "true" # wanted', 'app: web')}${annotations('# of the proxy', 'sidecar.istio.io/proxyCPU: 100m # enough')}`,
    );
    assert.equal(fixed(before), after);
    assert.deepEqual(found(after), []);
  });

  it('works in JSON, and leaves what is not certain', () => {
    const pod = (inject: unknown) =>
      JSON.stringify({ kind: 'Pod', metadata: { name: 'p', labels: { 'sidecar.istio.io/inject': inject } }, spec: {} });
    assert.equal(fixed(pod(true)), pod('true'));
    for (const [text] of BROKEN.filter(([, finding]) => /MISPLACED|CONTRADICTORY|DENIED|UNDEFINED/.test(finding))) {
      assert.equal(fixed(text), text);
    }
  });

  it('is done once it was done', () => {
    for (const [text] of BROKEN) {
      const once = fixed(text);
      assert.equal(fixed(once), once);
    }
  });
});

it('knows every annotation that the injectors check or apply', () => {
  assert.deepEqual(
    injectors
      .flatMap(({ names }) => [...names])
      .filter((name) => !POD_ANNOTATIONS.has(name) && name !== 'istio.io/reroute-virtual-interfaces'),
    [],
  );
  assert.ok(KNOWN_LABELS.has('sidecar.istio.io/inject'));
});
