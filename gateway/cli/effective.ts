/** `meshgate effective`: the documents that several sources come to, and where each value of them is written. */
import { type Command, Option } from 'commander';
import type { Origin, OriginedDocument } from '../gitsync/effective.ts';
import { CommandError, finishWith } from './command-error.ts';
import { type CommandContext, EXIT_FINDINGS, EXIT_OK } from './context.ts';
import { configuredSources } from './source-flags.ts';
import { splitSource } from './validate.ts';

interface EffectiveFlags {
  readonly config?: string;
  readonly path?: string;
  readonly format: 'text' | 'json';
}

/** Adds `effective`. Exit codes: 0 fine, 1 the sources have errors, 2 wrong use, 3 a source can not be read. */
export function registerEffective(program: Command, context: CommandContext): void {
  program
    .command('effective')
    .description('print what the sources come to together, with the origin of each value')
    .argument(
      '[source]',
      'a folder, repository or URL, with @COMMIT, @BRANCH or @TAG; left out: the sources of --config',
    )
    .option('--config <FILE>', 'file with GatewaySources')
    .option('--path <folder>', 'folder within the source')
    .addOption(new Option('--format <format>', 'how to print').choices(['text', 'json']).default('text'))
    .action((source: string | undefined, flags: EffectiveFlags) =>
      finishWith(context, () => printEffective(source, flags, context)),
    );
}

async function printEffective(
  argument: string | undefined,
  flags: EffectiveFlags,
  context: CommandContext,
): Promise<number> {
  const { effectiveDocuments } = await import('../gitsync/effective.ts');
  const { formatProblem } = await import('../gitsync/problem.ts');
  const sources = await sourcesOf(argument, flags, context);
  const { documents, problems } = await effectiveDocuments(sources, context.environment);
  for (const each of problems) context.stderr(`${formatProblem(each)}\n`);
  if (flags.format === 'json') context.stdout(`${JSON.stringify({ documents, problems })}\n`);
  else context.stdout(documents.map(documentText).join('---\n'));
  return problems.some(({ severity }) => severity === 'error') ? EXIT_FINDINGS : EXIT_OK;
}

async function sourcesOf(argument: string | undefined, { config, path }: EffectiveFlags, context: CommandContext) {
  const { DEFAULT_SOURCE_NAME } = await import('../gitsync/source-spec.ts');
  const configFile = config ?? context.environment['MESHGATE_CONFIG'] ?? null;
  if (argument !== undefined) {
    if (config !== undefined)
      throw new CommandError('FLAGS_INVALID', 'a source and --config can not be given together');
    const { source, ref } = splitSource(argument);
    return [{ name: DEFAULT_SOURCE_NAME, url: source, ref, path, intervalMs: 0 }];
  }
  return configuredSources(configFile, context);
}

/** YAML, each line that holds a value with the place it comes from. */
function documentText({ kind, name, replaces, values }: OriginedDocument): string {
  const lines = [`# ${kind} ${name}${replaces === null ? '' : `, in the place of the one at ${place(replaces)}`}`];
  let before: readonly (string | number)[] = [];
  for (const { path, value, origin } of values) {
    let shared = 0;
    while (shared < path.length - 1 && before[shared] === path[shared]) shared += 1;
    for (let depth = shared; depth < path.length - 1; depth += 1) lines.push(`${indent(depth)}${keyText(path[depth])}`);
    const text = `${indent(path.length - 1)}${keyText(path.at(-1))} ${JSON.stringify(value)}`;
    lines.push(`${text} # ${place(origin)}`);
    before = path;
  }
  return `${lines.join('\n')}\n`;
}

/** List items are written as `- ` with their members below, which is YAML as well. */
function keyText(key: string | number | undefined): string {
  if (typeof key === 'number') return '-';
  return /^[A-Za-z][\w./-]*$/.test(key ?? '') ? `${key}:` : `${JSON.stringify(key)}:`;
}

const indent = (depth: number): string => '  '.repeat(depth);

function place({ source, revision, file, line }: Origin): string {
  return `${source === '' ? '' : `${source} `}${revision} ${file}:${line}`;
}
