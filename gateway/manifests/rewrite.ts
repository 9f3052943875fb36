/** Changes the workloads in a file of resources; whatever stays as it is keeps its bytes. */
import type { NamedOutcome, ResourceOutcome } from '../../workers/inject/workload.ts';
import type { JsonObject } from '../../workers/template/value.ts';
import { marshalYaml } from '../../workers/yaml/marshal.ts';
import type { YamlObject } from '../../workers/yaml/value.ts';
import { isJsonText, parseDocument, splitDocuments } from './documents.ts';
import { stringifyExact, withExactIntegers } from './exact-numbers.ts';

/** `as-is`: what came as JSON leaves as JSON. */
export type OutputFormat = 'as-is' | 'json' | 'yaml';

export interface Rewritten {
  /** As if refused workloads had been left alone. */
  readonly text: string;
  readonly skipped: readonly NamedOutcome[];
  readonly denied: readonly NamedOutcome[];
  /** Documents that changed. */
  readonly changed: number;
}

/**
 * Applies `change` to each resource of a file. Documents of YAML are followed by a line `---` each, as istioctl writes them; a single
 * document of JSON is JSON again. Changed documents are written anew (keys sorted, comments gone). Throws ManifestError.
 */
export function rewriteManifests(
  text: string,
  change: (resource: JsonObject) => ResourceOutcome,
  format: OutputFormat = 'as-is',
): Rewritten {
  const documents = splitDocuments(text);
  const json = format === 'json' || (format === 'as-is' && documents.length === 1 && isJsonText(text));
  const skipped: NamedOutcome[] = [];
  const denied: NamedOutcome[] = [];
  const resources: YamlObject[] = [];
  let changed = 0;
  let yaml = '';
  for (const document of documents) {
    const before = parseDocument(document);
    const outcome = before === null ? null : change(before);
    if (outcome !== null) skipped.push(...outcome.skipped);
    if (outcome?.kind === 'denied') denied.push(...outcome.denied);
    if (outcome?.kind === 'changed') changed++;
    const after = outcome?.kind === 'changed' ? outcome.resource : before;
    if (json) {
      if (before !== null && after !== null) resources.push(withExactIntegers(document.text, before, after));
    } else {
      const keep = after === before && !(format === 'yaml' && isJsonText(document.text));
      const written =
        keep || before === null || after === null ? null : withExactIntegers(document.text, before, after);
      yaml += `${written === null ? document.text : marshalYaml(written)}${SEPARATOR}`;
    }
  }
  if (!json) return { text: yaml, skipped, denied, changed };
  const keep = changed === 0 && documents.length === 1 && isJsonText(text);
  return { text: keep ? text : writeJson(resources), skipped, denied, changed };
}

const SEPARATOR = '---\n';
/** As kubectl indents. */
const JSON_INDENT = 4;

/** Several resources become a List, for JSON has no documents. */
function writeJson(resources: readonly YamlObject[]): string {
  const [only] = resources;
  const list: YamlObject = { apiVersion: 'v1', kind: 'List', items: [...resources] };
  return `${stringifyExact(resources.length === 1 && only !== undefined ? only : list, JSON_INDENT)}\n`;
}
