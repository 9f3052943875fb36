/** Edits of a Mesh in the text of its policy file: only the lines concerned change, so that comments and layout stay. */
import { isMap, isScalar, type Pair, parseAllDocuments, type YAMLMap } from 'yaml';

/** The text with the tag set, or with null removed. Null where the text does not hold the mesh, or not as mappings. */
export function withTag(text: string, mesh: string, tag: string, revision: string | null): string | null {
  const spec = specOf(text, mesh);
  if (spec === null) return null;
  const tags = pairOf(spec, 'tags');
  if (tags === undefined || !isMap(tags.value)) {
    return revision === null ? text : withNewTags(text, spec, tags, tag, revision);
  }
  const own = pairOf(tags.value, tag);
  if (revision === null) return own === undefined ? text : withoutTag(text, spec, tags, tags.value, own);
  if (own === undefined) return withNewTag(text, tags.value, tag, revision);
  const [start, end] = rangeOf(own.value);
  return replaced(text, start, end, quoted(revision, text.slice(start, end)));
}

/** The text with another default revision. Null where the text does not hold the mesh with one, or not as mappings. */
export function withDefaultRevision(text: string, mesh: string, revision: string): string | null {
  const spec = specOf(text, mesh);
  const own = spec === null ? undefined : pairOf(spec, 'defaultRevision');
  if (own === undefined || !isScalar(own.value)) return null;
  const [start, end] = rangeOf(own.value);
  return replaced(text, start, end, quoted(revision, text.slice(start, end)));
}

function specOf(text: string, mesh: string): YAMLMap | null {
  const document = parseAllDocuments(text).find(({ contents }) => {
    return isMap(contents) && contents.getIn(['kind']) === 'Mesh' && contents.getIn(['metadata', 'name']) === mesh;
  });
  const spec = document?.get('spec', true);
  return isMap(spec) ? spec : null;
}

function withNewTag(text: string, tags: YAMLMap, tag: string, revision: string): string {
  const last = tags.items.at(-1);
  const entry = `${quoted(tag)}: ${quoted(revision)}`;
  if (tags.flow === true || last === undefined) {
    const at = last === undefined ? rangeOf(tags)[0] + 1 : rangeOf(last.value)[1];
    return replaced(text, at, at, last === undefined ? entry : `, ${entry}`);
  }
  const at = lineEnd(text, rangeOf(last.value)[1]);
  return replaced(text, at, at, `${feedBefore(text, at)}${indentOf(text, rangeOf(last.key)[0])}${entry}\n`);
}

/** `tags` is missing, or empty. */
function withNewTags(
  text: string,
  spec: YAMLMap,
  tags: Pair | undefined,
  tag: string,
  revision: string,
): string | null {
  const entry = `${quoted(tag)}: ${quoted(revision)}`;
  if (tags !== undefined) {
    const at = text.indexOf(':', rangeOf(tags.key)[1]) + 1;
    return replaced(text, at, at, ` { ${entry} }`);
  }
  const first = spec.items[0];
  if (first === undefined) return null;
  if (spec.flow === true) {
    const at = rangeOf(first.key)[0];
    return replaced(text, at, at, `tags: {${entry}}, `);
  }
  const at = text.lastIndexOf('\n', rangeOf(first.key)[0]) + 1;
  const indent = indentOf(text, rangeOf(first.key)[0]);
  return replaced(text, at, at, `${indent}tags:\n${indent}  ${entry}\n`);
}

/** The last tag takes `tags` with it. */
function withoutTag(text: string, spec: YAMLMap, tags: Pair, map: YAMLMap, own: Pair): string {
  if (map.items.length === 1) return withoutPair(text, spec, tags);
  return withoutPair(text, map, own);
}

function withoutPair(text: string, map: YAMLMap, pair: Pair): string {
  const start = rangeOf(pair.key)[0];
  const end = rangeOf(pair.value)[1];
  if (map.flow !== true) {
    const line = text.lastIndexOf('\n', start) + 1;
    // A block's end may be the beginning of the line after it.
    const last = text.slice(0, end).trimEnd().length;
    return replaced(text, line, lineEnd(text, last), '');
  }
  const index = map.items.indexOf(pair);
  const next = map.items[index + 1];
  const before = map.items[index - 1];
  if (next !== undefined) return replaced(text, start, rangeOf(next.key)[0], '');
  return replaced(text, before === undefined ? start : rangeOf(before.value)[1], end, '');
}

function pairOf(map: YAMLMap, key: string): Pair | undefined {
  return map.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === key);
}

function rangeOf(node: unknown): readonly [start: number, end: number] {
  const range = (node as { range?: readonly number[] | null } | null)?.range;
  return [range?.[0] ?? 0, range?.[1] ?? 0];
}

function replaced(text: string, start: number, end: number, words: string): string {
  return text.slice(0, start) + words + text.slice(end);
}

/** The position after the line that an offset is on. */
function lineEnd(text: string, offset: number): number {
  const feed = text.indexOf('\n', offset);
  return feed < 0 ? text.length : feed + 1;
}

function feedBefore(text: string, at: number): string {
  return at === 0 || text[at - 1] === '\n' ? '' : '\n';
}

function indentOf(text: string, offset: number): string {
  return ' '.repeat(offset - (text.lastIndexOf('\n', offset) + 1));
}

/** Names that YAML would read as numbers, and those that had quotes before, have quotes. */
function quoted(name: string, before = ''): string {
  if (before.startsWith("'")) return `'${name}'`;
  return before.startsWith('"') || !/^[a-z][a-z0-9.-]*$|^\d+-[\da-z-]*[a-z\d]$/.test(name) || WORDS.has(name)
    ? `"${name}"`
    : name;
}

const WORDS: ReadonlySet<string> = new Set(['true', 'false', 'null', 'yes', 'no', 'on', 'off', 'y', 'n']);
