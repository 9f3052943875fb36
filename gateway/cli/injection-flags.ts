/** Flags that name what a workload is injected with: three files as istioctl takes them, or a revision of a policy source. */
import { type Command, Option } from 'commander';
import type { NativeSidecars } from '../../workers/protocol.ts';
import { CommandError } from './command-error.ts';

export interface InjectionFlags {
  readonly injectConfigFile?: string;
  readonly meshConfigFile?: string;
  readonly valuesFile?: string;
  readonly source?: string;
  readonly path?: string;
  readonly mesh?: string;
  readonly revision?: string;
  readonly weight?: string;
  readonly state?: string;
  readonly namespace?: string;
  readonly clusterSnapshot?: string;
  readonly nativeSidecars?: string;
  readonly platform?: string;
  readonly compliancePolicy?: string;
  readonly release?: string;
}

/** Adds the flags to a command. */
export function addInjectionFlags(command: Command): Command {
  return command
    .option('--injectConfigFile <file>', 'injection configuration: the text, or the ConfigMap istio-sidecar-injector')
    .option('--meshConfigFile <file>', 'mesh configuration: the text, or the ConfigMap istio')
    .option('--valuesFile <file>', 'values: the text, or the ConfigMap istio-sidecar-injector')
    .option(
      '--source <dir|repo>',
      'policy source instead of the three files: a folder, a repository or a URL, with @REF',
    )
    .option('--path <folder>', 'folder within the source')
    .option('--mesh <name>', 'mesh of the source; the only one when left out')
    .option(
      '-r, --revision <name>',
      "revision, or a tag of the source's mesh; else labels and rollouts choose as in a gateway",
    )
    .option('--weight <percent>', "weight of the rollout that leaves the mesh's default revision")
    .option('--state <dir>', "a running gateway's state folder: how far its rollouts are counts")
    .option('-n, --namespace <name>', 'namespace of resources that name none')
    .option('--cluster-snapshot <file>', 'a ClusterSnapshot, or namespaces and nodes as kubectl prints them')
    .addOption(
      new Option('--native-sidecars <mode>', 'whether the proxy is a native sidecar').choices(
        Object.keys(NATIVE_MODES),
      ),
    )
    .option('--platform <name>', 'platform: openshift, or nothing')
    .option('--compliance-policy <name>', 'compliance policy of the control plane, such as fips-140-2')
    .option('--release <version>', "Istio release whose injector's behaviour counts");
}

/** Our words, and those of Istio's ENABLE_NATIVE_SIDECARS. */
const NATIVE_MODES: Readonly<Record<string, NativeSidecars>> = {
  Auto: 'Auto',
  Always: 'Always',
  Never: 'Never',
  auto: 'Auto',
  true: 'Always',
  false: 'Never',
};

export function nativeSidecarsOf(flags: InjectionFlags): NativeSidecars | undefined {
  return flags.nativeSidecars === undefined ? undefined : NATIVE_MODES[flags.nativeSidecars];
}

/** Whether the flags name anything to inject with. */
export function namesConfiguration({ source, injectConfigFile, meshConfigFile, valuesFile }: InjectionFlags): boolean {
  return [source, injectConfigFile, meshConfigFile, valuesFile].some((value) => value !== undefined);
}

/** Which of the two ways the flags go. Throws CommandError FLAGS_INVALID for both or neither. */
export function wayOf(flags: InjectionFlags): 'files' | 'source' {
  const given = Object.entries({
    injectConfigFile: flags.injectConfigFile,
    meshConfigFile: flags.meshConfigFile,
    valuesFile: flags.valuesFile,
  }).filter(([, value]) => value !== undefined);
  if (flags.source !== undefined) {
    const [first] = given;
    if (first !== undefined) throw new CommandError('FLAGS_INVALID', `--source and --${first[0]} exclude each other`);
    return 'source';
  }
  for (const name of ['mesh', 'path', 'weight', 'state'] as const) {
    if (flags[name] !== undefined) throw new CommandError('FLAGS_INVALID', `--${name} needs --source`);
  }
  if (given.length === 0) {
    throw new CommandError(
      'FLAGS_INVALID',
      'name what to inject with: --injectConfigFile, --meshConfigFile and --valuesFile, or --source',
    );
  }
  return 'files';
}
