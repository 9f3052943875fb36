/**
 * Writes docs/reference/policy-files.md from the JSON Schemas in policies/schema/. `node build/policy-reference.ts` writes it;
 * test/policy-reference.test.ts fails when it differs from them.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KIND_SCHEMAS, type Kind } from '../gateway/gitsync/kinds.ts';

/** The parts of JSON Schema that ours use. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly default?: unknown;
  readonly patternErrorMessage?: string;
  readonly maxLength?: number;
  readonly oneOf?: readonly { readonly required: readonly string[] }[];
  readonly allOf?: readonly { readonly $ref: string }[];
  readonly definitions?: Readonly<Record<string, Schema>>;
}

interface Row {
  readonly path: string;
  readonly type: string;
  readonly needed: string;
  readonly text: string;
}

export const REFERENCE_FILE = join(import.meta.dirname, '..', 'docs', 'reference', 'policy-files.md');

/** The whole reference as Markdown. */
export function policyReference(): string {
  const kinds = Object.keys(KIND_SCHEMAS) as Kind[];
  const sections = kinds.map((kind) => kindSection(kind, KIND_SCHEMAS[kind] as unknown as Schema));
  const [text] = kinds.flatMap((kind) => (KIND_SCHEMAS[kind] as unknown as Schema).definitions?.['text'] ?? []);
  return [INTRODUCTION, ...sections, ...(text === undefined ? [] : [textSection(text)])].join('\n');
}

const INTRODUCTION = `<!-- Made from policies/schema/ by build/policy-reference.ts; do not edit. -->
# Policy files

YAML documents with \`apiVersion: meshgate.dev/v1alpha1\`, a \`kind\`, \`metadata.name\` and \`spec\`. They are found by kind in every \`.yaml\`
and \`.yml\` file of the source's path, any number to a file; other YAML is left alone. An unknown field is an error, as is everything else
below that does not hold; all problems of a commit are reported at once, with file, line and column, and the last good one goes on
serving. Names are lower-case letters, digits, \`-\` and \`.\`, beginning and ending with a letter or digit.

The schemas in \`policies/schema/\` make editors complete and check fields: put
\`# yaml-language-server: $schema=…/policies/schema/mesh.schema.json\` above a document. \`policies/\` is a commented example of all kinds.
`;

function kindSection(kind: Kind, schema: Schema): string {
  const spec = schema.properties?.['spec'] ?? {};
  const metadata = schema.properties?.['metadata'] ?? {};
  const name = metadata.properties?.['name']?.description ?? '';
  const rows: Row[] = [
    { path: 'metadata.name', type: 'name', needed: 'required', text: name },
    ...rowsOf(spec, 'spec'),
  ];
  return `## ${kind}\n\n${schema.description ?? ''}\n\n${oneOfNote(spec)}${table(rows)}`;
}

function oneOfNote({ oneOf }: Schema): string {
  if (oneOf === undefined) return '';
  const names = oneOf.flatMap(({ required }) => required.map((each) => `\`spec.${each}\``));
  return `Exactly one of ${names.join(', ')}.\n\n`;
}

function textSection(schema: Schema): string {
  const rows = rowsOf(schema, '').map((row) => ({ ...row, needed: row.path.includes('.') ? row.needed : '' }));
  return `## Texts\n\n${schema.description ?? ''}\n\n${table(rows)}`;
}

function rowsOf(schema: Schema, path: string): readonly Row[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const own = path === '' ? name : `${path}.${name}`;
    const needed = (schema.required ?? []).includes(name) ? 'required' : defaultOf(field);
    return [
      { path: own, type: typeOf(field), needed, text: field.description ?? '' },
      ...rowsOf(field, own),
      ...itemRows(field, own),
    ];
  });
}

function itemRows({ items }: Schema, path: string): readonly Row[] {
  return items === undefined ? [] : rowsOf(items, `${path}[]`);
}

function defaultOf(field: Schema): string {
  return field.default === undefined ? '' : `\`${JSON.stringify(field.default)}\``;
}

function typeOf(field: Schema): string {
  if (field.allOf !== undefined) return '[text](#texts)';
  if (field.enum !== undefined) return field.enum.map((each) => `\`${each}\``).join(' ');
  if (field.type === 'array') return `list of ${pluralOf(field.items ?? {})}`;
  if (field.type !== 'object') return isName(field) ? 'name' : (field.type ?? '');
  const values = field.additionalProperties;
  return typeof values === 'object' ? `map to ${typeOf(values)}` : 'mapping';
}

function pluralOf(items: Schema): string {
  const one = typeOf(items);
  return /^(name|string|mapping)$/.test(one) ? `${one}s` : one;
}

function isName({ patternErrorMessage }: Schema): boolean {
  return patternErrorMessage?.startsWith('must be lower-case letters, digits') ?? false;
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ path, type, needed, text }) => `| \`${path}\` | ${type} | ${needed} | ${text.replaceAll('|', '\\|')} |`,
  );
  return ['| field | type | required, or default | |', '|---|---|---|---|', ...lines, ''].join('\n');
}

if (import.meta.main) writeFileSync(REFERENCE_FILE, policyReference());
