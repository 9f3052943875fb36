/**
 * What older releases of Istio answered, as cases: the generated sets and one-feature probes, each release with its own default
 * configuration.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterContext, IstioRevisionSpec, NativeSidecars } from '../../workers/protocol.ts';
import type { JsonObject } from '../../workers/template/value.ts';
import { corpusPath, readCorpusLines } from './corpus.ts';

export interface IstioReleaseCase {
  readonly id: string;
  readonly release: string;
  readonly set: string;
  /** Without `release`: the values' image tag tells it. */
  readonly spec: IstioRevisionSpec;
  readonly path: string;
  readonly body: string;
  readonly object: JsonObject;
  readonly allowed: boolean;
  /** The request's object with the patch applied; null where there was no patch. */
  readonly pod: JsonObject | null;
  /** The recorded patch can not be applied to the request's object: upstream's own fault. */
  readonly upstreamInvalid: boolean;
}

export const NO_CLUSTER: ClusterContext = { namespace: null, owners: {}, nodes: [], nodesKnown: false };

interface Line {
  readonly id: number | string;
  readonly path: string;
  readonly review: { readonly request: { readonly object: JsonObject } };
}
interface Answer {
  readonly response: { readonly allowed: boolean };
}
interface Flags {
  readonly flags: readonly string[];
}

function specOf(release: string, set: string): IstioRevisionSpec {
  const read = (name: string) => readFileSync(corpusPath('istio', 'releases', release, set, name), 'utf8');
  const { flags } = JSON.parse(read('flags.json')) as Flags;
  const after = (flag: string) => flags[flags.indexOf(flag) + 1] ?? '';
  const nativeSidecars: NativeSidecars = after('-native') === 'true' ? 'Always' : 'Never';
  return {
    provider: 'istio',
    injectConfig: read('inject-config.yaml'),
    values: read('values.json'),
    meshConfig: read('mesh.yaml'),
    revision: after('-revision'),
    platform: '',
    compliancePolicy: '',
    env: {},
    nativeSidecars,
  };
}

interface Recording {
  readonly release: string;
  readonly set: string;
  readonly spec: IstioRevisionSpec;
  /** Folder of the answers, below releases/. */
  readonly folder: string;
  /** Requests, below istio/; answers may be fewer. */
  readonly requests: string;
}

function* casesOf({ release, set, spec, folder, requests }: Recording): Generator<IstioReleaseCase> {
  const lines = readCorpusLines('istio', requests) as Line[];
  const answers = readCorpusLines('istio', 'releases', folder, 'responses.ndjson') as Answer[];
  const pods = readCorpusLines('istio', 'releases', folder, 'pods.ndjson') as (JsonObject | null)[];
  for (const [index, answer] of answers.entries()) {
    const line = lines[index];
    if (line === undefined) throw new Error(`${folder}: no request for answer ${index}`);
    yield {
      id: `${release} ${set} ${line.id}`,
      release,
      set,
      spec,
      path: line.path,
      body: JSON.stringify(line.review),
      object: line.review.request.object,
      allowed: answer.response.allowed,
      pod: pods[index] ?? null,
      upstreamInvalid: Object.hasOwn(pods[index] ?? {}, 'patchError'),
    };
  }
}

/** The releases whose configuration is there, with or without answers. */
export function istioReleases(): readonly string[] {
  const folder = corpusPath('istio', 'releases');
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => /^\d+\.\d+\.\d+$/.test(name));
}

/** Every answer recorded of a release. */
export function* istioReleaseCases(release: string): Generator<IstioReleaseCase> {
  const folder = corpusPath('istio', 'releases');
  for (const set of readdirSync(join(folder, release)).sort()) {
    if (!existsSync(join(folder, release, set, 'responses.ndjson'))) continue;
    const requests = join('generated', set, 'requests.ndjson');
    yield* casesOf({ release, set, spec: specOf(release, set), folder: join(release, set), requests });
  }
  const probes = join('releases', 'probe', 'requests.ndjson');
  for (const variant of ['classic', 'disabled']) {
    if (!existsSync(join(folder, 'probe', release, variant))) continue;
    const spec = specOf(release, 'classic');
    const policy = variant === 'disabled' ? 'disabled' : 'enabled';
    const injectConfig = spec.injectConfig.replace(/^policy: enabled$/m, `policy: ${policy}`);
    yield* casesOf({
      release,
      set: `probe/${variant}`,
      spec: { ...spec, injectConfig },
      folder: join('probe', release, variant),
      requests: probes,
    });
  }
}

/** The specification of a release's recorded default configuration. */
export function istioReleaseSpec(release: string, set: string): IstioRevisionSpec {
  return specOf(release, set);
}
