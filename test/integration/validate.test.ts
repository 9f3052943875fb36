/** `meshgate validate`, as a command: what it prints and how it ends. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { runCommandLine } from '../../gateway/cli/run.ts';
import { splitSource, type ValidationReport } from '../../gateway/cli/validate.ts';

const checkout = join(import.meta.dirname, '..', '..');
let root = '';

async function validate(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await runCommandLine(['validate', ...args], {
    environment: { PATH: process.env['PATH'], HOME: root },
    root: pathToFileURL(`${checkout}/`),
    workerFile: pathToFileURL(join(checkout, 'workers', 'main.ts')),
    version: '0',
    stdout: (text) => {
      out += text;
    },
    stderr: (text) => {
      err += text;
    },
  });
  return { code, out, err };
}

function git(...args: readonly string[]): string {
  const identity = ['-c', 'user.name=a', '-c', 'user.email=a@example.com'];
  return execFileSync('git', ['-C', root, ...identity, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
}

function edit(file: string, from: string, to: string): void {
  const path = join(root, file);
  const text = readFileSync(path, 'utf8');
  assert.ok(text.includes(from), `${file} has no ${from}`);
  writeFileSync(path, text.replace(from, to));
}

function lineOf(file: string, text: string): number {
  const lines = readFileSync(join(root, file), 'utf8').split('\n');
  return lines.findIndex((line) => line.includes(text)) + 1;
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'meshgate-validate-'));
  cpSync(join(checkout, 'policies'), root, { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

describe('meshgate validate', () => {
  it('finds nothing wrong with the default policies, and runs their tests', async () => {
    const { code, out, err } = await validate(root);
    assert.deepEqual([code, err], [0, '']);
    assert.match(out, /is fine: 3 meshes, 5 revisions, \d\d tests passed\n$/);
  });

  it('tells every problem at once, where it can be opened, and ends with 1', async () => {
    edit('istio-prod/istio-prod.yaml', 'canary: 1-30', 'canary: 1-31');
    edit('log-agent/log-agent.yaml', 'policy: disabled', 'policy: never');
    edit('clusters/demo.yaml', 'nodes:', 'node:');
    const { code, out } = await validate(root);
    assert.equal(code, 1);
    const lines = out.trimEnd().split('\n');
    assert.deepEqual(
      lines.slice(0, -1).map((line) => line.replace(`${root}/`, '').replace(/^([^:]+:\d+:\d+): .*\[/, '$1 [')),
      [
        `clusters/demo.yaml:${lineOf('clusters/demo.yaml', '  node:')}:3 [FIELD_UNKNOWN]`,
        `istio-prod/istio-prod.yaml:${lineOf('istio-prod/istio-prod.yaml', 'canary: 1-31')}:13 [REVISION_UNDEFINED]`,
        `log-agent/log-agent.yaml:${lineOf('log-agent/log-agent.yaml', 'policy: never')}:13 [FIELD_INVALID]`,
      ],
    );
    assert.match(lines.at(-1) ?? '', /has 3 problems$/);
  });

  it("tells a template's fault in the template's own file", async () => {
    edit('log-agent/overlay.tpl', '.Values.image | quote', '.Values.image | quoted');
    const { code, out } = await validate(root);
    assert.equal(code, 1);
    const line = lineOf('log-agent/overlay.tpl', 'quoted');
    assert.ok(out.startsWith(join(root, `log-agent/overlay.tpl:${line}:`)), out);
    assert.match(out, /quoted.*\[TEMPLATE_SYNTAX\]/);
  });

  it('tells a test that does not get what it expects, unless it is told to leave tests out', async () => {
    edit('tests/log-agent.yaml', 'LOG_DIRECTORY, value: /var/log/app', 'LOG_DIRECTORY, value: /elsewhere');
    const { code, out } = await validate(root, '--format', 'json');
    const report = JSON.parse(out) as ValidationReport;
    assert.deepEqual([code, report.ok, report.tests?.failed], [1, false, 1]);
    assert.deepEqual(
      report.problems.map(({ code: each, line, message }) => [each, line, message]),
      [
        [
          'TEST_FAILED',
          6,
          'test log-agent-by-namespace: spec.containers[web].env[LOG_DIRECTORY].value is "/var/log/app", and must be "/elsewhere"',
        ],
      ],
    );
    assert.equal((await validate(root, '--no-tests')).code, 0);
  });

  it('looks at the disk, or with @ at what is committed', async () => {
    git('init', '-q', '-b', 'main');
    git('add', '-A');
    git('commit', '-q', '-m', 'good');
    const commit = git('rev-parse', 'HEAD');
    edit('istio-prod/istio-prod.yaml', 'provider: istio', 'provider: isto');
    assert.equal((await validate(root)).code, 1);
    for (const ref of ['HEAD', 'main', commit, commit.slice(0, 10)]) {
      const { code, out } = await validate(`${root}@${ref}`, '--format', 'json');
      assert.equal(code, 0, out);
      assert.ok((JSON.parse(out) as ValidationReport).revision?.endsWith(commit));
    }
    mkdirSync(join(root, 'sub'));
    assert.equal((await validate(`file://${root}@main`, '--path', 'log-agent')).code, 0);
  });

  it('looks at an overlay together with the base that it is laid over', async () => {
    const base = join(root, 'base');
    mkdirSync(base);
    cpSync(join(checkout, 'policies'), base, { recursive: true });
    const team = join(root, 'team');
    mkdirSync(join(team, 'policies'), { recursive: true });
    const test = (label: string) => `apiVersion: meshgate.dev/v1alpha1
kind: InjectionTest
metadata: { name: team-label }
spec:
  mesh: istio-prod
  namespace: shop
  pod: { metadata: { name: p, labels: { app: team } }, spec: { containers: [{ name: c, image: "i:1" }] } }
  expect: { outcome: patched, pod: { metadata: { labels: { team: ${label} } } } }
`;
    const policy = `apiVersion: meshgate.dev/v1alpha1
kind: PodPolicy
metadata: { name: team-label }
spec:
  phase: BeforeInjection
  match: { meshes: [istio-prod], objectSelector: { matchLabels: { app: team } } }
  mutations: [{ merge: { metadata: { labels: { team: shop } } } }]
`;
    writeFileSync(join(team, 'policies', 'policy.yaml'), policy);
    writeFileSync(join(team, 'policies', 'test.yaml'), test('shop'));
    const args = [join(root, 'team'), '--path', 'policies'];
    assert.equal((await validate(...args)).code, 1, 'alone it has no mesh to speak of');
    const good = await validate(...args, '--base', base);
    assert.deepEqual([good.code, good.err], [0, ''], good.out);
    assert.match(good.out, /3 meshes, 5 revisions, 44 tests passed/);

    writeFileSync(join(team, 'policies', 'test.yaml'), test('other'));
    const failed = await validate(...args, '--base', base);
    assert.equal(failed.code, 1);
    assert.ok(
      failed.out.startsWith(`${join(team, 'policies', 'test.yaml')}:3:19: error: test team-label: `),
      failed.out,
    );

    git('init', '-q', '-b', 'main');
    git('add', '-A');
    git('commit', '-q', '-m', 'all');
    writeFileSync(join(base, 'istio-prod', 'istio-prod.yaml'), 'apiVersion: meshgate.dev/v1alpha1\nkind: Nonsense\n');
    const broken = await validate(...args, '--base', base);
    assert.ok(broken.out.includes(`${join(base, 'istio-prod', 'istio-prod.yaml')}:2:7: error: `), broken.out);
    writeFileSync(join(team, 'policies', 'test.yaml'), test('shop'));
    const committed = await validate(...args, '--base', `${root}@main`, '--base-path', 'base');
    assert.equal(committed.code, 0, committed.out);
  });

  it('ends with 3 when the source can not be read, and 2 when the command is wrong', async () => {
    const missing = await validate(join(root, 'nowhere'));
    assert.equal(missing.code, 3);
    assert.match(missing.out, /\[SOURCE_MISSING\]/);
    const unreachable = await validate('https://me:s3kret@127.0.0.1:1/repo@main');
    assert.equal(unreachable.code, 3);
    assert.ok(!unreachable.out.includes('s3kret') && unreachable.out.includes('[SOURCE_UNREACHABLE]'), unreachable.out);
    assert.equal((await validate('ext::sh -c id')).code, 2);
    assert.equal((await validate(root, '--format', 'xml')).code, 2);
    assert.equal((await validate(root, '--unknown')).code, 2);
    assert.equal((await validate(root, '--path', 'nowhere')).code, 3);
  });
});

it('splitSource takes the @ that belongs to neither a user name nor a path', () => {
  const cases: readonly (readonly [string, string, string | undefined])[] = [
    ['policies', 'policies', undefined],
    ['policies@main', 'policies', 'main'],
    ['.@feature/x', '.', 'feature/x'],
    ['https://host/org/repo@v1', 'https://host/org/repo', 'v1'],
    ['https://me:pw@host/org/repo', 'https://me:pw@host/org/repo', undefined],
    ['https://me:pw@host/org/repo.git@main', 'https://me:pw@host/org/repo.git', 'main'],
    ['git@host:org/repo.git', 'git@host:org/repo.git', undefined],
    ['git@host:org/repo.git@v1.2', 'git@host:org/repo.git', 'v1.2'],
    ['ssh://git@host/repo@main', 'ssh://git@host/repo', 'main'],
    ['@scope', '@scope', undefined],
  ];
  for (const [argument, source, ref] of cases) assert.deepEqual(splitSource(argument), { source, ref });
});
