/**
 * Gathers the options from flags, environment and configuration file (in this order of precedence), checks them once and freezes
 * them.
 */
import { readFileSync } from 'node:fs';
import { GatewayError } from '../errors.ts';
import type { ConfigDocuments } from '../gitsync/source-file.ts';
import type { SourceSpec } from '../gitsync/source-spec.ts';
import {
  environmentName,
  type FlagOptions,
  flagName,
  type GatewayOptions,
  OPTIONS,
  type OptionKey,
  type OptionSpec,
} from './options.ts';
import { sourceOfOptions } from './sources.ts';

export interface OptionInputs {
  /** Values of flags by option key, as text. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A YAML or JSON file with a mapping of option keys, GatewaySources, or both; null for none. */
  readonly configFile: string | null;
  /** What stands in, as text, for the options' own defaults. */
  readonly defaults?: Readonly<Partial<Record<OptionKey, string>>>;
}

const CONFIG_FILE_LIMIT = 1024 * 1024;

/**
 * The frozen options. Rejects with a GatewayError: OPTION_UNKNOWN, OPTION_INVALID (also for a required option that is missing and for
 * options that do not go together), CONFIG_FILE_INVALID.
 */
export async function loadOptions(inputs: OptionInputs): Promise<GatewayOptions> {
  const documents = await openConfigFile(inputs.configFile);
  const { options: written } = documents(0);
  const file = entriesOf(written, inputs.configFile ?? '');
  const values = new Map<string, unknown>();
  for (const key of Object.keys(OPTIONS) as OptionKey[]) values.set(key, pick(key, inputs, file));
  const options = Object.fromEntries(values) as unknown as FlagOptions;
  checkTogether(options);
  const { sources } = documents(options.interval);
  return Object.freeze({ ...options, sources: Object.freeze(chooseSources(options, sources, inputs)) });
}

/** What a file says, for an interval that its sources have when they name none. YAML and schemas are only loaded where there is a file. */
async function openConfigFile(path: string | null): Promise<(intervalMs: number) => ConfigDocuments> {
  if (path === null) return () => ({ options: null, sources: [] });
  const text = readText(path);
  const { readConfigDocuments } = await import('../gitsync/source-file.ts');
  return (intervalMs) => readConfigDocuments(text, path, intervalMs);
}

function chooseSources(
  options: FlagOptions,
  written: readonly SourceSpec[],
  { configFile, defaults }: OptionInputs,
): readonly SourceSpec[] {
  const named = sourceOfOptions(options);
  if (written.length === 0) {
    if (named !== null) return [named];
    throw new GatewayError(
      'OPTION_INVALID',
      '--source DIR|URL is required (or MESHGATE_SOURCE, or a GatewaySource in the file of --config): where policies come from.',
    );
  }
  // A default stands in only where nobody names a source.
  if (named !== null && named.url !== defaults?.source) {
    throw new GatewayError(
      'OPTION_INVALID',
      `--source and the GatewaySources of ${configFile} can not be given together: put it among them.`,
    );
  }
  if (options.ref !== null) {
    throw new GatewayError('OPTION_INVALID', `--ref goes with --source; the sources of ${configFile} have spec.ref.`);
  }
  return written;
}

function pick(key: OptionKey, inputs: OptionInputs, file: ReadonlyMap<string, string>): unknown {
  const spec: OptionSpec<unknown> = OPTIONS[key];
  const flag = inputs.flags[key];
  if (flag !== undefined) return parse(spec, flag, `--${flagName(key)}`);
  const variable = inputs.environment[environmentName(key)];
  if (variable !== undefined && variable !== '') return parse(spec, variable, environmentName(key));
  const entry = file.get(key);
  if (entry !== undefined) return parse(spec, entry, `${key} in ${inputs.configFile}`);
  const fallback = inputs.defaults?.[key];
  if (fallback !== undefined) return parse(spec, fallback, `the default of --${flagName(key)}`);
  if (spec.fallback === undefined) {
    throw new GatewayError(
      'OPTION_INVALID',
      `--${flagName(key)} ${spec.placeholder} is required (or ${environmentName(key)}): ${spec.help}.`,
    );
  }
  return spec.fallback;
}

function parse(spec: OptionSpec<unknown>, text: string, where: string): unknown {
  const value = spec.parse(text);
  if (value === undefined) throw new GatewayError('OPTION_INVALID', `${where}: "${text}" is not ${spec.expects}.`);
  return typeof value === 'object' && value !== null ? Object.freeze(value) : value;
}

function readText(path: string): string {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.length > CONFIG_FILE_LIMIT) throw new Error('it is too large');
    return text;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new GatewayError('CONFIG_FILE_INVALID', `The configuration file ${path} can not be read: ${why}`, {
      cause: error,
    });
  }
}

function entriesOf(value: unknown, path: string): ReadonlyMap<string, string> {
  if (value === null) return new Map();
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new GatewayError('CONFIG_FILE_INVALID', `The configuration file ${path} is not a mapping of options.`);
  }
  const entries = new Map<string, string>();
  for (const [key, entry] of Object.entries(value)) {
    if (!Object.hasOwn(OPTIONS, key)) {
      const known = Object.keys(OPTIONS).join(', ');
      throw new GatewayError(
        'OPTION_UNKNOWN',
        `${path}: there is no option ${JSON.stringify(key)}; the options are ${known}.`,
      );
    }
    const text = Array.isArray(entry) ? entry.join(',') : entry;
    if (typeof text !== 'string' && typeof text !== 'number') {
      throw new GatewayError('OPTION_INVALID', `${path}: ${key} has to be text or a number.`);
    }
    entries.set(key, String(text));
  }
  return entries;
}

function checkTogether(options: FlagOptions): void {
  if ((options.tlsCert === null) !== (options.tlsKey === null)) {
    throw new GatewayError('OPTION_INVALID', '--tls-cert and --tls-key have to be given together.');
  }
  if (options.clusterNamespace !== null && options.kubeconfig === null) {
    throw new GatewayError('OPTION_INVALID', '--cluster-namespace needs --kubeconfig.');
  }
}
