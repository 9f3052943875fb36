/** `meshgate uninject`: takes Istio's or Linkerd's injection out of the workloads in a file of resources. */
import type { Command } from 'commander';
import { finishWith } from './command-error.ts';
import type { CommandContext } from './context.ts';
import { addRewriteFlags, injectorOf, type RewriteFlags, rewriteFile } from './inject.ts';
import { addInjectionFlags, type InjectionFlags, namesConfiguration } from './injection-flags.ts';
import { addLinkerdSourceFlags, type LinkerdSourceFlags } from './linkerd-flags.ts';

type UninjectFlags = InjectionFlags & LinkerdSourceFlags & RewriteFlags & { readonly all?: boolean };

/** Adds `uninject`. Exit codes: 0 fine, 1 an injection that can not be read, 2 wrong use, 3 it could not run. */
export function registerUninject(program: Command, context: CommandContext): void {
  const command = program
    .command('uninject')
    .description('take the injection out of the workloads in a file of Kubernetes resources')
    .addHelpText(
      'after',
      '\nWith the configuration that made the injection, labels and annotations of custom templates are taken out too.',
    );
  addLinkerdSourceFlags(addRewriteFlags(addInjectionFlags(command)))
    .option('--all', 'take out also what linkerd uninject leaves: debug container and network validator')
    .action((flags: UninjectFlags) =>
      finishWith(context, async () => {
        const { isLinkerd } = await import('./linkerd-setup.ts');
        if (await isLinkerd(flags, context)) {
          const { uninjectLinkerd } = await import('./linkerd-inject.ts');
          return uninjectLinkerd(flags, context);
        }
        const inject = namesConfiguration(flags) ? await injectorOf(flags, context) : null;
        const { uninjectResource } = await import('../../workers/inject/istio/uninject-resource.ts');
        return rewriteFile(flags, context, (resource) => uninjectResource(resource, inject));
      }),
    );
}
