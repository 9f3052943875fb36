/** `meshgate lint`, as a command: files and folders, policy sources, corrections, exit codes and forms. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { checkout, Workspace } from './command.ts';

let space: Workspace;
beforeEach(() => {
  space = new Workspace();
});
afterEach(() => space.remove());

const POLICIES = join(checkout, 'policies');
const pod = (label: string) => `kind: Pod\nmetadata:\n  name: p\n  labels:\n    ${label}\nspec: {}\n`;

describe('meshgate lint', () => {
  it('says where errors are, and ends with 1', async () => {
    const file = space.write('pod.yaml', pod('istio.io/rev: cannary'));
    assert.equal((await space.run('lint', file)).code, 0, 'without a source no name is wrong');
    const { code, out } = await space.run('lint', file, '--source', POLICIES);
    assert.equal(code, 1, out);
    assert.match(out, /pod\.yaml:5:19: error: .*did you mean "canary"\?\) \[REVISION_UNDEFINED\]\n1 files: 1 errors/);
  });

  it('lets warnings pass up to a number', async () => {
    const file = space.write('pod.yaml', pod('sidecar.istio.io/injected: "true"'));
    assert.equal((await space.run('lint', file)).code, 0);
    assert.equal((await space.run('lint', file, '--max-warnings', '1')).code, 0);
    assert.equal((await space.run('lint', file, '--max-warnings', '0')).code, 1);
    assert.equal((await space.run('lint', file, '--max-warnings', 'x')).code, 2);
  });

  it('corrects files', async () => {
    const file = space.write('pod.yaml', pod('sidecar.istio.io/inject: true # in'));
    const { code, out } = await space.run('lint', file, '--fix');
    assert.equal(code, 0, out);
    assert.match(out, /1 corrected/);
    assert.equal(readFileSync(file, 'utf8'), pod('sidecar.istio.io/inject: "true" # in'));
    assert.equal((await space.run('lint', '-', '--fix')).code, 2);
  });

  it('prints JSON, SARIF and JUnit', async () => {
    const file = space.write('pod.yaml', pod('sidecar.istio.io/inject: true'));
    const json = JSON.parse((await space.run('lint', file, '-o', 'json')).out);
    assert.deepEqual([json.ok, json.errors, json.problems[0].code], [false, 1, 'VALUE_NOT_TEXT']);
    const sarif = JSON.parse((await space.run('lint', file, '-o', 'sarif')).out);
    assert.match(sarif.runs[0].tool.driver.rules[0].shortDescription.text, /without quotes/);
    assert.match((await space.run('lint', file, '-o', 'junit')).out, /<failure type="VALUE_NOT_TEXT"/);
    const validated = await space.run('validate', POLICIES, '-o', 'junit');
    assert.equal(validated.code, 0);
    assert.match(validated.out, /tests="\d+" failures="0"/);
  });

  it('finds no errors in the default policies and their examples', async () => {
    const { code, out } = await space.run('lint', POLICIES, '--source', POLICIES);
    assert.equal(code, 0, out);
  });
});
