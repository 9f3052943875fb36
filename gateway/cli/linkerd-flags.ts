/** Flags for Linkerd meshes, by the names that `linkerd inject` has for them. */
import { type Command, Option } from 'commander';
import { PROXY_FLAGS } from '../../workers/inject/linkerd/command-line/flags.ts';
import type { InjectionFlags } from './injection-flags.ts';

export interface LinkerdSourceFlags {
  readonly provider?: 'istio' | 'linkerd';
  readonly values?: string;
  readonly trustAnchors?: string;
  readonly controlPlaneNamespace?: string;
  readonly linkerdNamespace?: string;
}

export interface LinkerdInjectFlags extends LinkerdSourceFlags, InjectionFlags {
  readonly baseValues?: string;
  readonly injectorVersion?: string;
  readonly manual?: boolean;
  readonly enableDebugSidecar?: boolean;
  readonly closeWaitTimeout?: string;
  readonly verbose?: boolean;
  readonly disableIdentity?: boolean;
}

/** Adds what names the configuration of a Linkerd revision. */
export function addLinkerdSourceFlags(command: Command): Command {
  return command
    .optionsGroup('Linkerd:')
    .addOption(
      new Option('--provider <name>', "whose mesh it is; told from the source's mesh").choices(['istio', 'linkerd']),
    )
    .option('--values <file>', 'values: the text, or the ConfigMap linkerd-config')
    .option(
      '--trust-anchors <file>',
      'PEM, or the ConfigMap linkerd-identity-trust-roots; those in the values when left out',
    )
    .option('-L, --linkerd-namespace <name>', 'namespace of the control plane (linkerd)')
    .option('--control-plane-namespace <name>', 'the same');
}

/** Adds what says how to inject. */
export function addLinkerdInjectFlags(command: Command): Command {
  addLinkerdSourceFlags(command)
    .option('--manual', 'put the proxy itself into the resources, not only annotations')
    .option('--enable-debug-sidecar', 'add the debug container')
    .option('--close-wait-timeout <duration>', 'time for connections in CLOSE_WAIT')
    .option('--base-values <file>', 'values the cluster runs with: what differs from them becomes annotations')
    .option('--injector-version <version>', "version in linkerd.io/created-by; the revision's when left out")
    .option('--verbose', 'report every check')
    .addOption(new Option('--disable-identity').hideHelp())
    // No cluster is ever asked: for those who are used to say so.
    .addOption(new Option('--ignore-cluster').hideHelp());
  for (const { name, short, value, description } of PROXY_FLAGS) {
    const names = short === undefined ? `--${name}` : `-${short}, --${name}`;
    command.option(`${names} ${value ?? '[bool]'}`, description);
  }
  return command;
}

/** The proxy flags that were given, by name; a switch without a value is `true`. */
export function givenProxyFlags(flags: object): ReadonlyMap<string, string> {
  const given = new Map<string, string>();
  for (const { name } of PROXY_FLAGS) {
    const key = name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const value: unknown = Object.hasOwn(flags, key) ? (flags as Record<string, unknown>)[key] : undefined;
    if (typeof value === 'string') given.set(name, value);
    else if (value === true) given.set(name, 'true');
  }
  return given;
}
