/** Lists of a cluster's API, page by page. */
import type { ClusterClient, Query } from './cluster-client.ts';
import { ClusterError } from './cluster-error.ts';
import { listAt, textAt } from './kube-objects.ts';

/** Objects that one page of a list has. */
const PAGE_OBJECTS = 500;
/** Objects of one list; more are an error, for memory has to be bounded. */
const MAX_OBJECTS = 500_000;

export interface ListOptions {
  readonly query?: Query | undefined;
  readonly metadataOnly?: boolean;
  readonly signal?: AbortSignal;
}

export interface Page {
  readonly items: readonly unknown[];
  /** `PodList`; its items do not repeat their kind. */
  readonly kind: string;
  readonly apiVersion: string;
  /** Of the whole list. */
  readonly resourceVersion: string;
}

/** Throws as ClusterClient.request does, in the middle too; then what was read so far is not the list. */
export async function* listPages(client: ClusterClient, path: string, options: ListOptions = {}): AsyncGenerator<Page> {
  const { query, ...rest } = options;
  let next = '';
  let count = 0;
  do {
    const page = { ...query, limit: PAGE_OBJECTS, ...(next === '' ? {} : { continue: next }) };
    const list = await client.request('GET', path, { ...rest, query: page });
    const items = listAt(list, 'items');
    count += items.length;
    if (count > MAX_OBJECTS) throw new ClusterError('CLUSTER_FAILED', `${path} has more than ${MAX_OBJECTS} objects`);
    const resourceVersion = textAt(list, 'metadata', 'resourceVersion');
    yield { items, kind: textAt(list, 'kind'), apiVersion: textAt(list, 'apiVersion'), resourceVersion };
    next = textAt(list, 'metadata', 'continue');
  } while (next !== '');
}
