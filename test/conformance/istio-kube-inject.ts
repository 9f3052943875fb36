/** Whole resources as `istioctl kube-inject` made them, as cases. How a case is run is the caller's matter. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterContext, IstioRevisionSpec, NativeSidecars } from '../../workers/protocol.ts';
import { corpusPath } from './corpus.ts';

export interface KubeInjectCase {
  readonly id: string;
  /** Cases with the same key have equal revisions. */
  readonly revisionKey: string;
  readonly spec: IstioRevisionSpec;
  readonly nodes: ClusterContext['nodes'];
  readonly namespaces: readonly NamespaceRecord[];
  /** The file that goes in. */
  readonly input: string;
  /** The file that comes out; null where it has to be an error. */
  readonly expected: string | null;
  /** Of expected warnings, in the order of the workloads. */
  readonly warnings: readonly string[];
}

export interface NamespaceRecord {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface CaseFile {
  readonly config: string;
  readonly expectError: string | null;
  readonly env: {
    readonly COMPLIANCE_POLICY: string;
    readonly ENABLE_NATIVE_SIDECARS: 'auto' | 'true' | 'false';
    readonly PLATFORM: string;
    readonly nodes: ClusterContext['nodes'];
    readonly namespaces?: readonly NamespaceRecord[];
  };
  readonly kubeInject: { readonly revision: string; readonly warnings: readonly string[] | null };
}

const NATIVE: Readonly<Record<CaseFile['env']['ENABLE_NATIVE_SIDECARS'], NativeSidecars>> = {
  auto: 'Auto',
  true: 'Always',
  false: 'Never',
};

/** All cases, in the order of their names. */
export function* kubeInjectCases(): Generator<KubeInjectCase> {
  for (const name of readdirSync(corpusPath('istio', 'cases')).sort()) {
    const folder = corpusPath('istio', 'cases', name);
    const file = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as CaseFile;
    const { env, config } = file;
    const text = (part: string) => readFileSync(corpusPath('istio', 'configs', config, part), 'utf8');
    const nativeSidecars = NATIVE[env.ENABLE_NATIVE_SIDECARS];
    const { revision, warnings } = file.kubeInject;
    const expected = join(folder, 'expected.yaml');
    yield {
      id: name,
      revisionKey: [config, revision, nativeSidecars, env.PLATFORM, env.COMPLIANCE_POLICY].join('/'),
      spec: {
        provider: 'istio',
        injectConfig: text('inject-config.yaml'),
        values: text('values.json'),
        meshConfig: text('mesh.configmap.yaml'),
        revision,
        platform: env.PLATFORM,
        compliancePolicy: env.COMPLIANCE_POLICY,
        env: {},
        nativeSidecars,
      },
      nodes: env.nodes,
      namespaces: env.namespaces ?? [],
      input: readFileSync(join(folder, 'input.yaml'), 'utf8'),
      expected: existsSync(expected) ? readFileSync(expected, 'utf8') : null,
      warnings: warnings ?? [],
    };
  }
}
