/** Changes the workloads in a file of resources; whatever stays as it is keeps its bytes. */
import { Denial } from '../../workers/inject/reason.ts';
import type { ResourceOutcome, SkippedWorkload } from '../../workers/inject/workload.ts';
import type { JsonObject, JsonValue } from '../../workers/template/value.ts';
import { marshalYaml } from '../../workers/yaml/marshal.ts';
import { isJsonText, type ManifestDocument, parseDocument, splitDocuments } from './documents.ts';

/** `as-is`: what came as JSON leaves as JSON. */
export type OutputFormat = 'as-is' | 'json' | 'yaml';

export interface Rewritten {
  readonly text: string;
  readonly skipped: readonly SkippedWorkload[];
  /** Documents that changed. */
  readonly changed: number;
}

/** A denial, with the document it happened in. */
export class WorkloadDenied extends Error {
  override readonly name = 'WorkloadDenied';
  readonly code: string;
  constructor(document: ManifestDocument, resource: JsonObject, { code, message }: Denial) {
    super(`line ${document.line}: ${describe(resource)}: ${message}`);
    this.code = code;
  }
}

/**
 * Applies `change` to each resource of a file. Documents of YAML are followed by a line `---` each, as istioctl writes them; a single
 * document of JSON is JSON again. Changed documents are written anew (keys sorted, comments gone). Throws ManifestError, and
 * WorkloadDenied where `change` throws a Denial.
 */
export function rewriteManifests(
  text: string,
  change: (resource: JsonObject) => ResourceOutcome,
  format: OutputFormat = 'as-is',
): Rewritten {
  const documents = splitDocuments(text);
  const json = format === 'json' || (format === 'as-is' && documents.length === 1 && isJsonText(text));
  const skipped: SkippedWorkload[] = [];
  const resources: JsonObject[] = [];
  let changed = 0;
  let yaml = '';
  for (const document of documents) {
    const before = parseDocument(document);
    const outcome = before === null ? null : apply(document, before, change);
    if (outcome !== null) skipped.push(...outcome.skipped);
    if (outcome?.kind === 'changed') changed++;
    const after = outcome?.kind === 'changed' ? outcome.resource : before;
    if (json) {
      if (after !== null) resources.push(after);
    } else {
      const keep = after === before && !(format === 'yaml' && isJsonText(document.text));
      yaml += `${keep || after === null ? document.text : marshalYaml(after)}${SEPARATOR}`;
    }
  }
  if (!json) return { text: yaml, skipped, changed };
  const keep = changed === 0 && documents.length === 1 && isJsonText(text);
  return { text: keep ? text : writeJson(resources), skipped, changed };
}

const SEPARATOR = '---\n';
/** As kubectl indents. */
const JSON_INDENT = 4;

function apply(
  document: ManifestDocument,
  resource: JsonObject,
  change: (resource: JsonObject) => ResourceOutcome,
): ResourceOutcome {
  try {
    return change(resource);
  } catch (error) {
    if (error instanceof Denial) throw new WorkloadDenied(document, resource, error);
    throw error;
  }
}

/** Several resources become a List, for JSON has no documents. */
function writeJson(resources: readonly JsonObject[]): string {
  const [only] = resources;
  const value = resources.length === 1 ? only : { apiVersion: 'v1', kind: 'List', items: resources };
  return `${JSON.stringify(value, null, JSON_INDENT)}\n`;
}

/** `Deployment "shop/web"`. */
export function describe(resource: JsonObject): string {
  const { kind } = resource;
  const metadata = (resource['metadata'] ?? {}) as Readonly<Record<string, JsonValue>>;
  const { namespace, name } = metadata;
  const path = typeof namespace === 'string' && namespace !== '' ? `${namespace}/${String(name)}` : String(name ?? '');
  return `${typeof kind === 'string' ? kind : 'resource'} ${JSON.stringify(path)}`;
}
