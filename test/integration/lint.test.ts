/** `meshgate lint`, as a command: files and folders, policy sources, corrections, exit codes and forms. */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
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

  it('holds annotations to the releases of the source', async () => {
    const annotated = (text: string) => `kind: Pod\nmetadata:\n  name: p\n  annotations:\n    ${text}\nspec: {}\n`;
    const file = space.write('pod.yaml', annotated('sidecar.istio.io/enableCoreDump: "true"'));
    assert.match((await space.run('lint', file)).out, /0 errors, 0 warnings/);
    const { out } = await space.run('lint', file, '--source', POLICIES);
    assert.match(
      out,
      /:5:5: warning: .* is not read \(Istio 1\.29\.1 of revision 1-29 of mesh istio-prod, and 1 more\)/,
    );
    assert.match(out, /\[NAME_UNREAD\]\n1 files: 0 errors, 1 warnings/);
    const policies = join(space.root, 'old');
    cpSync(POLICIES, policies, { recursive: true });
    const revision = join(policies, 'istio-prod', '1-29', 'revision.yaml');
    writeFileSync(revision, readFileSync(revision, 'utf8').replace('release: "1.29.1"', 'release: "1.24.6"'));
    const asking = annotated('sidecar.istio.io/enableCoreDump: maybe').replace(
      '  annotations',
      '  labels: {istio.io/rev: 1-29}\n  annotations',
    );
    const denied = await space.run('lint', space.write('old.yaml', asking), '--source', policies);
    assert.match(denied.out, /not a boolean \(Istio 1\.24\.6 of revision 1-29 of mesh istio-prod\) \[VALUE_DENIED\]/);
    assert.equal(denied.code, 1);
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
