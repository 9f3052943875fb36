/** `meshgate uninject`: takes Istio's injection out of the workloads in a file of resources. */
import type { Command } from 'commander';
import { finishWith } from './command-error.ts';
import type { CommandContext } from './context.ts';
import { addRewriteFlags, injectorOf, type RewriteFlags, rewriteFile } from './inject.ts';
import { addInjectionFlags, type InjectionFlags, namesConfiguration } from './injection-flags.ts';

/** Adds `uninject`. Exit codes: 0 fine, 1 an injection that can not be read, 2 wrong use, 3 it could not run. */
export function registerUninject(program: Command, context: CommandContext): void {
  const command = program
    .command('uninject')
    .description('take the injection out of the workloads in a file of Kubernetes resources')
    .addHelpText(
      'after',
      '\nWith the configuration that made the injection, labels and annotations of custom templates are taken out too.',
    );
  addRewriteFlags(addInjectionFlags(command)).action((flags: InjectionFlags & RewriteFlags) =>
    finishWith(context, async () => {
      const inject = namesConfiguration(flags) ? await injectorOf(flags, context) : null;
      const { uninjectResource } = await import('../../workers/inject/istio/uninject-resource.ts');
      return rewriteFile(flags, context, (resource) => uninjectResource(resource, inject));
    }),
  );
}
