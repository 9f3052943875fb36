/** Grouped differences as lines for people. */
import { APPLICATION, isContainerList } from './change.ts';
import type { MeshComparison } from './compare-sides.ts';
import type { ComparedEnd } from './end.ts';
import type { DifferenceGroup, DifferenceSummary, ValueGroup } from './groups.ts';

/** With more values than this at one place, only their number is told. */
const MAX_SHOWN_VALUES = 4;
const MAX_SHOWN_LENGTH = 160;

/** `2 of 300 pods of 1 workload come out different`, and a line or more for each group. */
export function summaryText({
  pods,
  differentPods,
  differentWorkloads,
  groups,
  omittedChanges,
}: DifferenceSummary): string {
  if (differentPods === 0) return `none of ${counted(pods, 'pod')} comes out different\n`;
  const lines = [
    `${differentPods} of ${counted(pods, 'pod')} come out different, of ${counted(differentWorkloads, 'workload')}`,
    ...groups.flatMap(groupLines),
  ];
  if (omittedChanges > 0) lines.push(`and ${counted(omittedChanges, 'change')} at other places`);
  return `${lines.join('\n')}\n`;
}

function groupLines(group: DifferenceGroup): string[] {
  const what = groupName(group);
  const [only, another] = group.values;
  if (only === undefined || group.valueCount > MAX_SHOWN_VALUES) {
    const such = only === undefined ? '' : ` such as ${valueText(group, only).replace(/^: /, '')}`;
    return [`  ${what}: ${group.valueCount} different values${such}, ${extent(group)}`];
  }
  if (another === undefined) return [`  ${what}${valueText(group, only)}, ${extent(group)}`];
  return [
    `  ${what}: ${extent(group)}`,
    ...group.values.map((values) => `    ${valueText(group, values).replace(/^: /, '')}, ${extent(values)}`),
  ];
}

function extent({ pods, workloads, examples }: Pick<ValueGroup, 'pods' | 'workloads' | 'examples'>): string {
  const [example] = examples;
  const named = example === undefined ? '' : `, example ${example}`;
  return `${counted(pods, 'pod')}, ${counted(workloads, 'workload')}${named}`;
}

function valueText({ kind, action }: DifferenceGroup, { from, to }: ValueGroup): string {
  if (kind === 'outcome') return [from, to].map((message) => (message === null ? '' : `: ${cut(message)}`)).join('');
  if (action === 'added') return `: ${shown(to)}`;
  if (action === 'removed') return `: was ${shown(from)}`;
  return `: ${shown(from)} -> ${shown(to)}`;
}

function shown(text: string | null): string {
  if (text === null) return 'nothing';
  return /^[[{\d]|^(?:true|false)$/.test(text) ? cut(text) : cut(JSON.stringify(text));
}

function cut(whole: string): string {
  const text = whole.trim().replaceAll(/\s*\n\s*/g, ' ');
  return text.length <= MAX_SHOWN_LENGTH ? text : `${text.slice(0, MAX_SHOWN_LENGTH)}…`;
}

/** What differs, such as `env ISTIO_META_X of istio-proxy added`, `injected -> skipped (HOST_NETWORK)`. */
export function groupName({ kind, action, path }: Pick<DifferenceGroup, 'kind' | 'action' | 'path'>): string {
  if (kind === 'outcome') return path.join(' -> ');
  if (kind === 'order') return `order of ${placeName(path)}`;
  return action === 'changed' ? placeName(path) : `${placeName(path)} ${action}`;
}

function placeName(path: readonly string[]): string {
  const [top = '', member = '', name = '', part = '', ...rest] = path;
  if (top === 'metadata' && (member === 'labels' || member === 'annotations') && name !== '') {
    return `${member.slice(0, -1)} ${name}${within(path.slice(3))}`;
  }
  if (top !== 'spec') return path.join('.');
  if (member === 'volumes' && name !== '') return `volume ${name}${within(path.slice(3))}`;
  if (!isContainerList(member) || name === '') return path.slice(1).join('.');
  if (part === '') return `${CONTAINER_WORDS[member]} ${name === APPLICATION ? 'of the application' : name}`;
  if (name === APPLICATION) return `${partName(part, rest)} of the application's ${member}`;
  return `${partName(part, rest)} of ${member === 'containers' ? '' : `${CONTAINER_WORDS[member]} `}${name}`;
}

/** A part of a container. */
function partName(part: string, [item = '', ...rest]: readonly string[]): string {
  const word = ITEM_WORDS[part];
  if (word === undefined) return [part, item, ...rest].filter((segment) => segment !== '').join('.');
  if (item === '') return part;
  return `${word} ${item}${within(rest[0] === 'value' ? rest.slice(1) : rest)}`;
}

const ITEM_WORDS: Readonly<Record<string, string>> = {
  env: 'env',
  args: 'argument',
  command: 'argument',
  volumeMounts: 'mount',
};

const CONTAINER_WORDS: Readonly<Record<string, string>> = {
  containers: 'container',
  initContainers: 'init container',
  ephemeralContainers: 'ephemeral container',
};

function within(rest: readonly string[]): string {
  return rest.length === 0 ? '' : ` (${rest.join('.')})`;
}

export function counted(number: number, one: string): string {
  return `${number} ${one}${number === 1 ? '' : 's'}`;
}

/** A comparison with its heading. */
export function comparisonText(comparison: MeshComparison): string {
  const { mesh, from, to } = comparison;
  const common = from.source === to.source ? ` of ${shortSource(from.source)}` : '';
  const ends = [from, to].map((end) => endText(end, common === ''));
  return `mesh ${mesh}${common}: ${ends.join(' -> ')}\n${summaryText(comparison)}`;
}

export function endText({ name, source, revision, release }: ComparedEnd, withSource: boolean): string {
  const known = [
    ...(name === revision ? [] : [`revision ${revision}`]),
    ...(release === null ? [] : [`as ${release}`]),
    ...(withSource ? [shortSource(source)] : []),
  ];
  return known.length === 0 ? name : `${name} (${known.join(', ')})`;
}

function shortSource(source: string): string {
  return source.replace(/([0-9a-f]{12})[0-9a-f]+$/, '$1');
}
