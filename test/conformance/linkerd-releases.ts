/**
 * What older releases of Linkerd answered, as cases: the generated sets (with CNI too) and one-feature probes, each release with its own
 * default values.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { corpusPath, readCorpusLines } from './corpus.ts';
import { type LinkerdCase, linkerdCluster, linkerdExpectation, linkerdSpec, type Objects } from './linkerd.ts';

export interface LinkerdReleaseCase extends LinkerdCase {
  readonly release: string;
  readonly object: LinkerdCase['expected']['pod'] & object;
}

interface Review {
  readonly request: { readonly namespace?: string; readonly object: LinkerdReleaseCase['object'] };
}
interface Answer {
  readonly response: { readonly allowed: boolean; readonly patch?: string };
}

/** The releases whose values are there, with or without answers; names are the recording's folders. */
export function linkerdReleaseFolders(): readonly string[] {
  const folder = corpusPath('linkerd', 'releases');
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => existsSync(join(folder, name, 'default', 'values.yaml')));
}

/** The revision of a release's recorded values, without `release` and `version`: the values tell both. */
export function linkerdReleaseSpec(release: string, set: string): LinkerdCase['spec'] {
  return linkerdSpec(corpusPath('linkerd', 'releases', release, set), 'linkerd', null);
}

/** Requests and surroundings of a set. */
function sources(set: string): { readonly requests: readonly Review[]; readonly objects: Objects } {
  const [requests, objects] =
    set === 'probes'
      ? [join('releases', 'probes-requests.ndjson'), join('releases', 'probes-namespaces.json')]
      : [join('generated', 'default', 'requests.ndjson'), join('generated', 'default', 'namespaces.json')];
  return {
    requests: readCorpusLines('linkerd', requests) as Review[],
    objects: JSON.parse(readFileSync(corpusPath('linkerd', objects), 'utf8')) as Objects,
  };
}

/** Every answer recorded of a release. */
export function* linkerdReleaseCases(release: string): Generator<LinkerdReleaseCase> {
  const folder = corpusPath('linkerd', 'releases', release);
  for (const set of readdirSync(folder).sort()) {
    if (!existsSync(join(folder, set, 'responses.ndjson'))) continue;
    const spec = linkerdReleaseSpec(release, set);
    const { requests, objects } = sources(set);
    const answers = readCorpusLines('linkerd', 'releases', release, set, 'responses.ndjson') as Answer[];
    const hasReports = existsSync(join(folder, set, 'reports.ndjson'));
    const reports = hasReports ? readCorpusLines('linkerd', 'releases', release, set, 'reports.ndjson') : [];
    for (const [index, { response }] of answers.entries()) {
      const review = requests[index];
      if (review === undefined) throw new Error(`${release}/${set}: no request for answer ${index}`);
      const patch = response.patch === undefined ? null : Buffer.from(response.patch, 'base64').toString('utf8');
      const { reasons } = (reports[index] ?? { reasons: [] }) as { reasons: readonly string[] };
      const { object } = review.request;
      yield {
        id: `${release} ${set} ${index}`,
        release,
        set,
        spec,
        review: JSON.stringify(review),
        object,
        cluster: linkerdCluster(objects, review.request.namespace ?? ''),
        expected: linkerdExpectation(object, patch, response.allowed, reasons),
      };
    }
  }
}
