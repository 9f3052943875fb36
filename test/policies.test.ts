/** The default policies: they have no problems, and inject what their own tests say. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { buildSnapshot, EMPTY_BUILD_CACHE } from '../gateway/gitsync/build.ts';
import { createFolder } from '../gateway/gitsync/folder.ts';
import { formatProblem } from '../gateway/gitsync/problem.ts';
import { createSchemaCheck } from '../gateway/gitsync/schema-check.ts';
import { runInjectionTests } from '../gateway/policytest/run.ts';
import { compileRevision } from '../workers/inject/compile.ts';
import { CompileError } from '../workers/inject/provider.ts';
import { CompiledPolicies } from '../workers/policy/policy-set.ts';

const root = join(import.meta.dirname, '..', 'policies');
const { signal } = new AbortController();
const found = await createFolder({ directory: root, path: '' }).resolve(signal);
const build = await buildSnapshot(await found.load(signal), EMPTY_BUILD_CACHE, {
  check: createSchemaCheck(),
  compile: async (source) => {
    try {
      if (!('policies' in source)) compileRevision(source);
      else new CompiledPolicies(source);
      return [];
    } catch (error) {
      if (error instanceof CompileError) return error.problems;
      throw error;
    }
  },
  loadedAt: new Date(0),
  signal,
});

describe('the default policies', () => {
  it('have no problems', () => {
    assert.deepEqual(build.problems.map(formatProblem), []);
  });

  it('have an Istio mesh that drops in at /inject, with a canary, and a mesh of a template', () => {
    const istio = build.snapshot?.meshes.get('istio-prod');
    assert.deepEqual([...(istio?.revisions.keys() ?? [])].sort(), ['1-29', '1-30']);
    assert.equal(build.snapshot?.paths.get('/inject'), 'istio-prod');
    assert.deepEqual([...(istio?.tags.keys() ?? [])].sort(), ['canary', 'prod']);
    assert.equal(build.snapshot?.meshes.get('log-agent')?.provider, 'template');
  });

  it("have a Linkerd mesh that drops in at the root, with the next revision's edge", () => {
    const linkerd = build.snapshot?.meshes.get('linkerd-prod');
    assert.equal(linkerd?.provider, 'linkerd');
    assert.deepEqual([...(linkerd?.revisions.keys() ?? [])].sort(), ['2-19', 'edge-26-8']);
    assert.equal(build.snapshot?.paths.get('/'), 'linkerd-prod');
    assert.deepEqual(Object.fromEntries(linkerd?.tags ?? []), { stable: '2-19', edge: 'edge-26-8' });
  });

  it('have the ready pod policies, all asleep, each with tests that wake it', () => {
    const policies = build.snapshot?.policies?.policies ?? [];
    assert.deepEqual(policies.map(({ name }) => name).sort(), [
      'deny-latest',
      'hold-application',
      'organisation-labels',
      'organisation-overlay',
      'pin-revision',
      'safe-to-evict',
      'sidecar-resources',
    ]);
    const tested = new Set([...build.tests.values()].flatMap(({ placed }) => placed.document.spec.policies ?? []));
    for (const { name, suspend } of policies) {
      assert.equal(suspend, true, name);
      assert.ok(tested.has(name), `no test wakes ${name}`);
    }
  });

  it('have a test for every example review', () => {
    const used = new Set(
      [...build.tests.values()].map(({ placed }) => placed.document.spec.review?.replace(/.*\//, '')),
    );
    for (const name of readdirSync(join(root, 'examples')).filter((each) => each.endsWith('.json'))) {
      assert.ok(used.has(name), `no test uses ${name}`);
      assert.equal(JSON.parse(readFileSync(join(root, 'examples', name), 'utf8')).kind, 'AdmissionReview');
    }
  });
});

describe('the default policies inject what their tests say', () => {
  const { snapshot } = build;
  const results =
    snapshot === null
      ? []
      : runInjectionTests(snapshot, build.tests, '', {
          revision: compileRevision,
          policies: (source) => new CompiledPolicies(source),
        });
  it('and there are tests', () => assert.ok(results.length >= 10));
  for (const { name, failures } of results) it(name, () => assert.deepEqual(failures, []));
});
