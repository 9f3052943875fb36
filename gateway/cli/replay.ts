/** `meshgate replay`: what a commit would have answered to recorded reviews. */
import { existsSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { type Command, Option } from 'commander';
import type { Side } from '../diff/side.ts';
import type { ReplayReport } from '../replay/replay.ts';
import { CommandError } from './command-error.ts';
import { type CommandContext, EXIT_FINDINGS, EXIT_OK } from './context.ts';
import { compilersFor, finishComparing, reviewTrials } from './diff.ts';
import { splitSource } from './validate.ts';

interface ReplayFlags {
  readonly source: string;
  readonly path?: string;
  readonly against?: string;
  readonly mesh?: string;
  readonly rev?: string;
  readonly reviews: readonly string[];
  readonly namespace?: string;
  readonly clusterSnapshot?: string;
  readonly output: 'text' | 'json';
  readonly exitCode: boolean;
}

/** Adds `replay`. Exit codes: 0 no difference, 1 differences from the other commit, 2 wrong use, 3 it could not run. */
export function registerReplay(program: Command, context: CommandContext): void {
  program
    .command('replay')
    .description(
      'tell what a commit would have answered to recorded reviews, how fast, and what another one would have',
    )
    .option('--source <dir|repo>', 'policy source: a folder, a repository or a URL, with @COMMIT', '.')
    .option('--path <folder>', 'folder within the source')
    .option(
      '--against <repo|commit>',
      'another commit: REPO@COMMIT, or a commit, a revision or REV@COMMIT of the source',
    )
    .option('--mesh <name>', 'reviews of this mesh, and those that were not recorded; all when left out')
    .option('--rev <rev>', "revision or tag of the source; the mesh's default when left out")
    .requiredOption(
      '--reviews <file|dir...>',
      'recorded reviews, AdmissionReviews and manifests, folders with all below',
    )
    .option('-n, --namespace <name>', 'namespace of resources that name none')
    .option(
      '--cluster-snapshot <file>',
      'a ClusterSnapshot, or namespaces and nodes as kubectl prints them; instead of what was recorded',
    )
    .addOption(new Option('--output <format>', 'how to print').choices(['text', 'json']).default('text'))
    .option('--no-exit-code', 'end with 0 also where there are differences')
    .action((flags: ReplayFlags) => finishComparing(context, () => runReplay(flags, context)));
}

async function runReplay(flags: ReplayFlags, context: CommandContext): Promise<number> {
  const { replay } = await import('../replay/replay.ts');
  const { readCluster } = await import('./injection-setup.ts');
  const sides = await openSides(flags, context);
  const cluster = await readCluster(flags);
  const compilers = await compilersFor(sides.against === null ? [sides.side] : [sides.side, sides.against]);
  let report: ReplayReport;
  try {
    report = await replay(reviewTrials(flags.reviews, flags.namespace ?? ''), {
      ...sides,
      mesh: flags.mesh,
      cluster,
      compilers,
      now: () => performance.now(),
    });
  } catch (error) {
    if (error instanceof RangeError) throw new CommandError('INPUT_TOO_LARGE', error.message, { cause: error });
    throw error;
  }
  for (const [mesh, count] of Object.entries(report.left)) {
    const of = mesh === '' ? 'that name no mesh (say which with --mesh)' : `of mesh ${mesh}, which is not there`;
    context.stderr(`warning: ${count} reviews ${of}\n`);
  }
  if (report.replays.length === 0) throw new CommandError('FLAGS_INVALID', 'there is no review to replay');
  const { replayText } = await import('../replay/text.ts');
  const { replays } = report;
  context.stdout(flags.output === 'json' ? `${JSON.stringify(report, null, 2)}\n` : replays.map(replayText).join('\n'));
  const differs = replays.some(({ against }) => (against?.differences.differentPods ?? 0) > 0);
  return differs && flags.exitCode ? EXIT_FINDINGS : EXIT_OK;
}

async function openSides(
  flags: ReplayFlags,
  context: CommandContext,
): Promise<{ readonly side: Side; readonly against: Side | null }> {
  const { formatProblem } = await import('../gitsync/problem.ts');
  const { Sides, UnknownSideError } = await import('../diff/side.ts');
  const open = (source: string) =>
    new Sides({
      sources: { source, path: flags.path },
      mesh: flags.mesh,
      environment: context.environment,
      onProblems: (problems) => {
        for (const problem of problems) context.stderr(`${formatProblem(problem)}\n`);
      },
    });
  const { source, ref } = splitSource(flags.source);
  const sides = open(source);
  try {
    const side = await sides.openAt(ref, flags.rev);
    if (flags.against === undefined) return { side, against: null };
    const other = splitSource(flags.against);
    // The same revision on both sides, unless the other one names its own.
    if (isSource(other.source)) return { side, against: await open(other.source).openAt(other.ref, flags.rev) };
    const named = await sides.open(flags.against);
    const isCommit = named.revision === null && flags.rev !== undefined;
    return { side, against: isCommit ? await sides.openAt(flags.against, flags.rev) : named };
  } catch (error) {
    if (error instanceof UnknownSideError) throw new CommandError('FLAGS_INVALID', error.message);
    throw error;
  }
}

/** Whether it is a folder or a URL, and not a commit or revision. */
function isSource(name: string): boolean {
  return existsSync(name) || /^[a-z][a-z0-9+.-]*:\/\/|^[^/@]+@[^/:]+:/i.test(name);
}
