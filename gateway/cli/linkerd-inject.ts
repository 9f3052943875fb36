/** `meshgate inject` and `meshgate uninject` for Linkerd meshes: what `linkerd inject` and `linkerd uninject` do, and say. */
import { readdir, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { InjectSettings } from '../../workers/inject/linkerd/command-line/inject.ts';
import type { Compiled } from '../../workers/inject/linkerd/compile.ts';
import type { LinkerdRevisionSpec } from '../../workers/protocol.ts';
import type { LinkerdFormat, Transformed } from '../linkerd/transform.ts';
import { CommandError } from './command-error.ts';
import { type CommandContext, EXIT_FINDINGS, EXIT_OK } from './context.ts';
import { readInput, STDIN, writeOutput } from './files.ts';
import type { RewriteFlags } from './inject.ts';
import { givenProxyFlags, type LinkerdInjectFlags } from './linkerd-flags.ts';

/** Files in a folder that is named instead of a file. */
const MAX_FILES = 10_000;

/** Injects the files. Resolves with the exit code; throws CommandError. */
export async function injectLinkerd(
  spec: LinkerdRevisionSpec,
  flags: LinkerdInjectFlags & RewriteFlags,
  context: CommandContext,
): Promise<number> {
  const { injectFiles } = await import('../linkerd/transform.ts');
  const settings = await settingsOf(spec, flags);
  const { format, file } = outputOf(flags);
  const texts = await readFiles(flags.filename);
  const { deprecations } = await import('../../workers/inject/linkerd/command-line/flags.ts');
  context.stderr(deprecations(givenProxyFlags(flags)));
  return finish(injectFiles(texts, settings, { format, verbose: flags.verbose === true }), file, context);
}

/** Takes the injection out of the files; `all`: also what `linkerd uninject` leaves behind. Resolves with the exit code. */
export async function uninjectLinkerd(
  flags: RewriteFlags & { readonly all?: boolean },
  context: CommandContext,
): Promise<number> {
  const { uninjectFiles } = await import('../linkerd/transform.ts');
  const { format, file } = outputOf(flags);
  const texts = await readFiles(flags.filename);
  return finish(uninjectFiles(texts, flags.all === true ? 'all' : 'linkerd', format), file, context);
}

/** Warnings stay unsaid: what is on stderr is Linkerd's report, to the byte. */
async function settingsOf(spec: LinkerdRevisionSpec, flags: LinkerdInjectFlags): Promise<InjectSettings> {
  const { coded } = await import('./injection-setup.ts');
  const { compileLinkerd } = await import('../../workers/inject/linkerd/compile.ts');
  const { applyFlags, FlagError } = await import('../../workers/inject/linkerd/command-line/flags.ts');
  const { overrideAnnotations } = await import('../../workers/inject/linkerd/command-line/overrides.ts');
  if (flags.disableIdentity === true) {
    throw new CommandError('FLAGS_INVALID', '--disable-identity is no longer supported; identity is always required');
  }
  const revision = coded(() => compileLinkerd(spec));
  const base = await baseValues(spec, flags, revision);
  try {
    const values = applyFlags(revision.values, givenProxyFlags(flags));
    return {
      revision: { ...revision, values },
      version: flags.injectorVersion ?? spec.version ?? values.linkerdVersion,
      manual: flags.manual === true,
      enableDebugSidecar: flags.enableDebugSidecar === true,
      closeWaitTimeout: await closeWait(flags.closeWaitTimeout),
      namespaces: true,
      annotations: overrideAnnotations(values.proxy, base.values.proxy),
    };
  } catch (error) {
    if (error instanceof FlagError) throw new CommandError('FLAGS_INVALID', error.message);
    throw error;
  }
}

async function baseValues(
  spec: LinkerdRevisionSpec,
  { baseValues: file }: LinkerdInjectFlags,
  revision: Compiled,
): Promise<Compiled> {
  if (file === undefined) return revision;
  const { coded } = await import('./injection-setup.ts');
  const { compileLinkerd } = await import('../../workers/inject/linkerd/compile.ts');
  const { LinkerdConfigurationError, readValuesText } = await import('../linkerd/configuration.ts');
  const text = await readInput(file);
  try {
    const values = readValuesText({ name: file, text });
    return coded(() => compileLinkerd({ ...spec, values }));
  } catch (error) {
    if (error instanceof LinkerdConfigurationError) throw new CommandError('CONFIGURATION_INVALID', error.message);
    throw error;
  }
}

/** As Go writes the duration; '' for none. Throws CommandError FLAGS_INVALID. */
async function closeWait(text: string | undefined): Promise<string> {
  if (text === undefined) return '';
  const { parseGoDuration } = await import('../../workers/inject/linkerd/go-duration.ts');
  const { formatDuration } = await import('../../workers/template/funcs/sprig/duration.ts');
  const duration = parseGoDuration(text);
  if (duration === undefined) throw new CommandError('FLAGS_INVALID', `--close-wait-timeout is no duration: ${text}`);
  return duration === 0n ? '' : formatDuration(duration);
}

function outputOf({ output }: RewriteFlags): { readonly format: LinkerdFormat; readonly file: string | undefined } {
  return output === 'json' || output === 'yaml'
    ? { format: output, file: undefined }
    : { format: 'yaml', file: output };
}

/** The texts of a file, or of all files in a folder and its subfolders, in the order of their paths. Throws CommandError. */
async function readFiles(name: string): Promise<readonly string[]> {
  const texts: string[] = [];
  for (const file of name === STDIN ? [STDIN] : await filesIn(name)) texts.push(await readInput(file));
  return texts;
}

async function filesIn(name: string): Promise<readonly string[]> {
  try {
    if (!(await stat(name)).isDirectory()) return [name];
    const entries = await readdir(name, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
    if (files.length > MAX_FILES) throw new CommandError('INPUT_TOO_LARGE', `${name} has more than ${MAX_FILES} files`);
    return files.sort(compareWalk);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    // Reading it says what is wrong with it.
    return [name];
  }
}

/** Folder by folder, each in the order of its names. */
function compareWalk(a: string, b: string): number {
  const left = a.split(sep);
  const right = b.split(sep);
  const at = left.findIndex((name, index) => name !== right[index]);
  const [x = '', y = ''] = [left[at], right[at]];
  return x < y ? -1 : Number(x > y);
}

async function finish(
  { ok, text, report }: Transformed,
  file: string | undefined,
  context: CommandContext,
): Promise<number> {
  if (file === undefined) context.stdout(text);
  else if (ok) await writeOutput(file, text);
  context.stderr(report);
  return ok ? EXIT_OK : EXIT_FINDINGS;
}
