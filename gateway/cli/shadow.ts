/** `meshgate shadow start|status|stop`: what another revision or a live injector would answer to what a running gateway is asked. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { parseDuration } from '../config/duration.ts';
import type { ShadowStatus } from '../shadow/shadow.ts';
import { askGateway, STATE_HELP } from './admin-client.ts';
import { CommandError, finishWith } from './command-error.ts';
import { type CommandContext, EXIT_FINDINGS, EXIT_OK } from './context.ts';
import { readInput } from './files.ts';

const PATH = '/api/v1/shadows';

interface CommonFlags {
  readonly state?: string;
  readonly json?: boolean;
}

interface StartFlags extends CommonFlags {
  readonly mesh: string;
  readonly from?: string;
  readonly to?: string;
  readonly upstream?: string;
  readonly ca?: string;
  readonly upstreamTimeout: string;
  readonly name?: string;
  readonly sample: string;
  readonly rate: string;
  readonly for: string;
  readonly allow?: readonly string[];
  readonly allowFile?: string;
}

interface StatusFlags extends CommonFlags {
  readonly require?: string;
}

/** Adds `shadow` with its commands. */
export function registerShadow(program: Command, context: CommandContext): void {
  const shadow = program
    .command('shadow')
    .description('compare live answers with those of another revision or a live injector');
  common(shadow.command('start').description('start comparing a sample of the live reviews'))
    .requiredOption('--mesh <NAME>', 'the mesh')
    .option('--from <REV>', 'only what this revision or tag answers')
    .option('--to <REV>', 'revision or tag that is tried beside')
    .option('--upstream <URL>', 'live injector that is asked the same: https://istiod.istio-system.svc:443/inject')
    .option('--ca <FILE>', "CA of the upstream's certificate (PEM), on the gateway's machine")
    .option('--upstream-timeout <DURATION>', 'how long to wait for the upstream', '10s')
    .option('--name <NAME>', 'name of the shadow (default: MESH-REV, or MESH-upstream)')
    .option('--sample <PART>', 'part of the reviews, above 0 and up to 1', '1')
    .option('--rate <N>', 'compared in a second, no more than 200', '20')
    .option('--for <DURATION>', 'end after so long', '1h')
    .option(
      '--allow <POINTER...>',
      'places where differences do not count; * is any text within a segment, /** all below',
    )
    .option('--allow-file <FILE>', 'allowed differences with values: a YAML list of path, from and to')
    .action((flags: StartFlags) => finishWith(context, () => start(flags, context)));
  common(shadow.command('status').description('tell what shadows have found'))
    .argument('[name]', 'one shadow')
    .option('--require <N>', 'end with 1 unless so many reviews were compared and no difference counts')
    .action((name: string | undefined, flags: StatusFlags) => finishWith(context, () => status(name, flags, context)));
  common(shadow.command('stop').description('stop a shadow; what it found can still be read'))
    .argument('<name>', 'the shadow')
    .action((name: string, flags: CommonFlags) => finishWith(context, () => stop(name, flags, context)));
}

function common(command: Command): Command {
  return command.option('--state <DIR>', STATE_HELP).option('--json', 'print JSON on one line');
}

async function start(flags: StartFlags, context: CommandContext): Promise<number> {
  const { name, mesh, from, to, upstream, ca, sample, rate, allow = [], allowFile } = flags;
  if (ca !== undefined && upstream === undefined) throw new CommandError('FLAGS_INVALID', '--ca goes with --upstream');
  const places = allow.map((path) => ({ path }));
  const written = allowFile === undefined ? [] : await readAllowed(allowFile);
  const answer = await askGateway('POST', PATH, flags.state, context, {
    ...{ mesh, from, to, sample: Number(sample), perSecond: Number(rate), seconds: secondsOf('--for', flags.for) },
    ...(name === undefined ? {} : { name }),
    ...(upstream === undefined ? {} : { upstream: upstreamOf(upstream, flags) }),
    allowedDifferences: [...places, ...written],
  });
  const { shadow } = answer as { readonly shadow: ShadowStatus };
  context.stdout(flags.json === true ? `${JSON.stringify(shadow)}\n` : `started shadow ${shadow.spec.name}\n`);
  return EXIT_OK;
}

function upstreamOf(url: string, { ca, upstreamTimeout }: StartFlags): object {
  const timeoutSeconds = secondsOf('--upstream-timeout', upstreamTimeout);
  return { url, timeoutSeconds, ...(ca === undefined ? {} : { caFile: resolve(ca) }) };
}

async function readAllowed(file: string): Promise<readonly unknown[]> {
  const { parse } = await import('yaml');
  const { parseAllowed } = await import('../shadow/allowed-differences.ts');
  const text = await readInput(file);
  try {
    return parseAllowed(parse(text));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new CommandError('CONFIGURATION_INVALID', `${file}: ${message}`, { cause: error });
  }
}

function secondsOf(flag: string, text: string): number {
  const ms = parseDuration(text);
  if (ms === null || ms <= 0) throw new CommandError('FLAGS_INVALID', `${flag} ${text}: no duration`);
  return ms / 1_000;
}

async function status(name: string | undefined, flags: StatusFlags, context: CommandContext): Promise<number> {
  const required = flags.require === undefined ? null : Number(flags.require);
  if (required !== null && !Number.isSafeInteger(required)) {
    throw new CommandError('FLAGS_INVALID', `--require ${flags.require}: no number`);
  }
  const answer = (await askGateway('GET', PATH, flags.state, context)) as { readonly shadows: readonly ShadowStatus[] };
  const shadows = answer.shadows.filter(({ spec }) => name === undefined || spec.name === name);
  if (name !== undefined && shadows.length === 0)
    throw new CommandError('GATEWAY_REFUSED', `there is no shadow ${name}`);
  const { shadowText } = await import('../shadow/text.ts');
  const text = shadows.length === 0 ? 'there is no shadow\n' : shadows.map(shadowText).join('\n');
  context.stdout(flags.json === true ? `${JSON.stringify({ shadows })}\n` : text);
  if (required === null) return EXIT_OK;
  const passes = shadows.length > 0 && shadows.every(({ gate }) => gate.compared >= required && gate.notAllowed === 0);
  return passes ? EXIT_OK : EXIT_FINDINGS;
}

async function stop(name: string, flags: CommonFlags, context: CommandContext): Promise<number> {
  const answer = await askGateway('POST', `${PATH}/stop`, flags.state, context, { name });
  const { shadow } = answer as { readonly shadow: ShadowStatus };
  const { shadowText } = await import('../shadow/text.ts');
  context.stdout(flags.json === true ? `${JSON.stringify(shadow)}\n` : shadowText(shadow));
  return EXIT_OK;
}
