/** `meshgate diff`: which pods come out different between two revisions or commits, grouped. */
import { type Command, Option } from 'commander';
import type { MeshComparison } from '../diff/compare-sides.ts';
import type { Compilers, Trial } from '../diff/end.ts';
import type { Side } from '../diff/side.ts';
import { COMMAND_CODES, CommandError } from './command-error.ts';
import { type CommandContext, EXIT_FAILED, EXIT_FINDINGS, EXIT_OK } from './context.ts';
import { readInput } from './files.ts';
import { addSourceFlags, checkedSources, type SourceFlags } from './source-flags.ts';

interface DiffFlags extends SourceFlags {
  readonly from: string;
  readonly to?: string;
  readonly source: string;
  readonly mesh?: string;
  readonly reviews?: readonly string[];
  readonly namespace?: string;
  readonly clusterSnapshot?: string;
  readonly output: 'text' | 'json';
  readonly exitCode: boolean;
}

/** Adds `diff`. Exit codes: 0 no difference, 1 differences, 2 wrong use, 3 it could not run. */
export function registerDiff(program: Command, context: CommandContext): void {
  const command = program
    .command('diff')
    .description('tell which pods come out different between two revisions or commits, grouped')
    .requiredOption('--from <rev|commit>', "a mesh's revision or tag, a commit, or REV@COMMIT")
    .option('--to <rev|commit>', 'the same; the source as it is when left out')
    .option('--source <dir|repo>', 'policy source: a folder, a repository or a URL, with @REF', '.')
    .option('--path <folder>', 'folder within the source');
  addSourceFlags(command)
    .option('--mesh <name>', 'the mesh; all that both sides have when left out')
    .option(
      '--reviews <file|dir...>',
      "AdmissionReviews (JSON, or one a line) and manifests (YAML), folders with all below; the source's own InjectionTests when left out",
    )
    .option('-n, --namespace <name>', 'namespace of resources that name none')
    .option('--cluster-snapshot <file>', 'a ClusterSnapshot, or namespaces and nodes as kubectl prints them')
    .addOption(new Option('--output <format>', 'how to print').choices(['text', 'json']).default('text'))
    .option('--no-exit-code', 'end with 0 also where there are differences')
    .action((flags: DiffFlags) => finishComparing(context, () => diff(flags, context)));
}

/** Findings are differences alone: what is wrong with a file or a source keeps the command from running. */
export async function finishComparing(context: CommandContext, work: () => Promise<number>): Promise<void> {
  try {
    context.finish(await work());
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const { exitCode } = COMMAND_CODES[error.code];
    context.stderr(`meshgate: ${error.message} [${error.code}]\n`);
    context.finish(exitCode === EXIT_FINDINGS ? EXIT_FAILED : exitCode);
  }
}

async function diff(flags: DiffFlags, context: CommandContext): Promise<number> {
  const { commonMeshes } = await import('../diff/compare-sides.ts');
  const { from, to } = await openSides(flags, context);
  const common = commonMeshes(from, to);
  const meshes = flags.mesh === undefined ? common : common.filter((name) => name === flags.mesh);
  if (meshes.length === 0) {
    const what = flags.mesh === undefined ? 'no mesh' : `no mesh ${flags.mesh}`;
    throw new CommandError('FLAGS_INVALID', `there is ${what} that has both ${from.name} and ${to.name}`);
  }
  const comparisons: MeshComparison[] = [];
  for (const mesh of meshes) {
    const comparison = await compare({ from, to }, mesh, flags);
    if (comparison !== null) comparisons.push(comparison);
  }
  if (comparisons.length === 0) {
    const meshNames = meshes.join(', ');
    throw new CommandError(
      'FLAGS_INVALID',
      `the source has no InjectionTests of ${meshNames}: name pods with --reviews`,
    );
  }
  if (comparisons.every(({ pods }) => pods === 0)) {
    throw new CommandError('MANIFEST_INVALID', 'the reviews hold no pod, no workload and no AdmissionReview');
  }
  const { comparisonText } = await import('../diff/text.ts');
  context.stdout(
    flags.output === 'json'
      ? `${JSON.stringify({ comparisons }, null, 2)}\n`
      : comparisons.map(comparisonText).join('\n'),
  );
  const differs = comparisons.some(({ differentPods }) => differentPods > 0);
  return differs && flags.exitCode ? EXIT_FINDINGS : EXIT_OK;
}

async function openSides(flags: DiffFlags, context: CommandContext): Promise<{ from: Side; to: Side }> {
  const { formatProblem } = await import('../gitsync/problem.ts');
  const { Sides, UnknownSideError } = await import('../diff/side.ts');
  const sides = new Sides({
    sources: await checkedSources(flags, context),
    mesh: flags.mesh,
    environment: context.environment,
    onProblems: (problems) => {
      for (const problem of problems) context.stderr(`${formatProblem(problem)}\n`);
    },
  });
  try {
    return { from: await sides.open(flags.from), to: await sides.open(flags.to) };
  } catch (error) {
    if (error instanceof UnknownSideError) throw new CommandError('FLAGS_INVALID', error.message);
    throw error;
  }
}

/** Null where no reviews are given and the source has no tests of the mesh. */
async function compare(
  sides: { readonly from: Side; readonly to: Side },
  mesh: string,
  flags: DiffFlags,
): Promise<MeshComparison | null> {
  const { compareMesh } = await import('../diff/compare-sides.ts');
  const { readCluster } = await import('./injection-setup.ts');
  const { testTrials } = await import('../diff/test-trials.ts');
  const { reviews, namespace = '' } = flags;
  const trials = reviews === undefined ? testTrials(sides.to, mesh) : reviewTrials(reviews, namespace);
  if (Array.isArray(trials) && trials.length === 0) return null;
  const cluster = await readCluster(flags);
  try {
    return await compareMesh(sides, mesh, trials, cluster, await compilersFor([sides.from, sides.to]));
  } catch (error) {
    if (error instanceof RangeError) throw new CommandError('INPUT_TOO_LARGE', error.message, { cause: error });
    throw error;
  }
}

/** Policies, and CEL with them, are loaded where there are any. */
export async function compilersFor(sides: readonly Side[]): Promise<Compilers> {
  const { compileRevision } = await import('../../workers/inject/compile.ts');
  const { coded } = await import('./injection-setup.ts');
  const revision: Compilers['revision'] = (source) => coded(() => compileRevision(source));
  if (sides.every(({ snapshot }) => snapshot.policies === null)) return { revision, policies: null };
  const { CompiledPolicies } = await import('../../workers/policy/policy-set.ts');
  return { revision, policies: (source) => new CompiledPolicies(source) };
}

/** The reviews of files, one file in memory at a time. Throws CommandError. */
export async function* reviewTrials(names: readonly string[], namespace: string): AsyncGenerator<Trial> {
  const { listReviewFiles, readReviews } = await import('../diff/review-files.ts');
  const { ManifestError } = await import('../manifests/documents.ts');
  for (const file of await listed(() => listReviewFiles(names))) {
    const text = await readInput(file);
    try {
      yield* readReviews(file, text, namespace);
    } catch (error) {
      if (error instanceof ManifestError) throw new CommandError('MANIFEST_INVALID', `${file}: ${error.message}`);
      throw error;
    }
  }
}

async function listed(list: () => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await list();
  } catch (error) {
    if (error instanceof RangeError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new CommandError('FILE_UNREADABLE', `the reviews can not be read: ${message}`, { cause: error });
  }
}
