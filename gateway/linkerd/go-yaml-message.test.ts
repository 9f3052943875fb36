import assert from 'node:assert/strict';
import { test } from 'node:test';
import { YamlError } from '../../workers/yaml/error.ts';
import { parseYaml } from '../../workers/yaml/parse.ts';
import { goYamlMessage } from './go-yaml-message.ts';

function messageOf(text: string): string {
  try {
    parseYaml(text);
  } catch (error) {
    if (error instanceof YamlError) return goYamlMessage(error);
  }
  throw new Error(`${JSON.stringify(text)} is read without an error`);
}

// Each text beside what sigs.k8s.io/yaml v1.6.0 says about it, behind `error converting YAML to JSON: `.
const MESSAGES: readonly (readonly [text: string, message: string])[] = [
  ['a: 1\n b: 2\n', 'yaml: line 2: mapping values are not allowed in this context'],
  ['a: b: c\n', 'yaml: mapping values are not allowed in this context'],
  ['a: [1,\n', 'yaml: line 1: did not find expected node content'],
  ['a: }\n', 'yaml: did not find expected node content'],
  ['a: &x 1\nb: *y\n', "yaml: unknown anchor 'y' referenced"],
  ['a: .inf\n', 'json: unsupported value: +Inf'],
  ['a: -.inf\n', 'json: unsupported value: -Inf'],
  ['a: .nan\n', 'json: unsupported value: NaN'],
  ['a: !!null x\n', 'yaml: cannot decode !!str `x` as a !!null'],
];

for (const [text, message] of MESSAGES) {
  test(`the message for ${JSON.stringify(text)}`, () => assert.equal(messageOf(text), message));
}
