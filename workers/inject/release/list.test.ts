import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RevisionSource } from '../../protocol.ts';
import { compileRevision } from '../compile.ts';
import { ISTIO_SWITCHES } from '../istio/features.ts';
import { listSwitches } from './list.ts';

function source(spec: RevisionSource['spec']): RevisionSource {
  return { digest: 'd', mesh: 'mesh', name: 'r', spec };
}

test('the switches of a revision are those of its release', () => {
  const revision = compileRevision(
    source({
      provider: 'istio',
      injectConfig: 'templates: {}',
      values: '{}',
      meshConfig: '',
      release: '1.24.6',
      revision: 'default',
      platform: '',
      compliancePolicy: '',
      env: {},
      nativeSidecars: 'Auto',
    }),
  );
  const states = listSwitches(revision);
  assert.deepEqual(
    states.map(({ name }) => name),
    Object.keys(ISTIO_SWITCHES),
  );
  const on = new Map(states.map((state) => [state.name, state.on]));
  assert.equal(on.get('nativeSidecarAnnotation'), true);
  assert.equal(on.get('rewriteLifecycle'), false);
  assert.deepEqual(states.find(({ name }) => name === 'multusNamespace')?.since, ['1.23.6', '1.24.4', '1.25.1']);
});

test('a mesh of templates has none', () => {
  const spec = { provider: 'template', template: '', values: '', injectKey: 'inject', policy: 'enabled' } as const;
  assert.deepEqual(listSwitches(compileRevision(source(spec))), []);
});
