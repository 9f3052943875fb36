/** Names of labels and annotations: unknown ones under prefixes that belong to a mesh, deprecated ones, labels that are annotations. */
import { nearestName } from '../gitsync/nearest.ts';
import { renameKey } from './fix.ts';
import { DEPRECATED_ANNOTATIONS, KNOWN_LABELS, POD_ANNOTATIONS, RESERVED_PREFIXES } from './known-names.ts';
import type { Tell } from './lint.ts';
import type { Entry, Metadata } from './manifest.ts';

/** `isRead`: whether a template of the policy source reads an annotation, whoever else knows it. */
export function checkNames(
  text: string,
  { labels, annotations }: Metadata,
  isRead: (name: string) => boolean,
  tell: Tell,
): void {
  for (const entry of labels.values()) {
    if (KNOWN_LABELS.has(entry.name)) continue;
    if (POD_ANNOTATIONS.has(entry.name)) {
      tell('SETTING_MISPLACED', entry, 'key', `${entry.name} does nothing as a label: it is an annotation`);
    } else checkUnknown(text, entry, KNOWN_LABELS, tell);
  }
  for (const entry of annotations.values()) {
    if (DEPRECATED_ANNOTATIONS.has(entry.name)) tell('NAME_DEPRECATED', entry, 'key', `${entry.name} is deprecated`);
    else if (!POD_ANNOTATIONS.has(entry.name) && !isRead(entry.name)) checkUnknown(text, entry, POD_ANNOTATIONS, tell);
  }
}

function checkUnknown(text: string, entry: Entry, known: ReadonlySet<string>, tell: Tell): void {
  const { name } = entry;
  const slash = name.indexOf('/');
  const prefix = slash < 0 ? '' : name.slice(0, slash);
  const near = RESERVED_PREFIXES.has(prefix) ? nearestUnder(prefix, name, known) : respelledPrefix(prefix, name, known);
  if (near === null && !RESERVED_PREFIXES.has(prefix)) return;
  const hint = near === null ? '' : `: did you mean ${near}?`;
  const edit = near !== null && plain(near) === plain(name) ? renameKey(text, entry, near) : null;
  tell('NAME_UNKNOWN', entry, 'key', `${name} is not known${hint}`, edit);
}

/** The nearest name with this prefix, else with any: `sidecar.istio.io/excludeOutboundPorts` has the wrong one. */
function nearestUnder(prefix: string, name: string, known: ReadonlySet<string>): string | null {
  const own = name.slice(prefix.length + 1);
  const elsewhere = [...known].find((each) => each.endsWith(`/${own}`));
  if (elsewhere !== undefined) return elsewhere;
  const names = [...known].filter((each) => each.startsWith(`${prefix}/`)).map((each) => each.slice(prefix.length + 1));
  const near = nearestName(own, names);
  return near === null ? null : `${prefix}/${near}`;
}

/** A known name behind a prefix that is nearly one of theirs: `sidecar.istio/inject`. */
function respelledPrefix(prefix: string, name: string, known: ReadonlySet<string>): string | null {
  if (prefix.length === 0 || !/istio|linkerd/i.test(prefix)) return null;
  const near = nearestName(prefix, RESERVED_PREFIXES);
  const candidate = near === null ? '' : `${near}${name.slice(prefix.length)}`;
  return known.has(candidate) ? candidate : null;
}

/** What is left of a name when letter case and word marks do not count: names that differ only in them are one. */
function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, '');
}
