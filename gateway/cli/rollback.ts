/** `meshgate snapshots` and `meshgate rollback`: what a running gateway has served, and going back to it. */
import type { Command } from 'commander';
import type { SnapshotEntry } from '../snapshot.ts';
import { askGateway, STATE_HELP } from './admin-client.ts';
import { finishWith } from './command-error.ts';
import { type CommandContext, EXIT_OK } from './context.ts';

interface SnapshotFlags {
  readonly state?: string;
  readonly json?: boolean;
}

interface RollbackFlags extends SnapshotFlags {
  readonly to?: string;
}

/** What `--json` prints. */
interface SnapshotList {
  /** The revision that a rollback keeps from serving; null without one. */
  readonly held: string | null;
  readonly snapshots: readonly SnapshotEntry[];
}

/** Adds `snapshots` and `rollback`. */
export function registerRollback(program: Command, context: CommandContext): void {
  withState(
    program.command('snapshots').description('list the snapshots that a running gateway can go back to'),
  ).action((flags: SnapshotFlags) => finishWith(context, () => listSnapshots(flags, context)));
  withState(
    program
      .command('rollback')
      .description('have a running gateway serve an earlier snapshot until Git moves on')
      .option('--to <SNAPSHOT>', 'id, revision, or the beginning of a commit id (default: the one before what serves)'),
  ).action((flags: RollbackFlags) => finishWith(context, () => rollBack(flags, context)));
}

function withState(command: Command): Command {
  return command.option('--state <DIR>', STATE_HELP).option('--json', 'print JSON on one line');
}

async function listSnapshots(flags: SnapshotFlags, context: CommandContext): Promise<number> {
  const list = (await askGateway('GET', '/api/v1/snapshots', flags.state, context)) as SnapshotList;
  if (flags.json === true) context.stdout(`${JSON.stringify(list)}\n`);
  else context.stdout(listText(list));
  return EXIT_OK;
}

async function rollBack(flags: RollbackFlags, context: CommandContext): Promise<number> {
  const query = flags.to === undefined ? '' : `?${new URLSearchParams({ to: flags.to })}`;
  const answer = await askGateway('POST', `/api/v1/rollback${query}`, flags.state, context);
  const { held, snapshot } = answer as { readonly held: string | null; readonly snapshot: SnapshotEntry };
  if (flags.json === true) {
    context.stdout(`${JSON.stringify(answer)}\n`);
    return EXIT_OK;
  }
  context.stdout(`serves ${snapshot.revision} (${snapshot.id}) until Git moves on from ${held ?? 'what it has now'}\n`);
  return EXIT_OK;
}

function listText({ held, snapshots }: SnapshotList): string {
  const rows = snapshots.map(({ id, revision, loadedAt, serving }) => {
    return `${serving ? '*' : ' '} ${id}  ${loadedAt}  ${revision}`;
  });
  if (snapshots.length === 0) rows.push('no snapshot was saved yet');
  if (held !== null) rows.push(`rolled back: ${held} is not served until Git moves on from it`);
  return `${rows.join('\n')}\n`;
}
