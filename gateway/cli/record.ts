/** `meshgate record`: has a running gateway record a sample of the reviews that it answers. */
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { parseDuration } from '../config/duration.ts';
import type { RecordingStatus } from '../record/recorder.ts';
import { askGateway, STATE_HELP } from './admin-client.ts';
import { CommandError, finishWith } from './command-error.ts';
import { type CommandContext, EXIT_FAILED, EXIT_OK } from './context.ts';

const LOOK_MS = 250;
const PATH = '/api/v1/recording';

interface RecordFlags {
  readonly state?: string;
  readonly out: string;
  readonly mesh?: string;
  readonly sample: string;
  readonly count: string;
  readonly for: string;
  readonly maxSize: string;
  readonly redact: boolean;
  readonly json?: boolean;
}

/** Adds `record`. */
export function registerRecord(program: Command, context: CommandContext): void {
  program
    .command('record')
    .description('have a running gateway record a sample of the reviews that it answers, without their secrets')
    .option('--state <DIR>', STATE_HELP)
    .requiredOption('--out <DIR>', "folder for the files, on the gateway's machine")
    .option('--mesh <NAME>', 'the mesh; all when left out')
    .option('--sample <PART>', 'part of the reviews, above 0 and up to 1', '1')
    .option('--count <N>', 'end after so many reviews', '1000')
    .option('--for <DURATION>', 'end after so long', '10m')
    .option('--max-size <MIB>', 'of the files together; the oldest go first', '64')
    .option('--no-redact', "leave in values of variables, users' names and what else may be secret")
    .option('--json', 'print JSON on one line')
    .action((flags: RecordFlags) => finishWith(context, () => record(flags, context)));
}

async function record(flags: RecordFlags, context: CommandContext): Promise<number> {
  const durationMs = parseDuration(flags.for);
  if (durationMs === null || durationMs <= 0)
    throw new CommandError('FLAGS_INVALID', `--for ${flags.for}: no duration`);
  if (!flags.redact) context.stderr('warning: the files will hold secrets of the recorded pods, as they were sent\n');
  await askGateway('POST', PATH, flags.state, context, {
    folder: resolve(flags.out),
    mesh: flags.mesh ?? null,
    sample: numberOf('--sample', flags.sample),
    count: numberOf('--count', flags.count),
    seconds: durationMs / 1_000,
    maxBytes: numberOf('--max-size', flags.maxSize) * 1024 * 1024,
    redact: flags.redact,
  });
  const ended = await waitForEnd(flags, context);
  context.stdout(flags.json === true ? `${JSON.stringify(ended)}\n` : recordingText(ended));
  return ended.state === 'failed' ? EXIT_FAILED : EXIT_OK;
}

/** An interrupt ends the recording, not its files. */
async function waitForEnd({ state }: RecordFlags, context: CommandContext): Promise<RecordingStatus> {
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  try {
    for (;;) {
      const { recording } = (await askGateway('GET', PATH, state, context)) as Answer;
      if (recording.state !== 'recording') return recording;
      await sleep(LOOK_MS, undefined, { signal: interrupted.signal }).catch(() => undefined);
      if (!interrupted.signal.aborted) continue;
      return ((await askGateway('POST', `${PATH}/stop`, state, context)) as Answer).recording;
    }
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

interface Answer {
  readonly recording: RecordingStatus;
}

function numberOf(flag: string, text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !(number > 0)) throw new CommandError('FLAGS_INVALID', `${flag} ${text}: not above 0`);
  return number;
}

function recordingText({ state, message, recorded, dropped, files }: RecordingStatus): string {
  const lines = [`recorded ${recorded} reviews${state === 'failed' ? `, then failed: ${message}` : ''}`];
  for (const [reason, count] of Object.entries(dropped)) lines.push(`  ${count} of the sample left out (${reason})`);
  for (const { path, bytes, reviews } of files) lines.push(`  ${path}: ${reviews} reviews, ${bytes} bytes`);
  return `${lines.join('\n')}\n`;
}
