/**
 * `meshgate demo`, which is `npm run demo`: sends a real pod through the gateway that `start` runs, and shows what was injected.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { GatewayError } from '../errors.ts';
import type { ReadyLine } from '../gateway.ts';
import { type CommandContext, EXIT_FINDINGS, EXIT_OK } from './context.ts';
import { type DiffLine, diffLines, withContext } from './line-diff.ts';
import { readRunning } from './running.ts';

const CONTEXT_LINES = 2;

interface DemoFlags {
  readonly state?: string;
  readonly path: string;
  readonly review?: string;
}

interface ReviewAnswer {
  readonly response?: {
    readonly allowed: boolean;
    readonly patch?: string;
    readonly status?: { readonly message?: string };
    readonly warnings?: readonly string[];
  };
}

/** Adds `demo`. */
export function registerDemo(program: Command, context: CommandContext): void {
  program
    .command('demo')
    .description('send a real pod through the gateway that `start` runs, and show what is injected')
    .option('--state <DIR>', 'state folder of the running gateway (default: .meshgate of this checkout)')
    .option('--path <PATH>', 'path to send it to', '/inject?timeout=10s')
    .option('--review <FILE>', 'AdmissionReview to send (default: policies/examples/web-deployment.json)')
    .action(async (flags: DemoFlags) => context.finish(await demo(flags, context)));
}

async function demo(flags: DemoFlags, context: CommandContext): Promise<number> {
  const root = fileURLToPath(context.root);
  const running = readRunning(flags.state ?? join(root, '.meshgate'));
  const review = readFileSync(flags.review ?? join(root, 'policies', 'examples', 'web-deployment.json'), 'utf8');
  const { answer, status, elapsedMs } = await send(running, flags.path, review);
  const { default: colors } = await import('picocolors');
  const { response } = answer;
  const print = (line: string): void => context.stdout(`${line}\n`);
  print(colors.bold(`POST ${running.admission}${flags.path}`));
  print(`HTTP ${status} in ${elapsedMs.toFixed(1)} ms, from snapshot ${running.snapshot}`);
  for (const warning of response?.warnings ?? []) print(colors.yellow(`warning: ${warning}`));
  if (response?.allowed !== true) {
    print(colors.red(`denied: ${response?.status?.message ?? JSON.stringify(answer)}`));
    return EXIT_FINDINGS;
  }
  if (response.patch === undefined) {
    print('admitted as it is');
    return EXIT_OK;
  }
  const lines = await diffOfPods(review, response.patch);
  print('');
  for (const line of withContext(lines, CONTEXT_LINES)) {
    if (line === null) print(colors.dim('  ⋮'));
    else if (line.kind === 'added') print(colors.green(`+ ${line.text}`));
    else if (line.kind === 'removed') print(colors.red(`- ${line.text}`));
    else print(colors.dim(`  ${line.text}`));
  }
  const count = (kind: DiffLine['kind']): number => lines.filter((line) => line.kind === kind).length;
  print('');
  print(`${count('added')} lines injected, ${count('removed')} changed or removed`);
  return EXIT_OK;
}

async function send(
  { admission, ca }: ReadyLine,
  path: string,
  review: string,
): Promise<{ answer: ReviewAnswer; status: number; elapsedMs: number }> {
  const { Agent, request } = await import('undici');
  const dispatcher = new Agent({ connect: { ca: readFileSync(ca, 'utf8') } });
  try {
    const start = performance.now();
    const { statusCode, body } = await request(admission + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: review,
      dispatcher,
    });
    const answer = (await body.json()) as ReviewAnswer;
    return { answer, status: statusCode, elapsedMs: performance.now() - start };
  } catch (error) {
    throw new GatewayError('GATEWAY_NOT_RUNNING', `The gateway at ${admission} does not answer.`, { cause: error });
  } finally {
    await dispatcher.close();
  }
}

/** The pod before and after, as YAML, line by line; without managedFields, which only say who wrote what. */
async function diffOfPods(review: string, patch: string): Promise<readonly DiffLine[]> {
  const { default: jsonPatch } = await import('fast-json-patch');
  const { stringify } = await import('yaml');
  const pod = (JSON.parse(review) as { request: { object: { metadata?: { managedFields?: unknown } } } }).request
    .object;
  const operations = JSON.parse(Buffer.from(patch, 'base64').toString()) as Parameters<typeof jsonPatch.applyPatch>[1];
  const injected = jsonPatch.applyPatch(structuredClone(pod), operations).newDocument;
  const lines = (value: typeof pod): string[] => {
    const { managedFields: _written, ...metadata } = value.metadata ?? {};
    return stringify({ ...value, metadata }, { lineWidth: 0 })
      .trimEnd()
      .split('\n');
  };
  return diffLines(lines(pod), lines(injected));
}
