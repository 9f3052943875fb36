/** Lints one file of resources: runs every rule over every resource. */
import type { Problem } from '../snapshot.ts';
import { checkInjection } from './check-injection.ts';
import { checkNames } from './check-names.ts';
import { checkNamespace, checkRevision, checkVcluster } from './check-places.ts';
import { type Edit, quoteValue } from './fix.ts';
import { type Injector, injectorsFor } from './injectors.ts';
import { type Entry, type Metadata, type Resource, readManifest } from './manifest.ts';
import { LINT_RULES, type LintCode } from './rules.ts';

export interface LintSettings {
  /** Those that pods may come to: of the policy source's revisions, or of the newest releases. */
  readonly injectors: readonly Injector[];
  /** Revisions and tags by the label that names them; null where no policy source is given. */
  readonly revisions: ReadonlyMap<string, ReadonlySet<string>> | null;
  /** Whether the files are for a virtual cluster. */
  readonly vcluster: boolean;
}

/** Tells one finding, at the entry's key or value; `edit` corrects it. */
export type Tell = (code: LintCode, entry: Entry, part: 'key' | 'value', message: string, edit?: Edit | null) => void;

export interface LintResult {
  /** In the order of the file. */
  readonly findings: readonly Problem[];
  readonly edits: readonly Edit[];
}

export function lintText(text: string, file: string, settings: LintSettings): LintResult {
  const manifest = readManifest(text);
  const findings: Problem[] = manifest.faults.map(({ message, position }) => {
    return { code: 'MANIFEST_SYNTAX', severity: 'error', message, file, ...position };
  });
  const edits: Edit[] = [];
  for (const resource of manifest.resources) {
    const tell: Tell = (code, entry, part, message, edit = null) => {
      const node = part === 'key' ? entry.pair.key : (entry.pair.value ?? entry.pair.key);
      const offset = (node as { range?: readonly number[] | null }).range?.[0] ?? entry.pair.key.range?.[0] ?? 0;
      const { severity } = LINT_RULES[code];
      findings.push({ code, severity, message: `${resource.name}: ${message}`, file, ...manifest.at(offset) });
      if (edit !== null) edits.push(edit);
    };
    lintResource(text, resource, settings, tell);
  }
  findings.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  return { findings, edits };
}

function lintResource(text: string, resource: Resource, settings: LintSettings, tell: Tell): void {
  const { own, pod, kind } = resource;
  const places: readonly Metadata[] = pod?.isTemplate === true ? [own, pod.metadata] : [own];
  for (const metadata of places) {
    checkTexts(text, metadata, tell);
    checkNames(text, metadata, (name) => settings.injectors.some((injector) => injector.reads(name)), tell);
  }
  checkInjection(text, resource, tell);
  if (kind === 'Namespace') checkNamespace(own, tell);
  for (const metadata of kind === 'Namespace' ? [own] : pod === null ? [] : [pod.metadata]) {
    checkValues(metadata, settings.injectors, tell);
    checkRevision(metadata, settings.revisions, tell);
  }
  if (pod !== null) checkVcluster(pod.metadata, settings.vcluster, tell);
}

function checkTexts(text: string, { labels, annotations }: Metadata, tell: Tell): void {
  for (const entry of [...labels.values(), ...annotations.values()]) {
    if (typeof entry.value !== 'boolean' && typeof entry.value !== 'number') continue;
    const message = `${entry.name} is a ${typeof entry.value}, and must be text: put it in quotes`;
    tell('VALUE_NOT_TEXT', entry, 'value', message, quoteValue(text, entry));
  }
}

function checkValues({ labels, annotations }: Metadata, all: readonly Injector[], tell: Tell): void {
  const injectors = injectorsFor(all, (name) => labels.get(name)?.value);
  for (const entry of annotations.values()) {
    if (typeof entry.value !== 'string') continue;
    const { name, value } = entry;
    for (const [why, titles] of reasons(injectors, (injector) => injector.denied(name, value))) {
      tell('VALUE_DENIED', entry, 'value', `${name}: ${why}${byWhom(titles)}`);
    }
    const ignoring = injectors.filter((injector) => injector.ignored(name, value)).map(({ title }) => title);
    if (ignoring.length > 0) {
      const message = `${name}: Linkerd can not read ${JSON.stringify(value.slice(0, 100))} and passes over it`;
      tell('VALUE_IGNORED', entry, 'value', message + byWhom(ignoring));
    }
    const unreading = injectors.filter((injector) => injector.unread(name) && !injector.reads(name));
    if (unreading.length > 0) {
      tell('NAME_UNREAD', entry, 'key', `${name} is not read${byWhom(unreading.map(({ title }) => title))}`);
    }
  }
}

/** Each reason once, with the injectors that have it. */
function reasons(
  injectors: readonly Injector[],
  reasonOf: (injector: Injector) => string | undefined,
): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const injector of injectors) {
    const why = reasonOf(injector);
    if (why !== undefined) found.set(why, [...(found.get(why) ?? []), injector.title]);
  }
  return found;
}

function byWhom(titles: readonly string[]): string {
  const [first = '', ...others] = titles;
  if (first === '') return '';
  const more = others.length === 0 ? '' : `, and ${others.length} more`;
  return ` (${first}${more})`;
}
