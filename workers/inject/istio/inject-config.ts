/**
 * The injector's configuration (key `config` of ConfigMap istio-sidecar-injector): policy, templates, aliases, selectors.
 * Read as Istio reads it: member names in any case, unknown members ignored, scalars taken as text where text is wanted.
 */
import { compileLabelSelector } from '../../kube/label-selector.ts';
import { sprint } from '../../template/printf.ts';
import type { JsonObject, JsonValue } from '../../template/value.ts';
import { YamlError } from '../../yaml/error.ts';
import { parseYaml } from '../../yaml/parse.ts';
import type { CompileProblem } from '../provider.ts';
import type { Matcher, Selection } from './decide.ts';
import type { StringMap } from './pod.ts';
import type { TemplateChoice } from './select-templates.ts';

export interface InjectConfig {
  readonly selection: Selection;
  readonly choice: TemplateChoice;
  readonly templates: ReadonlyMap<string, string>;
  readonly injectedAnnotations: StringMap;
}

export const CONFIG_FIELD = 'injectConfig';
/** What a configuration without defaultTemplates means. */
const SIDECAR = 'sidecar';

class ConfigReader {
  readonly problems: CompileProblem[] = [];

  problem(message: string): void {
    this.problems.push({ code: 'INJECT_CONFIG_TYPE', field: CONFIG_FIELD, message });
  }

  /** A scalar as text; null is "". */
  text(value: JsonValue, what: string): string {
    if (value === null) return '';
    if (typeof value === 'string') return value;
    if (typeof value === 'object') {
      this.problem(`${what} must be text`);
      return '';
    }
    return sprint(value);
  }

  texts(value: JsonValue, what: string): string[] {
    if (value === null) return [];
    if (Array.isArray(value)) return value.map((item, index) => this.text(item, `${what}[${index}]`));
    this.problem(`${what} must be a list`);
    return [];
  }

  entries(value: JsonValue, what: string): [string, JsonValue][] {
    if (value === null) return [];
    if (typeof value === 'object' && !Array.isArray(value)) return Object.entries(value);
    this.problem(`${what} must be a mapping`);
    return [];
  }

  /** A label selector with text where text is wanted. */
  selector(selector: JsonObject, what: string): JsonObject {
    const labels = this.entries(member(selector, 'matchLabels'), `${what}.matchLabels`);
    const expressions = member(selector, 'matchExpressions') ?? [];
    if (!Array.isArray(expressions)) this.problem(`${what}.matchExpressions must be a list`);
    return {
      matchLabels: Object.fromEntries(labels.map(([key, value]) => [key, this.text(value, `${what}.${key}`)])),
      matchExpressions: (Array.isArray(expressions) ? expressions : []).map((expression) => {
        const parts = Object.fromEntries(this.entries(expression, `${what}.matchExpressions`));
        return {
          key: this.text(member(parts, 'key'), `${what}.key`),
          operator: this.text(member(parts, 'operator'), `${what}.operator`),
          values: this.texts(member(parts, 'values'), `${what}.values`),
        };
      }),
    };
  }

  /** Selectors that select nothing in particular, or are not valid, are left out: Istio ignores them. */
  matchers(value: JsonValue, what: string): Matcher[] {
    if (value === null) return [];
    if (!Array.isArray(value)) {
      this.problem(`${what} must be a list`);
      return [];
    }
    return value.flatMap((selector, index) => {
      if (selector === null) return [];
      if (typeof selector !== 'object' || Array.isArray(selector)) {
        this.problem(`${what}[${index}] must be a label selector`);
        return [];
      }
      const compiled = compileLabelSelector(this.selector(selector, `${what}[${index}]`));
      return compiled.ok && !compiled.empty ? compiled.matches : [];
    });
  }
}

/** The member of that name, in any case; the last one counts. */
function member(config: JsonObject, name: string): JsonValue {
  const key = Object.keys(config).findLast((candidate) => candidate.toLowerCase() === name.toLowerCase());
  return key === undefined ? null : (config[key] ?? null);
}

export type ReadConfig =
  | { readonly config: InjectConfig; readonly problems: readonly [] }
  | { readonly config: null; readonly problems: readonly CompileProblem[] };

/** Reads the text. Problems: YAML_… codes with their place, INJECT_CONFIG_TYPE for members of the wrong type. */
export function readInjectConfig(text: string): ReadConfig {
  let value: JsonValue;
  try {
    value = parseYaml(text);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    const place = error.line > 0 ? { line: error.line, column: error.column } : {};
    return { config: null, problems: [{ code: error.code, field: CONFIG_FIELD, message: error.message, ...place }] };
  }
  const reader = new ConfigReader();
  const root = value ?? {};
  if (typeof root !== 'object' || Array.isArray(root)) {
    reader.problem('the configuration must be a mapping');
    return { config: null, problems: reader.problems };
  }
  const names = reader.texts(member(root, 'defaultTemplates'), 'defaultTemplates');
  const aliases = reader
    .entries(member(root, 'aliases'), 'aliases')
    .map(([alias, list]): [string, string[]] => [alias, reader.texts(list, `aliases.${alias}`)]);
  const templates = reader
    .entries(member(root, 'templates'), 'templates')
    .map(([name, template]): [string, string] => [name, reader.text(template, `templates.${name}`)]);
  const annotations = reader
    .entries(member(root, 'injectedAnnotations'), 'injectedAnnotations')
    .map(([name, item]): [string, string] => [name, reader.text(item, `injectedAnnotations.${name}`)]);
  const config: InjectConfig = {
    selection: {
      policy: reader.text(member(root, 'policy'), 'policy'),
      neverInject: reader.matchers(member(root, 'neverInjectSelector'), 'neverInjectSelector'),
      alwaysInject: reader.matchers(member(root, 'alwaysInjectSelector'), 'alwaysInjectSelector'),
    },
    choice: {
      defaultTemplates: names.length > 0 ? names : [SIDECAR],
      aliases: new Map(aliases),
    },
    templates: new Map(templates),
    injectedAnnotations: Object.fromEntries(annotations),
  };
  return reader.problems.length > 0 ? { config: null, problems: reader.problems } : { config, problems: [] };
}

/**
 * Where a template's text begins within the configuration: the line of its block scalar's header and how far it is indented.
 * Undefined for texts written in another way. Found by looking, for a parsed document does not tell.
 */
export function placeOfTemplate(
  config: string,
  name: string,
  template: string,
): { readonly line: number; readonly indent: number } | undefined {
  const lines = config.split('\n');
  const first = template.split('\n', 1)[0] ?? '';
  for (let index = 0; index + 1 < lines.length; index++) {
    const header = (lines[index] ?? '').trim();
    if (!header.startsWith(`${name}:`) && !header.startsWith(`"${name}":`) && !header.startsWith(`'${name}':`))
      continue;
    if (!/:\s*[|>][0-9+-]*\s*$/.test(header)) continue;
    const next = lines[index + 1] ?? '';
    if (first !== '' && next.endsWith(first)) return { line: index + 1, indent: next.length - first.length };
  }
  return undefined;
}
