/**
 * Injections in one thread without HTTP, through the same entry points that the pool calls, of whatever checkout or build is named. A
 * process of its own, told for each window what to do; commands and answers are JSON lines (see protocol.ts).
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ClusterContext, RevisionSource, WarmReply } from '../../../workers/protocol.ts';
import { serveLines } from '../line-process.ts';
import { reviewsOf } from '../load/requests.ts';
import type { BenchProvider } from '../policy.ts';
import type { CoreCommand, CoreWindow, PrepareCommand, Prepared } from './protocol.ts';

type WorkerEntry = typeof import('../../../workers/main.ts');

const NO_CLUSTER: ClusterContext = { namespace: null, owners: {}, nodes: [], nodesKnown: false };
const DIGEST = 'bench';
const SEED = 1;
/** Reviews between two looks at the clock. */
const BURST = 8;
/** Bursts of reviews above this length would overrun a window by much. */
const BURST_REVIEW_BYTES = 16_384;

interface Bench {
  readonly entry: WorkerEntry;
  readonly reviews: readonly string[];
  readonly burst: number;
}

let bench: Bench | null = null;
let next = 0;

await serveLines<CoreCommand>(async (command): Promise<Prepared | CoreWindow> => {
  if (command.do === 'prepare') {
    bench = await prepare(command);
    return {
      reviewBytes: Math.round(bench.reviews.reduce((sum, { length }) => sum + length, 0) / bench.reviews.length),
    };
  }
  if (bench === null) throw new Error('nothing is prepared');
  const { entry } = bench;
  return command.do === 'calibrate'
    ? repeat(bench, command.ms, calibrate)
    : repeat(bench, command.ms, (review) => isPatched(entry, review));
});

async function prepare(command: PrepareCommand): Promise<Bench> {
  const source = join(command.root, 'workers', 'main.ts');
  const file = existsSync(source) ? source : join(command.root, 'workers', 'main.js');
  const entry = (await import(pathToFileURL(file).href)) as WorkerEntry;
  const replies: readonly WarmReply[] = await entry.warm([readRevision(command)]);
  if (!replies.every(({ ok }) => ok)) throw new Error('the revision does not compile');
  const reviews = reviewsOf(
    { kind: command.storm ? 'storm' : 'distinct', count: command.count, seed: SEED, annotations: command.annotations },
    { extraEnv: command.extraEnv },
  );
  const texts = Array.from({ length: command.count }, () => JSON.stringify(reviews.next().value));
  const large = (texts[0]?.length ?? 0) > BURST_REVIEW_BYTES;
  return { entry, reviews: texts, burst: large ? 1 : BURST };
}

function readRevision({ texts, provider }: PrepareCommand): RevisionSource {
  return { digest: DIGEST, mesh: provider, name: 'default', spec: readSpec(texts, provider) };
}

function readSpec(folder: string, provider: BenchProvider): RevisionSource['spec'] {
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  if (provider === 'linkerd') {
    const [values, trustAnchors] = [read('values.yaml'), read('trust-anchors.pem')];
    return { provider, values, trustAnchors, controlPlaneNamespace: 'linkerd' };
  }
  return {
    provider: 'istio',
    injectConfig: read('inject-config.yaml'),
    values: read('values.json'),
    meshConfig: read('mesh.configmap.yaml'),
    revision: 'default',
    platform: '',
    compliancePolicy: '',
    env: {},
    nativeSidecars: 'Auto',
  };
}

function isPatched(entry: WorkerEntry, review: string): boolean {
  const reply = entry.injectOne({ revision: DIGEST, review, params: {}, cluster: NO_CLUSTER });
  return reply.ok && reply.result.outcome.kind === 'patched';
}

function calibrate(review: string): boolean {
  return JSON.stringify(JSON.parse(review)).length > 0;
}

function repeat({ reviews, burst }: Bench, ms: number, work: (review: string) => boolean): CoreWindow {
  const start = performance.now();
  let requests = 0;
  let errors = 0;
  let elapsed = 0;
  while (elapsed < ms) {
    for (let i = 0; i < burst; i++) if (!work(reviews[next++ % reviews.length] ?? '')) errors++;
    requests += burst;
    elapsed = performance.now() - start;
  }
  return { requests, errors, seconds: elapsed / 1_000 };
}
