import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseYaml } from '../../workers/yaml/parse.ts';
import { asInjectConfig, ConfigurationError, readIstioTexts } from './configuration.ts';

const configMap = (name: string, data: Record<string, string>) => ({ kind: 'ConfigMap', metadata: { name }, data });
const file = (name: string, ...objects: readonly object[]) => ({
  name,
  text: JSON.stringify({ kind: 'List', items: objects }),
});

test('bare texts are taken as they are', () => {
  const texts = readIstioTexts(
    {
      injectConfig: { name: 'a', text: 'templates: {}\n' },
      values: { name: 'b', text: '{"global": {}}' },
      meshConfig: { name: 'c', text: '' },
    },
    '',
  );
  assert.deepEqual(texts, { injectConfig: 'templates: {}\n', values: '{"global": {}}', meshConfig: '' });
});

test('ConfigMaps are found by their keys; one that is missing is looked for in the other files', () => {
  const injector = file('injector.json', configMap('istio-sidecar-injector', { config: 'C', values: 'V' }));
  const mesh = { name: 'mesh.yaml', text: 'kind: ConfigMap\nmetadata: {name: istio}\ndata: {mesh: M}\n' };
  const texts = readIstioTexts({ injectConfig: injector, meshConfig: mesh }, '');
  assert.deepEqual(texts, { injectConfig: 'C', values: 'V', meshConfig: 'M' });
});

test('of several revisions in a file the one that is asked for counts', () => {
  const dump = file(
    'dump.json',
    configMap('istio-sidecar-injector', { config: 'C', values: 'V' }),
    configMap('istio-sidecar-injector-1-30', { config: 'C30', values: 'V30' }),
    configMap('istio', { mesh: 'M' }),
    configMap('istio-1-30', { mesh: 'M30' }),
  );
  assert.equal(readIstioTexts({ injectConfig: dump }, '1-30').meshConfig, 'M30');
  assert.equal(readIstioTexts({ injectConfig: dump }, 'default').values, 'V');
});

test('a key that is nowhere, or in several ConfigMaps, is refused', () => {
  const odd = [configMap('one', { mesh: 'M' }), configMap('two', { mesh: 'M' })];
  assert.throws(
    () => readIstioTexts({ injectConfig: file('f', configMap('x', { config: 'C' })) }, ''),
    ConfigurationError,
  );
  assert.throws(
    () => readIstioTexts({ injectConfig: file('f', configMap('x', { config: 'C', values: 'V' }), ...odd) }, ''),
    /several ConfigMaps have the key mesh \(one, two\)/,
  );
});

test('the text of a template alone becomes a configuration with that template', () => {
  const template = 'metadata:\n{{- if .x }}\n  a: "b"\n{{- end }}\n';
  const config = parseYaml(asInjectConfig(template)) as { templates: { sidecar: string } };
  assert.equal(config.templates.sidecar, template);
  const whole = 'Templates:\n  sidecar: x\n';
  assert.equal(asInjectConfig(whole), whole);
});
