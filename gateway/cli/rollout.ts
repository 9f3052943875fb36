/** `meshgate rollout`: how the rollouts of a running gateway are doing, and taking a hand in them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { RolloutDescription } from '../rollout/describe.ts';
import type { ShadowStatus } from '../shadow/shadow.ts';
import { askGateway, STATE_HELP } from './admin-client.ts';
import { finishWith } from './command-error.ts';
import { type CommandContext, EXIT_FINDINGS, EXIT_OK } from './context.ts';

const WATCH_MS = 500;

const ACTIONS = {
  pause: 'stop a rollout where it is',
  resume: 'let a paused rollout go on',
  promote: 'make the new revision the default now, without further checks',
  abort: 'go back to the old revision; the rollout has failed then',
} as const;

interface RolloutFlags {
  readonly state?: string;
  readonly json?: boolean;
  readonly watch?: boolean;
}

/** Adds `rollout` with its subcommands. */
export function registerRollout(program: Command, context: CommandContext): void {
  const rollout = program.command('rollout').description('show and steer the rollouts of a running gateway');
  withFlags(
    rollout.command('status').description('how far rollouts are').argument('[name]', 'a rollout (default: all)'),
  ).action((name: string | undefined, flags: RolloutFlags) => {
    return finishWith(context, () => tell(name, flags, context));
  });
  rollout
    .command('differences')
    .description("what comes out different with the new revision, by the rollout's shadows")
    .argument('<name>', 'the rollout')
    .option('--state <DIR>', STATE_HELP)
    .option('--json', 'print JSON on one line')
    .action((name: string, flags: RolloutFlags) => finishWith(context, () => tellDifferences(name, flags, context)));
  for (const [action, description] of Object.entries(ACTIONS)) {
    withFlags(rollout.command(action).description(description).argument('<name>', 'the rollout')).action(
      (name: string, flags: RolloutFlags) => {
        return finishWith(context, async () => {
          await askGateway('POST', `/api/v1/rollouts/${encodeURIComponent(name)}/${action}`, flags.state, context);
          return tell(name, flags, context);
        });
      },
    );
  }
}

function withFlags(command: Command): Command {
  return command
    .option('--state <DIR>', STATE_HELP)
    .option('--json', 'print JSON on one line')
    .option('--watch', 'tell each change, until all have succeeded, failed or are not at work');
}

async function tellDifferences(name: string, flags: RolloutFlags, context: CommandContext): Promise<number> {
  const path = `/api/v1/rollouts/${encodeURIComponent(name)}/differences`;
  const { shadows } = (await askGateway('GET', path, flags.state, context)) as {
    readonly shadows: readonly ShadowStatus[];
  };
  const { shadowText } = await import('../shadow/text.ts');
  const text =
    shadows.length === 0 ? `no reviews are shadowed for rollout ${name}\n` : shadows.map(shadowText).join('\n');
  context.stdout(flags.json === true ? `${JSON.stringify({ rollout: name, shadows })}\n` : text);
  return EXIT_OK;
}

/** Exit code 1 where one has failed. */
async function tell(name: string | undefined, flags: RolloutFlags, context: CommandContext): Promise<number> {
  let before = '';
  for (;;) {
    const rollouts = await read(name, flags, context);
    const text = flags.json === true ? `${JSON.stringify({ rollouts })}\n` : rolloutsText(rollouts);
    if (text !== before) context.stdout(text);
    before = text;
    if (flags.watch !== true || rollouts.every(isSettled)) {
      return rollouts.some(({ phase }) => phase === 'Failed') ? EXIT_FINDINGS : EXIT_OK;
    }
    await sleep(WATCH_MS);
  }
}

async function read(
  name: string | undefined,
  flags: RolloutFlags,
  context: CommandContext,
): Promise<readonly RolloutDescription[]> {
  if (name !== undefined) {
    const one = await askGateway('GET', `/api/v1/rollouts/${encodeURIComponent(name)}`, flags.state, context);
    return [one as RolloutDescription];
  }
  const all = await askGateway('GET', '/api/v1/rollouts', flags.state, context);
  return (all as { readonly rollouts: readonly RolloutDescription[] }).rollouts;
}

function isSettled({ phase, active, suspended, paused, conditions }: RolloutDescription): boolean {
  // The webhook that is to open the change is asked again.
  if (active && conditions.some(({ type, status }) => type === 'ChangeOpened' && status === 'Unknown')) return false;
  return phase === 'Succeeded' || phase === 'Failed' || !active || suspended || paused;
}

function rolloutsText(rollouts: readonly RolloutDescription[]): string {
  return rollouts.length === 0 ? 'the policies have no rollout\n' : rollouts.map(rolloutText).join('');
}

/** One line, and below it what is worth knowing. */
function rolloutText(rollout: RolloutDescription): string {
  const { name, mesh, from, to, phase, canaryWeight, failedChecks, threshold, conditions, change } = rollout;
  const stopped = rollout.suspended ? ', suspended' : rollout.paused ? ', paused' : '';
  const lines = [
    `${name}: ${mesh} ${from} → ${to}  ${phase}${stopped}, weight ${canaryWeight} %, failed checks ${failedChecks} of ${threshold}`,
  ];
  const message = conditions[0]?.message;
  if (message !== undefined) lines.push(`  ${message}`);
  // The change is nothing to open any more once the files agree.
  const opened = change === null ? undefined : conditions.find(({ type }) => type === 'ChangeOpened');
  if (opened !== undefined) lines.push(`  ${opened.message}`);
  if (!rollout.active && phase !== 'Succeeded') lines.push(`  waits until ${from} is the default of ${mesh}`);
  if (change !== null) {
    lines.push('  to commit, so that the files say what serves:');
    const file =
      change.file === null ? '' : `, ${change.source === null ? '' : `source ${change.source}, `}${change.file}`;
    lines.push(`    kind: Mesh, metadata.name: ${change.mesh}${file}`);
    lines.push(`    - ${change.field}: ${change.from}`, `    + ${change.field}: ${change.to}`);
  }
  return `${lines.join('\n')}\n`;
}
