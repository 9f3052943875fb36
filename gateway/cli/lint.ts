/** `meshgate lint`: what is wrong with the labels and annotations of workload manifests. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { LintSettings } from '../lint/lint.ts';
import { machineReport, outputOption, problemLines, type ReportFormat, type RuleText } from '../report/report.ts';
import type { Problem } from '../snapshot.ts';
import { CommandError, finishWith } from './command-error.ts';
import { type CommandContext, EXIT_FINDINGS, EXIT_OK } from './context.ts';
import { readInput, STDIN, writeOutput } from './files.ts';
import { addSourceFlags, checkedSources, type SourceFlags } from './source-flags.ts';

interface LintFlags extends SourceFlags {
  readonly vcluster?: boolean;
  readonly fix?: boolean;
  readonly maxWarnings?: number;
  readonly output: ReportFormat;
}

/** Files that one call looks at, and how deep folders are searched. */
const MAX_FILES = 20_000;
const MAX_DEPTH = 32;
/** Largest file in UTF-16 units: the parser that knows positions takes about a second for two million of them. */
const MAX_LENGTH = 8 * 1024 * 1024;
const MANIFEST_NAME = /\.(?:ya?ml|json)$/;

/** Adds `lint`. Exit codes: 0 fine, 1 errors or too many warnings, 2 wrong use, 3 it could not run. */
export function registerLint(program: Command, context: CommandContext): void {
  const command = program
    .command('lint')
    .description('check the injection labels and annotations of workload manifests')
    .argument('<files...>', 'YAML or JSON files, folders of them, or - for standard input')
    .option(
      '--source <dir|repo>',
      'policy source whose revisions and tags the labels may name, and whose releases read the annotations, with @REF',
    )
    .option('--path <folder>', 'folder within the source');
  addSourceFlags(command)
    .option('--vcluster', 'the manifests are for a virtual cluster: look for what would have its pods injected twice')
    .option('--fix', 'correct what can be corrected for certain, in the files')
    .option('--max-warnings <number>', 'more warnings than these are an error', wholeNumber)
    .addOption(outputOption())
    .action((files: string[], flags: LintFlags) => finishWith(context, () => lint(files, flags, context)));
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It is not a whole number.');
  return Number(text);
}

async function lint(names: readonly string[], flags: LintFlags, context: CommandContext): Promise<number> {
  if (flags.fix === true && names.includes(STDIN)) {
    throw new CommandError('FLAGS_INVALID', '--fix needs files, and can not correct standard input');
  }
  const { lintText } = await import('../lint/lint.ts');
  const { applyEdits } = await import('../lint/fix.ts');
  const settings = { ...(await injectorsOf(flags, context)), vcluster: flags.vcluster === true };
  const problems: Problem[] = [];
  const files = await manifestFiles(names);
  let fixed = 0;
  for (const file of files) {
    const text = await readManifestText(file);
    const shown = file === STDIN ? '<stdin>' : file;
    let result = lintText(text, shown, settings);
    if (flags.fix === true && result.edits.length > 0) {
      const corrected = applyEdits(text, result.edits);
      await writeOutput(file, corrected);
      fixed += result.edits.length;
      result = lintText(corrected, shown, settings);
    }
    problems.push(...result.findings);
  }
  await print({ problems, files: files.map((file) => (file === STDIN ? '<stdin>' : file)), fixed }, flags, context);
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const tooMany = flags.maxWarnings !== undefined && problems.length - errors > flags.maxWarnings;
  return errors > 0 || tooMany ? EXIT_FINDINGS : EXIT_OK;
}

interface LintOutcome {
  readonly problems: readonly Problem[];
  readonly files: readonly string[];
  readonly fixed: number;
}

async function print(
  { problems, files, fixed }: LintOutcome,
  { output }: LintFlags,
  context: CommandContext,
): Promise<void> {
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const counts = { files: files.length, errors, warnings: problems.length - errors, fixed };
  if (output === 'text') {
    const { warnings } = counts;
    const corrected = fixed === 0 ? '' : `, ${fixed} corrected`;
    context.stdout(
      `${problemLines(problems)}${files.length} files: ${errors} errors, ${warnings} warnings${corrected}\n`,
    );
  } else if (output === 'json') {
    context.stdout(`${JSON.stringify({ ok: errors === 0, ...counts, problems })}\n`);
  } else {
    const { LINT_RULES } = await import('../lint/rules.ts');
    const rules = new Map<string, RuleText>(
      Object.entries(LINT_RULES).map(([code, { severity, sentence }]) => [
        code,
        { severity, sentence, page: 'lint.md' },
      ]),
    );
    const { version } = context;
    context.stdout(machineReport(output, { command: 'meshgate lint', version, problems, files, rules }));
  }
}

async function readManifestText(file: string): Promise<string> {
  const text = await readInput(file);
  if (text.length > MAX_LENGTH)
    throw new CommandError('INPUT_TOO_LARGE', `${file} has more than ${MAX_LENGTH} characters`);
  return text;
}

/** Files as they are named; of folders, all manifests below, without hidden folders and node_modules. */
async function manifestFiles(names: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  const add = async (name: string, depth: number, named: boolean): Promise<void> => {
    const isFolder = name !== STDIN && (await stat(name).catch(() => null))?.isDirectory() === true;
    if (!isFolder) {
      if (!named && !MANIFEST_NAME.test(name)) return;
      files.push(name);
      if (files.length > MAX_FILES) throw new CommandError('INPUT_TOO_LARGE', `there are more than ${MAX_FILES} files`);
      return;
    }
    if (depth >= MAX_DEPTH) return;
    for (const entry of (await readdir(name, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules' || entry.isSymbolicLink()) continue;
      await add(join(name, entry.name), depth + 1, false);
    }
  };
  for (const name of names) await add(name, 0, true);
  return files;
}

/**
 * What the manifests are held to: the revisions of the source, each as its own release, and their names by the label that asks for them;
 * without a source the newest releases. Throws CommandError SOURCE_INVALID.
 */
async function injectorsOf(
  flags: LintFlags,
  context: CommandContext,
): Promise<Pick<LintSettings, 'injectors' | 'revisions'>> {
  if (flags.source === undefined && flags.config === undefined) {
    const of = (['path', 'base', 'basePath'] as const).find((name) => flags[name] !== undefined);
    if (of !== undefined) throw new CommandError('FLAGS_INVALID', '--path, --base and --base-path need --source');
    const { newestInjectors } = await import('../lint/injectors.ts');
    return { injectors: newestInjectors(), revisions: null };
  }
  const { checkSource } = await import('../gitsync/check.ts');
  const { environment } = context;
  const sources = await checkedSources(flags, context);
  const { snapshot, problems } = await checkSource({ ...sources, compile: async () => [], environment });
  if (snapshot === null) {
    context.stderr(problemLines(problems));
    throw new CommandError('SOURCE_INVALID', 'the policy source has problems');
  }
  const revisions = new Map<string, Set<string>>();
  for (const mesh of snapshot.meshes.values()) {
    const known = revisions.get(mesh.revisionLabel) ?? new Set();
    for (const name of [...mesh.revisions.keys(), ...mesh.tags.keys()]) known.add(name);
    revisions.set(mesh.revisionLabel, known);
  }
  const { sourceInjectors } = await import('../lint/source-injectors.ts');
  const { CompileError } = await import('../../workers/inject/provider.ts');
  try {
    return { injectors: sourceInjectors(snapshot), revisions };
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    throw new CommandError('SOURCE_INVALID', `a revision of the policy source can not be compiled: ${error.message}`);
  }
}
