/** Annotation sidecar.istio.io/status: what an injector added to a pod, for whoever looks at it later. */
import { parseGoJson, quoteGoJson } from '../../template/gojson.ts';
import { Denial } from '../reason.ts';
import { STATUS } from './names.ts';
import { type Named, type PodSpec, type StringMap, stringAt } from './pod.ts';

/** What the annotation of a pod says that was injected before. */
export interface InjectionStatus {
  readonly initContainers: readonly string[];
  readonly containers: readonly string[];
  readonly volumes: readonly string[];
  readonly revision: string;
  /** Whether Istio can read it as a whole; where it can not, it does not take what was injected out of the template's view. */
  readonly readable: boolean;
}

const LISTS = ['initContainers', 'containers', 'volumes', 'imagePullSecrets'] as const;

type List = readonly Named[] | null | undefined;

function names(items: List): string {
  // An empty list is a nil slice in Go.
  if (!items || items.length === 0) return 'null';
  return `[${items.map(({ name }) => quoteGoJson(name ?? '')).join(',')}]`;
}

/**
 * The annotation's value: names from what the templates gave, in the order of Istio's fields. Templates give most pods the same, so the last
 * text is kept.
 */
export class StatusEncoder {
  /** The revision's name as it stands in the annotation. */
  readonly revision: string;
  #lists: readonly List[] = [];
  #text = '';

  /** A revision without a name is called `default`. */
  constructor(revision: string) {
    this.revision = revision || 'default';
  }

  encode(template: PodSpec): string {
    if (this.#text !== '' && LISTS.every((list, index) => sameNames(template[list], this.#lists[index]))) {
      return this.#text;
    }
    this.#lists = LISTS.map((list) => template[list]?.map(({ name }) => ({ name: name ?? '' })));
    const members = LISTS.map((list) => `"${list}":${names(template[list])}`);
    this.#text = `{${members.join(',')},"revision":${quoteGoJson(this.revision)}}`;
    return this.#text;
  }
}

function sameNames(a: List, b: List): boolean {
  const length = a?.length ?? 0;
  if (length !== (b?.length ?? 0)) return false;
  for (let i = 0; i < length; i++) if ((a?.[i]?.name ?? '') !== b?.[i]?.name) return false;
  return true;
}

const FIELDS = ['initContainers', 'containers', 'volumes', 'imagePullSecrets', 'revision'] as const;
type Field = (typeof FIELDS)[number];

/** The members as Go's decoder finds them: in any case, the last one counts. */
function members(status: Readonly<Record<string, unknown>>): Partial<Record<Field, unknown>> {
  const found: Partial<Record<Field, unknown>> = {};
  for (const key of Object.keys(status)) {
    const field = FIELDS.find((name) => name.toLowerCase() === key.toLowerCase());
    if (field !== undefined && status[key] !== null) found[field] = status[key];
  }
  return found;
}

function isNames(value: unknown): boolean {
  return (
    value === undefined || (Array.isArray(value) && value.every((item) => typeof item === 'string' || item === null))
  );
}

function textItems(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

const UNREADABLE: InjectionStatus = { initContainers: [], containers: [], volumes: [], revision: '', readable: false };

/**
 * Reads the annotation; undefined when the pod has none. Throws Denial STATUS_ANNOTATION_INVALID where the lists of containers
 * are no lists of names: Istio's webhook crashes on them.
 */
export function decodeStatus(annotations: StringMap | undefined): InjectionStatus | undefined {
  const text = stringAt(annotations, STATUS);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = parseGoJson(text);
  } catch {
    return UNREADABLE;
  }
  if (value === null) return { ...UNREADABLE, readable: true };
  if (typeof value !== 'object' || Array.isArray(value)) return UNREADABLE;
  const raw = value as Readonly<Record<string, unknown>>;
  for (const field of ['containers', 'initContainers']) {
    const list = Object.hasOwn(raw, field) ? raw[field] : null;
    const fine = list === null || (Array.isArray(list) && list.every((item) => typeof item === 'string'));
    if (!fine) throw new Denial('STATUS_ANNOTATION_INVALID', `${field} is not a list of names`);
  }
  const { initContainers, containers, volumes, imagePullSecrets, revision } = members(raw);
  const lists = [initContainers, containers, volumes, imagePullSecrets];
  return {
    initContainers: textItems(initContainers),
    containers: textItems(containers),
    volumes: textItems(volumes),
    revision: typeof revision === 'string' ? revision : '',
    readable: lists.every(isNames) && (revision === undefined || typeof revision === 'string'),
  };
}
