/**
 * `node loadtest/bench/merge.ts [--seconds N]`: µs for strategic merge and for making, applying and proving the JSON patch, our own
 * beside fast-json-patch, in one run on one core. Pods are the recorded ones of the corpus (a review's object, and what Istio made
 * of it); without a corpus, the fleet's pods with an overlay of this file. Medians over the pods of medians over the rounds.
 */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import fastJsonPatch from 'fast-json-patch';
import { corpusPath, readCorpusLines } from '../../test/conformance/corpus.ts';
import { applyPatch } from '../../workers/jsonpatch/apply.ts';
import { diff } from '../../workers/jsonpatch/diff.ts';
import type { Operation } from '../../workers/jsonpatch/operation.ts';
import { provePatch } from '../../workers/jsonpatch/prove.ts';
import { normalizePod } from '../../workers/kube/typed-pod.ts';
import { strategicMergePatch } from '../../workers/merge/strategic-merge.ts';
import type { JsonObject, JsonValue } from '../../workers/template/value.ts';
import { distinctReviews } from '../fleet/fleet.ts';

const { values: options } = parseArgs({ options: { seconds: { type: 'string', default: '1' } } });
const ROUNDS = 7;
const roundMs = (Number(options.seconds) * 1000) / ROUNDS;

/** A pod before and after, and an overlay that brings most of the change. */
interface Sample {
  readonly before: JsonObject;
  readonly after: JsonObject;
  readonly overlay: JsonObject;
}

const SIDECAR: JsonObject = {
  metadata: {
    labels: { 'service.istio.io/canonical-revision': 'latest' },
    annotations: { 'sidecar.istio.io/status': '{}' },
  },
  spec: {
    initContainers: [{ name: 'istio-init', image: 'proxyv2', args: ['istio-iptables', '-p', '15001', '-z', '15006'] }],
    containers: [
      {
        name: 'istio-proxy',
        image: 'proxyv2',
        ports: [{ containerPort: 15090, name: 'http-envoy-prom', protocol: 'TCP' }],
        args: ['proxy', 'sidecar', '--domain', '$(POD_NAMESPACE).svc.cluster.local'],
        env: Array.from({ length: 20 }, (_, i) => ({ name: `ISTIO_META_${i}`, value: `value-${i}` })),
        volumeMounts: ['/var/lib/istio/data', '/etc/istio/proxy', '/etc/istio/pod'].map((mountPath) => ({
          mountPath,
          name: mountPath.slice(1).replaceAll('/', '-'),
        })),
      },
    ],
    volumes: [
      { name: 'istio-data', emptyDir: {} },
      { name: 'istio-envoy', emptyDir: { medium: 'Memory' } },
    ],
  },
};

function samples(): { readonly what: string; readonly samples: readonly Sample[] } {
  if (!existsSync(corpusPath('istio', 'generated'))) {
    const reviews = distinctReviews({ seed: 1 });
    const pods = Array.from({ length: 50 }, () => reviews.next().value.request.object as JsonObject);
    const made = pods.map((before) => ({ before, after: strategicMergePatch(before, SIDECAR), overlay: SIDECAR }));
    return { what: 'fleet pods (no corpus here)', samples: made };
  }
  const found: Sample[] = [];
  for (const set of ['classic', 'native', 'custom']) {
    const requests = readCorpusLines('istio', 'generated', set, 'requests.ndjson');
    const pods = readCorpusLines('istio', 'generated', set, 'pods.ndjson');
    for (const [i, line] of requests.entries()) {
      const before = (line as { review: { request: { object: JsonObject } } }).review.request.object;
      const after = pods[i] as JsonObject | null;
      if (after !== null && before !== null) found.push({ before, after, overlay: overlayOf(before, after) });
    }
  }
  return { what: `recorded pods of ${corpusPath('istio', 'generated')}`, samples: found };
}

/** What `after` has more: labels, annotations, and elements of the pod's lists with new names. */
function overlayOf(before: JsonObject, after: JsonObject): JsonObject {
  const member = (object: JsonValue | undefined, key: string): JsonValue | undefined =>
    typeof object === 'object' && object !== null && !Array.isArray(object) ? object[key] : undefined;
  const spec: JsonObject = {};
  for (const list of ['initContainers', 'containers', 'volumes']) {
    const old = (member(before.spec, list) ?? []) as JsonObject[];
    const made = (member(after.spec, list) ?? []) as JsonObject[];
    const names = new Set(old.map(({ name }) => name));
    spec[list] = made.filter(({ name }) => !names.has(name));
  }
  const { labels = {}, annotations = {} } = (after.metadata ?? {}) as JsonObject;
  return { metadata: { labels, annotations }, spec };
}

/** Median over the inputs of the median time of one call, in µs. */
function measure<T>(inputs: readonly T[], work: (input: T) => unknown): number {
  const warmUp = performance.now();
  let calls = 0;
  for (; performance.now() - warmUp < roundMs; calls += inputs.length) for (const input of inputs) work(input);
  // As many calls an input as fit into a round.
  const repeats = Math.max(1, Math.floor(calls / inputs.length));
  const perInput: number[][] = inputs.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, input] of inputs.entries()) {
      const start = performance.now();
      for (let n = 0; n < repeats; n++) work(input);
      perInput[i]?.push(((performance.now() - start) / repeats) * 1000);
    }
  }
  return median(perInput.map(median));
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
}

function clone<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

function bytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

interface Patched {
  readonly before: JsonObject;
  readonly after: JsonObject;
  readonly patch: Operation[];
}

function withOurs({ before, after }: Sample): Patched {
  return { before, after, patch: diff(before, after) };
}

function withTheirs({ before, after }: Sample): Patched {
  return { before, after, patch: fastJsonPatch.compare(before, after) as Operation[] };
}

type TheirPatch = Parameters<typeof fastJsonPatch.applyPatch>[1];

const ours = {
  merge: ({ before, overlay }: Sample) => strategicMergePatch(before, overlay),
  normalize: (pod: JsonObject) => normalizePod(pod),
  diff: ({ before, after }: Sample) => diff(before, after),
  apply: ({ before, patch }: Patched) => applyPatch(before, patch),
  prove: ({ before, after, patch }: Patched) => provePatch(before, after, patch),
};
const theirs = {
  diff: ({ before, after }: Sample) => fastJsonPatch.compare(before, after),
  // Without changing the document, which the request still needs.
  apply: ({ before, patch }: Patched) =>
    fastJsonPatch.applyPatch(before, patch as TheirPatch, false, false).newDocument,
};

const { what, samples: pods } = samples();
/** Both sides parsed from text: nothing is shared. */
const parsed = pods.map(({ before, after, overlay }) => ({ before: clone(before), after: clone(after), overlay }));
/** What the request path has: the merged pod shares with the pod it came from. */
const merged = pods.map(({ before, overlay }) => ({ before, after: strategicMergePatch(before, overlay), overlay }));
const typed = pods.map(({ before }) => normalizePod(before));

const env = Array.from({ length: 20_000 }, (_, i) => ({ name: `V${i}`, value: `${i}` }));
const inserted = [...env.slice(0, 7), { name: 'NEW', value: '' }, ...env.slice(7)];
const big = [{ before: clone({ env }), after: clone({ env: inserted }), overlay: {} }];

const rows: readonly (readonly [string, number])[] = [
  ['strategicMergePatch', measure(pods, ours.merge)],
  [
    'normalizePod of the merged pod',
    measure(
      merged.map((sample) => sample.after),
      ours.normalize,
    ),
  ],
  ['normalizePod of a pod in typed form', measure(typed, ours.normalize)],
  ['diff, nothing shared', measure(parsed, ours.diff)],
  ['diff, merged from the pod', measure(merged, ours.diff)],
  ['compare of fast-json-patch, nothing shared', measure(parsed, theirs.diff)],
  ['compare of fast-json-patch, merged from the pod', measure(merged, theirs.diff)],
  ['applyPatch', measure(parsed.map(withOurs), ours.apply)],
  ['applyPatch of fast-json-patch, same patch', measure(parsed.map(withOurs), theirs.apply)],
  ['applyPatch of fast-json-patch, its own patch', measure(parsed.map(withTheirs), theirs.apply)],
  ['provePatch, nothing shared', measure(parsed.map(withOurs), ours.prove)],
  ['provePatch, merged from the pod', measure(merged.map(withOurs), ours.prove)],
  ['diff, one of 20,000 variables inserted', measure(big, ours.diff)],
  ['compare of fast-json-patch, the same', measure(big, theirs.diff)],
];
const size = (of: (sample: Sample) => unknown): number => median(pods.map((sample) => bytes(of(sample))));
console.log(
  `Node ${process.version}; ${pods.length} ${what}: pod ${size((s) => s.before)} bytes, overlay ${size((s) => s.overlay)}, ` +
    `pod after ${size((s) => s.after)}`,
);
for (const [name, micros] of rows) console.log(`${micros.toFixed(1).padStart(8)} µs  ${name}`);
for (const [name, patched] of [
  ['diff', parsed.map(withOurs)],
  ['compare of fast-json-patch', parsed.map(withTheirs)],
  ['diff, 20,000 variables', big.map(withOurs)],
  ['compare of fast-json-patch, 20,000 variables', big.map(withTheirs)],
] as const) {
  const wrong = patched.filter(({ before, after, patch }) => !provePatch(before, after, patch)).length;
  const [length, count] = [median(patched.map((p) => bytes(p.patch))), median(patched.map((p) => p.patch.length))];
  console.log(`${name}: patch of ${length} bytes, ${count} operations; ${wrong} not proved`);
}
