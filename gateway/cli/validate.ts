/** `meshgate validate`: everything that is wrong with a policy source, and what its tests say. */
import { existsSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { CompileProblem } from '../../workers/inject/provider.ts';
import type { CompileSource } from '../../workers/protocol.ts';
import type { CheckedSource } from '../gitsync/check.ts';
import { displaySource } from '../gitsync/location.ts';
import { formatProblem, PROBLEM_CODES, problem, SourceError } from '../gitsync/problem.ts';
import { machineReport, outputOption, type ReportFormat, type RuleText } from '../report/report.ts';
import type { Problem } from '../snapshot.ts';
import { type CommandContext, EXIT_FAILED, EXIT_FINDINGS, EXIT_OK, EXIT_USAGE } from './context.ts';

interface ValidateFlags {
  readonly path?: string;
  readonly base?: string;
  readonly basePath?: string;
  readonly output: ReportFormat;
  /** The older name of `output`. */
  readonly format?: 'text' | 'json';
  readonly tests: boolean;
}

/** What `--output json` prints, on one line. */
export interface ValidationReport {
  readonly source: string;
  /** Null when the source could not be read. */
  readonly revision: string | null;
  readonly ok: boolean;
  readonly problems: readonly Problem[];
  readonly meshes: number;
  readonly revisions: number;
  /** Null when they were not run: because they should not be, or because there are problems. */
  readonly tests: { readonly passed: number; readonly failed: number } | null;
}

/** Adds `validate`. Exit codes: 0 fine, 1 problems or failed tests, 2 wrong use, 3 the source can not be read. */
export function registerValidate(program: Command, context: CommandContext): void {
  program
    .command('validate')
    .description('tell everything that is wrong with policy files, and run their tests')
    .argument(
      '[source]',
      'a folder (as it lies on the disk), or a repository or URL, with @COMMIT, @BRANCH or @TAG',
      '.',
    )
    .option('--path <folder>', 'folder within the source')
    .option('--base <dir|repo>', 'what the source is laid over, where it is an overlay, with @REF')
    .option('--base-path <folder>', 'folder within the base')
    .addOption(outputOption())
    .addOption(new Option('--format <format>').choices(['text', 'json']).hideHelp())
    .option('--no-tests', 'leave the InjectionTests out')
    .action(async (source: string, flags: ValidateFlags) => context.finish(await validate(source, flags, context)));
}

async function validate(argument: string, flags: ValidateFlags, context: CommandContext): Promise<number> {
  const shown = displaySource(argument);
  const print = (report: ValidationReport, files: readonly string[] = []) =>
    context.stdout(encodeReport(flags.format ?? flags.output, report, files, context));
  const { checkSource } = await import('../gitsync/check.ts');
  const { overlay } = await import('./source-flags.ts');
  let checked: CheckedSource;
  try {
    checked = await checkSource({
      ...overlay(argument, flags),
      compile: await inProcessCompiler(),
      environment: context.environment,
    });
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    print({ source: shown, revision: null, ok: false, problems: error.problems, meshes: 0, revisions: 0, tests: null });
    return exitCodeOf(error);
  }
  const tests = flags.tests && checked.snapshot !== null ? await runTests(checked) : null;
  const problems = [...checked.problems, ...(tests?.problems ?? [])].map((each) =>
    each.file === '' ? each : { ...each, file: checked.shown(each.file) },
  );
  const meshes = [...(checked.snapshot?.meshes.values() ?? [])];
  const ok = !problems.some(({ severity }) => severity === 'error');
  const report = {
    source: shown,
    revision: checked.revision,
    ok,
    problems,
    meshes: meshes.length,
    revisions: meshes.reduce((sum, mesh) => sum + mesh.revisions.size, 0),
    tests: tests === null ? null : { passed: tests.passed, failed: tests.failed },
  };
  print(
    report,
    [...checked.tests.values()].map(({ placed }) => checked.shown(checked.prefix + placed.file)),
  );
  return ok ? EXIT_OK : EXIT_FINDINGS;
}

/** The folder or repository, and what follows the `@` that belongs to neither a user name nor an existing path. */
export function splitSource(argument: string): { readonly source: string; readonly ref: string | undefined } {
  if (existsSync(argument)) return { source: argument, ref: undefined };
  const authority =
    /^[a-z][a-z0-9+.-]*:\/\/[^/]*/i.exec(argument)?.[0].length ?? /^[^/@:]+@[^/:]+:/.exec(argument)?.[0].length ?? 0;
  const at = argument.lastIndexOf('@');
  if (at < authority || at <= 0) return { source: argument, ref: undefined };
  return { source: argument.slice(0, at), ref: argument.slice(at + 1) };
}

/** Compiles revisions and policies here, and tells what is wrong with them. */
export async function inProcessCompiler(): Promise<(source: CompileSource) => Promise<readonly CompileProblem[]>> {
  const { compileRevision } = await import('../../workers/inject/compile.ts');
  const { CompileError } = await import('../../workers/inject/provider.ts');
  return async (source) => {
    try {
      if (!('policies' in source)) return compileRevision(source).warnings;
      const { CompiledPolicies } = await import('../../workers/policy/policy-set.ts');
      return new CompiledPolicies(source).warnings;
    } catch (error) {
      if (error instanceof CompileError) return error.problems;
      throw error;
    }
  };
}

interface TestSummary {
  readonly passed: number;
  readonly failed: number;
  readonly problems: readonly Problem[];
}

async function runTests({ snapshot, tests, prefix }: CheckedSource): Promise<TestSummary> {
  if (snapshot === null) return { passed: 0, failed: 0, problems: [] };
  const { runInjectionTests } = await import('../policytest/run.ts');
  const { compileRevision } = await import('../../workers/inject/compile.ts');
  const { CompiledPolicies } = await import('../../workers/policy/policy-set.ts');
  const results = runInjectionTests(snapshot, tests, prefix, {
    revision: compileRevision,
    policies: (source) => new CompiledPolicies(source),
  });
  const problems = results.flatMap(({ name, file, line, column, failures }) =>
    failures.map((failure) => problem('TEST_FAILED', file, `test ${name}: ${failure}`, { line, column })),
  );
  const failed = results.filter(({ failures }) => failures.length > 0).length;
  return { passed: results.length - failed, failed, problems };
}

function encodeReport(
  format: ReportFormat,
  report: ValidationReport,
  files: readonly string[],
  { version }: CommandContext,
): string {
  if (format === 'json') return `${JSON.stringify(report)}\n`;
  if (format === 'text') return textReport(report);
  const rules = new Map<string, RuleText>(
    Object.entries(PROBLEM_CODES).map(([code, { text }]) => [
      code,
      { severity: 'error', sentence: text, page: 'errors.md' },
    ]),
  );
  return machineReport(format, { command: 'meshgate validate', version, problems: report.problems, files, rules });
}

function textReport({ source, revision, ok, problems, meshes, revisions, tests }: ValidationReport): string {
  const lines = problems.map(formatProblem);
  const subject = revision === null ? source : `${source} (${revision})`;
  if (ok) {
    const tested = tests === null ? '' : `, ${count(tests.passed, 'test')} passed`;
    lines.push(`${subject} is fine: ${count(meshes, 'mesh', 'meshes')}, ${count(revisions, 'revision')}${tested}`);
  } else {
    const errors = problems.filter(({ severity }) => severity === 'error').length;
    lines.push(`${subject} has ${count(errors, 'problem')}`);
  }
  return `${lines.join('\n')}\n`;
}

function count(number: number, one: string, several = `${one}s`): string {
  return `${number} ${number === 1 ? one : several}`;
}

/** A source that is too large is a finding; one that is named wrongly is wrong use; one that can not be read is neither. */
function exitCodeOf({ code }: SourceError): number {
  switch (code) {
    case 'SOURCE_TOO_LARGE':
    case 'TREE_TOO_MANY_FILES':
    case 'DOCUMENT_TOO_MANY':
      return EXIT_FINDINGS;
    case 'SOURCE_PROTOCOL':
    case 'REF_INVALID':
      return EXIT_USAGE;
    default:
      return EXIT_FAILED;
  }
}
