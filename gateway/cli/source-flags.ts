/** Flags of commands that read policies once: one source, an overlay with its base, or all sources of a gateway. */
import { type Command, Option } from 'commander';
import type { CheckedOverlay, CheckedSources } from '../gitsync/check.ts';
import type { SourceSpec } from '../gitsync/source-spec.ts';
import { CommandError } from './command-error.ts';
import type { CommandContext } from './context.ts';
import { splitSource } from './validate.ts';

export interface SourceFlags {
  readonly source?: string;
  readonly path?: string;
  readonly base?: string;
  readonly basePath?: string;
  readonly config?: string;
}

/** After the command's own `--source` and `--path`. */
export function addSourceFlags(command: Command): Command {
  return command
    .option('--base <dir|repo>', 'what the source is laid over, where it is an overlay, with @REF')
    .option('--base-path <folder>', 'folder within the base')
    .addOption(
      new Option('--config <FILE>', 'file with GatewaySources, in the place of --source').conflicts([
        'source',
        'path',
        'base',
        'basePath',
      ]),
    );
}

/** What the flags name; without a source the working folder. Throws CommandError FLAGS_INVALID, GatewayError for a wrong file. */
export async function checkedSources(flags: SourceFlags, context: CommandContext): Promise<CheckedSources> {
  const { source = '.', base, basePath, config } = flags;
  if (config !== undefined) return { sources: await configuredSources(config, context) };
  if (base === undefined && basePath !== undefined) throw new CommandError('FLAGS_INVALID', '--base-path needs --base');
  return overlay(source, flags);
}

/** Arguments with their refs as places. */
export function overlay(
  source: string,
  { path, base, basePath }: Pick<SourceFlags, 'path' | 'base' | 'basePath'>,
): CheckedOverlay {
  return {
    ...splitSource(source),
    path,
    base: base === undefined ? undefined : { ...splitSource(base), path: basePath },
  };
}

/** The GatewaySources of a gateway's file; of its environment where that is null. Throws GatewayError. */
export async function configuredSources(
  configFile: string | null,
  { environment }: CommandContext,
): Promise<readonly SourceSpec[]> {
  const { loadOptions } = await import('../config/load.ts');
  return (await loadOptions({ flags: {}, environment, configFile })).sources;
}
