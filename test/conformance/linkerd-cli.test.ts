/** Linkerd's `inject` and `uninject` against every file that its own command line made of its own test inputs. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommandLine } from '../../gateway/cli/run.ts';
import { injectFiles, injectFilesAsTheyAre, type Transformed, uninjectFiles } from '../../gateway/linkerd/transform.ts';
import { parseDocument, splitDocuments } from '../../gateway/manifests/documents.ts';
import type { InjectSettings } from '../../workers/inject/linkerd/command-line/inject.ts';
import { overrideAnnotations } from '../../workers/inject/linkerd/command-line/overrides.ts';
import { compileLinkerd } from '../../workers/inject/linkerd/compile.ts';
import { firstDifference } from '../../workers/kube/pod-compare.ts';
import { corpusSkip } from './corpus.ts';
import { type LinkerdCliCase, linkerdCliCases } from './linkerd-cli.ts';

function settingsOf(recorded: LinkerdCliCase): InjectSettings {
  return {
    revision: compileLinkerd(recorded.spec),
    version: recorded.version,
    manual: recorded.manual,
    enableDebugSidecar: recorded.enableDebugSidecar,
    closeWaitTimeout: recorded.closeWaitTimeout === '0s' ? '' : recorded.closeWaitTimeout,
    namespaces: recorded.namespaces,
    annotations: recorded.annotations,
  };
}

function run(recorded: LinkerdCliCase, verbose: boolean): Transformed {
  const options = { format: 'yaml', verbose } as const;
  switch (recorded.flow) {
    case 'uninject+inject':
      return injectFiles(recorded.inputs, settingsOf(recorded), options);
    case 'uninject':
      return uninjectFiles(recorded.inputs, 'linkerd', 'yaml');
    case 'inject':
      return injectFilesAsTheyAre(recorded.inputs, settingsOf(recorded), options);
  }
}

function documentsOf(text: string) {
  return splitDocuments(text).map(parseDocument);
}

function problem(recorded: LinkerdCliCase): string | undefined {
  const { exitCode, stdout, stderr, verboseStderr } = recorded.expected;
  const { ok, text, report } = run(recorded, false);
  if (ok !== (exitCode === 0)) return `exit code ${ok ? 0 : 1} instead of ${exitCode}: ${report}`;
  if (report !== stderr) return `report ${JSON.stringify(report)} instead of ${JSON.stringify(stderr)}`;
  if (verboseStderr !== null) {
    const { report: verbose } = run(recorded, true);
    if (verbose !== verboseStderr) return `verbose report ${JSON.stringify(verbose)}`;
  }
  const wanted = documentsOf(stdout);
  const made = documentsOf(text);
  if (wanted.length !== made.length) return `${made.length} documents instead of ${wanted.length}`;
  for (const [index, document] of wanted.entries()) {
    const difference = firstDifference(document, made[index] ?? null);
    if (difference !== null) return JSON.stringify({ document: index, ...difference });
  }
  return undefined;
}

test('linkerd inject and uninject: every recorded file', { skip: corpusSkip() }, (t) => {
  const found: string[] = [];
  let count = 0;
  for (const recorded of linkerdCliCases()) {
    count++;
    const difference = problem(recorded);
    if (difference !== undefined) found.push(`${recorded.id}: ${difference}`);
  }
  t.diagnostic(`${count - found.length} of ${count} exact`);
  assert.ok(count > 0, 'no cases');
  assert.deepEqual(found, []);
});

/** The arguments that make the command line do what was recorded; null for files injected without taking out an earlier injection. */
function argumentsOf(recorded: LinkerdCliCase, folder: string): string[] | null {
  if (recorded.flow === 'inject') return null;
  const file = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const input = ['-f', file('input.yaml', recorded.inputs.join('---\n'))];
  if (recorded.flow === 'uninject') return ['uninject', '--provider', 'linkerd', ...input];
  return [
    'inject',
    ...['--values', file('values.yaml', recorded.spec.values)],
    ...['--trust-anchors', file('trust-anchors.pem', recorded.spec.trustAnchors)],
    ...(recorded.base === null ? [] : ['--base-values', file('base.yaml', recorded.base.values)]),
    ...['--injector-version', recorded.version, '--linkerd-namespace', recorded.spec.controlPlaneNamespace],
    ...(recorded.manual ? ['--manual'] : []),
    ...(recorded.enableDebugSidecar ? ['--enable-debug-sidecar'] : []),
    ...input,
  ];
}

test('the same through the command line', { skip: corpusSkip() }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'meshgate-linkerd-'));
  let count = 0;
  try {
    for (const recorded of linkerdCliCases()) {
      const args = argumentsOf(recorded, folder);
      if (args === null) continue;
      count++;
      const { exitCode, stdout, stderr } = await runInProcess(args);
      assert.equal(exitCode, recorded.expected.exitCode, recorded.id);
      assert.equal(stderr, recorded.expected.stderr, recorded.id);
      assert.equal(stdout, run(recorded, false).text, recorded.id);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  assert.ok(count > 0, 'no cases');
});

async function runInProcess(args: readonly string[]) {
  let stdout = '';
  let stderr = '';
  const exitCode = await runCommandLine(args, {
    environment: {},
    root: new URL('../../', import.meta.url),
    workerFile: new URL('../../workers/main.ts', import.meta.url),
    version: 'test',
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
  });
  return { exitCode, stdout, stderr };
}

test('what differs from the values of the cluster becomes the recorded annotations', { skip: corpusSkip() }, () => {
  let count = 0;
  for (const { id, spec, base, annotations } of linkerdCliCases()) {
    if (base === null) continue;
    count++;
    const made = overrideAnnotations(compileLinkerd(spec).values.proxy, compileLinkerd(base).values.proxy);
    assert.deepEqual(made, annotations, id);
  }
  assert.ok(count > 0, 'no cases');
});

// Linkerd writes annotations for what flags changed, and reads what they say a little differently than the values they come from: ports with
// names are resolved, and an amount of CPU sets threads. So it is the second injection that settles.
test('an injection of what is injected changes nothing', { skip: corpusSkip() }, () => {
  const found: string[] = [];
  for (const recorded of linkerdCliCases()) {
    if (recorded.flow !== 'uninject+inject') continue;
    const settings = settingsOf(recorded);
    const inject = (text: string) => injectFiles([text], settings, { format: 'yaml', verbose: false }).text;
    const first = inject(recorded.inputs.join(''));
    const once = Object.keys(recorded.annotations).length > 0 ? inject(first) : first;
    if (inject(once) !== once) found.push(recorded.id);
  }
  assert.deepEqual(found, []);
});
