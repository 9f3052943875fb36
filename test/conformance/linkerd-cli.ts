/** Files as Linkerd's command line injected and uninjected them, as cases. How a case is run is the caller's matter. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LinkerdRevisionSpec } from '../../workers/protocol.ts';
import { corpusPath } from './corpus.ts';

export interface LinkerdCliCase {
  readonly id: string;
  readonly flow: 'uninject' | 'inject' | 'uninject+inject';
  readonly inputs: readonly string[];
  readonly spec: LinkerdRevisionSpec;
  /** The version in created-by. */
  readonly version: string;
  readonly manual: boolean;
  readonly enableDebugSidecar: boolean;
  /** Go's text of a duration; `0s` for none. */
  readonly closeWaitTimeout: string;
  readonly namespaces: boolean;
  readonly annotations: Readonly<Record<string, string>>;
  /** Values that the cluster runs with, where flags have changed them. */
  readonly base: LinkerdRevisionSpec | null;
  readonly expected: {
    readonly exitCode: number;
    readonly stdout: string;
    readonly stderr: string;
    /** null where it was not recorded. */
    readonly verboseStderr: string | null;
  };
}

interface CaseFile {
  readonly flow: LinkerdCliCase['flow'];
  readonly config: string;
  readonly baseConfig?: string;
  readonly controlPlaneNamespace: string;
  readonly version: string;
  readonly manual: boolean;
  readonly enableDebugSidecar: boolean;
  readonly allowNsInject: boolean;
  readonly closeWaitTimeout: string;
  readonly overrideAnnotations: Record<string, string> | null;
  readonly exitCode: number;
}

function specOf(config: string, controlPlaneNamespace: string): LinkerdRevisionSpec {
  const text = (name: string) => readFileSync(corpusPath('linkerd', 'configs', config, name), 'utf8');
  return {
    provider: 'linkerd',
    values: text('values.yaml'),
    trustAnchors: text('trust-anchors.pem'),
    controlPlaneNamespace,
  };
}

/** All cases, in the order of their names. */
export function* linkerdCliCases(): Generator<LinkerdCliCase> {
  const root = corpusPath('linkerd', 'cases');
  for (const name of readdirSync(root).sort()) {
    if (!name.startsWith('cli-')) continue;
    const at = (file: string) => join(root, name, file);
    const read = (file: string) => readFileSync(at(file), 'utf8');
    const file = JSON.parse(read('case.json')) as CaseFile;
    const several = readdirSync(join(root, name)).filter((each) => /^input\.\d+\.yaml$/.test(each));
    yield {
      id: name,
      flow: file.flow,
      inputs: several.length > 0 ? several.sort().map(read) : [read('input.yaml')],
      spec: specOf(file.config, file.controlPlaneNamespace),
      version: file.version,
      manual: file.manual,
      enableDebugSidecar: file.enableDebugSidecar,
      closeWaitTimeout: file.closeWaitTimeout,
      namespaces: file.allowNsInject,
      annotations: file.overrideAnnotations ?? {},
      base: file.baseConfig === undefined ? null : specOf(file.baseConfig, file.controlPlaneNamespace),
      expected: {
        exitCode: file.exitCode,
        stdout: read('expected.yaml'),
        stderr: read('expected.stderr'),
        verboseStderr: existsSync(at('expected.verbose.stderr')) ? read('expected.verbose.stderr') : null,
      },
    };
  }
}
