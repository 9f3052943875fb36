/** Recorded files of resources through the code of the command line, in process: Istio's kube-inject, Linkerd's inject and uninject. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runCommandLine } from '../../gateway/cli/run.ts';
import { injectFiles, injectFilesAsTheyAre, type Transformed, uninjectFiles } from '../../gateway/linkerd/transform.ts';
import { readObjects } from '../../gateway/manifests/objects.ts';
import { compileLinkerd } from '../../workers/inject/linkerd/compile.ts';
import { firstDifference } from '../../workers/kube/pod-compare.ts';
import { corpusPath } from './corpus.ts';
import { type KubeInjectCase, kubeInjectCases } from './istio-kube-inject.ts';
import { type LinkerdCliCase, linkerdCliCases } from './linkerd-cli.ts';
import type { Failure, ProviderName } from './review-case.ts';

export interface FileCase {
  readonly provider: ProviderName;
  readonly set: string;
  readonly id: string;
  /** Null when the file came out as recorded. */
  run(): Promise<Failure | null>;
}

/** All recorded files of a provider. */
export function* fileCases(provider: ProviderName): Generator<FileCase> {
  if (!existsSync(corpusPath(provider, 'cases'))) return;
  if (provider === 'istio') {
    for (const recorded of kubeInjectCases()) {
      yield { provider, set: 'kube-inject', id: recorded.id, run: () => kubeInject(recorded) };
    }
    return;
  }
  for (const recorded of linkerdCliCases()) {
    yield { provider, set: `command line, ${recorded.flow}`, id: recorded.id, run: async () => linkerd(recorded) };
  }
}

const root = join(import.meta.dirname, '..', '..');

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function command(args: readonly string[]): Promise<Ran> {
  let out = '';
  let err = '';
  const code = await runCommandLine(args, {
    environment: {},
    root: pathToFileURL(`${root}/`),
    workerFile: pathToFileURL(join(root, 'workers', 'main.ts')),
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

async function kubeInject({
  spec,
  nodes,
  namespaces,
  input,
  expected,
  warnings,
}: KubeInjectCase): Promise<Failure | null> {
  const folder = mkdtempSync(join(tmpdir(), 'meshgate-kube-inject-'));
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const cluster = {
    apiVersion: 'meshgate.dev/v1alpha1',
    kind: 'ClusterSnapshot',
    metadata: { name: 'recorded' },
    spec: { namespaces, nodes },
  };
  try {
    const ran = await command([
      'inject',
      ...['-f', write('input.yaml', input)],
      ...['--injectConfigFile', write('config.yaml', spec.injectConfig)],
      ...['--valuesFile', write('values.json', spec.values)],
      ...['--meshConfigFile', write('mesh.yaml', spec.meshConfig)],
      ...['--cluster-snapshot', write('cluster.yaml', JSON.stringify(cluster))],
      ...['--native-sidecars', spec.nativeSidecars],
      ...['--platform', spec.platform, '--compliance-policy', spec.compliancePolicy],
      ...(spec.revision === '' ? [] : ['--revision', spec.revision]),
    ]);
    const code = expected === null ? 1 : 0;
    if (ran.code !== code) return { path: 'exit code', expected: code, actual: `${ran.code}: ${ran.err}` };
    for (const warning of warnings) {
      if (!ran.err.includes(warning.trim())) return { path: 'stderr', expected: warning, actual: ran.err };
    }
    return expected === null ? null : textFailure(expected, ran.out);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function linkerd(recorded: LinkerdCliCase): Failure | null {
  const { exitCode, stdout, stderr } = recorded.expected;
  const { ok, text, report } = transformed(recorded);
  if (ok !== (exitCode === 0)) return { path: 'exit code', expected: exitCode, actual: report };
  return report === stderr ? textFailure(stdout, text) : { path: 'stderr', expected: stderr, actual: report };
}

function transformed(recorded: LinkerdCliCase): Transformed {
  const { flow, inputs, spec, version, manual, enableDebugSidecar, closeWaitTimeout, namespaces, annotations } =
    recorded;
  if (flow === 'uninject') return uninjectFiles(inputs, 'linkerd', 'yaml');
  const settings = {
    ...{ revision: compileLinkerd(spec), version, manual, enableDebugSidecar, namespaces, annotations },
    closeWaitTimeout: closeWaitTimeout === '0s' ? '' : closeWaitTimeout,
  };
  const inject = flow === 'inject' ? injectFilesAsTheyAre : injectFiles;
  return inject(inputs, settings, { format: 'yaml', verbose: false });
}

function textFailure(expected: string, actual: string): Failure | null {
  const wanted = readObjects(expected);
  const made = readObjects(actual);
  if (wanted.length !== made.length) return { path: 'objects', expected: wanted.length, actual: made.length };
  for (const [index, object] of wanted.entries()) {
    const difference = firstDifference(object, made[index] ?? null);
    if (difference !== null) {
      return { path: `[${index}].${difference.path}`, expected: difference.a, actual: difference.b };
    }
  }
  return null;
}
