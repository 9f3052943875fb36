/** Reads GatewaySources out of the file of `--config`: YAML documents beside the one that holds the gateway's options. */
import { parseDuration } from '../config/duration.ts';
import { GatewayError } from '../errors.ts';
import { compileIgnore } from './ignore.ts';
import { API_VERSION, type GatewaySourceSpec } from './kinds.ts';
import { MAX_SOURCES } from './limits.ts';
import { formatProblem, problem } from './problem.ts';
import { createSchemaCheck } from './schema-check.ts';
import type { SourceSpec } from './source-spec.ts';
import { isMapping, parseYamlDocuments, type YamlDocument } from './yaml-document.ts';

/** Node's timers can wait this long. */
const MAX_INTERVAL_MS = 2 ** 31 - 1;
const MIN_INTERVAL_MS = 1_000;
const MAX_TIMEOUT_MS = 600_000;

export interface ConfigDocuments {
  /** The mapping of options; null where the file has none. */
  readonly options: unknown;
  readonly sources: readonly SourceSpec[];
}

/**
 * Splits the file into options and sources. Those without `allow` come first, so that an overlay can replace what a base defines;
 * otherwise they keep their order.
 * @throws GatewayError CONFIG_FILE_INVALID, which names every field that is wrong.
 */
export function readConfigDocuments(text: string, file: string, intervalMs: number): ConfigDocuments {
  const { documents, problems } = parseYamlDocuments(text);
  const found = problems.map(({ code, message, position }) => problem(code, file, message, position));
  const check = createSchemaCheck();
  const sources: YamlDocument[] = [];
  const others: YamlDocument[] = [];
  for (const document of documents) {
    if (!isMapping(document.value) || document.value['kind'] === undefined) {
      others.push(document);
      continue;
    }
    if (document.value['kind'] !== 'GatewaySource' || document.value['apiVersion'] !== API_VERSION) {
      const message = `only a ${API_VERSION} GatewaySource may stand beside the options`;
      found.push(problem('KIND_MISPLACED', file, message, document.locate(['kind'])));
      continue;
    }
    for (const each of check('GatewaySource', document.value)) {
      found.push(problem(each.code, file, each.message, document.locate(each.path, each.part)));
    }
    sources.push(document);
  }
  for (const surplus of others.slice(1)) {
    found.push(problem('DOCUMENT_INVALID', file, 'there are options in two documents', surplus.position));
  }
  if (sources.length > MAX_SOURCES) {
    found.push(problem('DOCUMENT_TOO_MANY', file, `there are ${sources.length} sources; the limit is ${MAX_SOURCES}`));
  }
  if (found.length === 0) found.push(...duplicates(sources, file));
  if (found.length > 0) throw new GatewayError('CONFIG_FILE_INVALID', found.map(formatProblem).join('\n'));
  const specs = sources.map((document) => specOf(document, file, intervalMs));
  const bases = specs.filter(({ allow }) => allow === undefined);
  const overlays = specs.filter(({ allow }) => allow !== undefined);
  return { options: others[0]?.value ?? null, sources: [...bases, ...overlays] };
}

function duplicates(documents: readonly YamlDocument[], file: string) {
  const seen = new Set<string>();
  return documents.flatMap((document) => {
    const name = nameOf(document);
    if (!seen.has(name)) {
      seen.add(name);
      return [];
    }
    const message = `two sources are called ${name}`;
    return [problem('NAME_DUPLICATE', file, message, document.locate(['metadata', 'name']))];
  });
}

function nameOf({ value }: YamlDocument): string {
  return (value as unknown as { readonly metadata: { readonly name: string } }).metadata.name;
}

/** What the schema has proved. */
function specOf(document: YamlDocument, file: string, intervalMs: number): SourceSpec {
  const { spec } = document.value as unknown as { readonly spec: GatewaySourceSpec };
  const { interval, timeout, ...rest } = spec;
  const name = nameOf(document);
  const at = (field: string) => `${file}, source ${name}, spec.${field}`;
  compileIgnore(spec.ignore);
  return {
    name,
    ...rest,
    intervalMs:
      interval === undefined ? intervalMs : durationWithin(interval, MIN_INTERVAL_MS, MAX_INTERVAL_MS, at('interval')),
    timeoutMs: timeout === undefined ? undefined : durationWithin(timeout, 1, MAX_TIMEOUT_MS, at('timeout')),
  };
}

/** Durations of a GatewaySource in milliseconds. @throws GatewayError OPTION_INVALID */
function durationWithin(text: string, minMs: number, maxMs: number, where: string): number {
  const ms = parseDuration(text);
  if (ms !== null && ms >= minMs && ms <= maxMs) return ms;
  throw new GatewayError('OPTION_INVALID', `${where}: "${text}" is not a duration from ${minMs} ms to ${maxMs} ms.`);
}
