/**
 * Compares Meshgate with what the real injectors answered: `npm run conformance -- --corpus DIR`.
 *
 *   --corpus DIR               recorded answers; default MESHGATE_CORPUS, else shared/corpus beside the checkout
 *   --provider istio|linkerd   one of the two
 *   --release NAME             what one release has answered (1.26.8, version-2.19), or `all` recorded releases; without it, those and the
 *                              newest
 *   --only PATTERN             cases whose `PROVIDER/SET ID` holds the text, or matches it as a regular expression in /slashes/
 *   --via core|https|cli       reviews in process (default), reviews through the real gateway, files through the command line
 *   --json FILE                the counts and all differences as JSON
 *
 * Prints a line for each set and the first difference of each case that fails. Exit codes: 0 all equal, 1 differences, 2 wrong use, 3 no
 * cases, or a gateway that does not start.
 */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Failure, ProviderName, ReviewCase } from './review-case.ts';
import { countLine, failureLine, Tally } from './tally.ts';

const PROVIDERS: readonly ProviderName[] = ['istio', 'linkerd'];
const ROUTES = ['core', 'https', 'cli'] as const;
type RouteName = (typeof ROUTES)[number];

interface Options {
  readonly providers: readonly ProviderName[];
  readonly via: RouteName;
  readonly only: (name: string) => boolean;
  /** Of the sets, by their names. */
  readonly ofRelease: (set: string) => boolean;
  readonly json: string | undefined;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      corpus: { type: 'string' },
      provider: { type: 'string' },
      release: { type: 'string' },
      only: { type: 'string' },
      via: { type: 'string', default: 'core' },
      json: { type: 'string' },
    },
  });
  if (values.corpus !== undefined) process.env.MESHGATE_CORPUS = resolve(values.corpus);
  const via = ROUTES.find((route) => route === values.via);
  if (via === undefined) throw new Error(`--via is one of ${ROUTES.join(', ')}`);
  const providers = PROVIDERS.filter((name) => values.provider === undefined || name === values.provider);
  if (providers.length === 0) throw new Error(`--provider is one of ${PROVIDERS.join(', ')}`);
  if (values.release !== undefined && via === 'cli') throw new Error('--release is about reviews: --via core or https');
  return { providers, via, only: matcher(values.only), ofRelease: releaseMatcher(values.release), json: values.json };
}

function releaseMatcher(release: string | undefined): (set: string) => boolean {
  if (release === undefined) return () => true;
  return (set) => set.startsWith(release === 'all' ? 'releases/' : `releases/${release}/`);
}

function matcher(pattern: string | undefined): (name: string) => boolean {
  if (pattern === undefined) return () => true;
  const expression = /^\/(.*)\/$/.exec(pattern)?.[1];
  if (expression === undefined) return (name) => name.includes(pattern);
  const compiled = new RegExp(expression);
  return (name) => compiled.test(name);
}

function setOf({ provider, set }: { readonly provider: ProviderName; readonly set: string }): string {
  return `${provider}/${set}`;
}

/** Reviews that can be compared; the others are told. */
async function* reviews({ providers, only, ofRelease }: Options, tally: Tally): AsyncGenerator<ReviewCase> {
  const { reviewCases } = await import('./review-case.ts');
  for (const provider of providers) {
    for (const recorded of reviewCases(provider)) {
      if (!ofRelease(recorded.set) || !only(`${setOf(recorded)} ${recorded.id}`)) continue;
      if (recorded.excluded === null) yield recorded;
      else tally.exclude(setOf(recorded), recorded.excluded);
    }
  }
}

async function throughCore(options: Options, tally: Tally): Promise<void> {
  const { CoreRoute } = await import('./core-route.ts');
  const { judge } = await import('./review-case.ts');
  const route = new CoreRoute();
  for await (const recorded of reviews(options, tally)) {
    const set = setOf(recorded);
    try {
      const answer = route.answer(recorded);
      if (answer === null) tally.exclude(set, 'about HTTP');
      else tally.add(set, recorded.id, judge(recorded, answer));
    } catch (error) {
      tally.add(set, recorded.id, thrown(error));
    }
  }
}

async function throughHttps(options: Options, tally: Tally): Promise<void> {
  const { answerOverHttps, notForHttps } = await import('./https-route.ts');
  const { judge } = await import('./review-case.ts');
  const cases: ReviewCase[] = [];
  for await (const recorded of reviews(options, tally)) {
    const reason = notForHttps(recorded);
    if (reason === null) cases.push(recorded);
    else tally.exclude(setOf(recorded), reason);
  }
  if (cases.length === 0) return;
  await answerOverHttps(cases, (recorded, answer) => {
    if (answer === null) tally.exclude(setOf(recorded), 'policy files can not say it');
    else tally.add(setOf(recorded), recorded.id, judge(recorded, answer));
  });
}

async function throughCli({ providers, only }: Options, tally: Tally): Promise<void> {
  const { fileCases } = await import('./cli-route.ts');
  for (const provider of providers) {
    for (const recorded of fileCases(provider)) {
      const set = setOf(recorded);
      if (only(`${set} ${recorded.id}`)) tally.add(set, recorded.id, await recorded.run().catch(thrown));
    }
  }
}

/** A configuration that does not compile, most likely. */
function thrown(error: unknown): Failure {
  return { path: 'error', expected: 'an answer', actual: error instanceof Error ? error.message : String(error) };
}

const RUNS: Readonly<Record<RouteName, (options: Options, tally: Tally) => Promise<void>>> = {
  core: throughCore,
  https: throughHttps,
  cli: throughCli,
};

async function main(): Promise<number> {
  let options: Options;
  try {
    options = readOptions();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 2;
  }
  const start = performance.now();
  const tally = new Tally();
  try {
    await RUNS[options.via](options, tally);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 3;
  }
  const { corpusPath } = await import('./corpus.ts');
  const { sets, failures } = tally;
  const total = sets.reduce((sum, { passed, failed }) => sum + passed + failed, 0);
  const seconds = (performance.now() - start) / 1000;
  for (const failure of failures) console.log(failureLine(failure));
  for (const count of sets) console.log(countLine(count));
  console.log(
    `${total - failures.length} of ${total} as recorded, by way of ${options.via}, in ${seconds.toFixed(1)} s`,
  );
  if (options.json !== undefined) {
    const report = { corpus: corpusPath(), via: options.via, total, failed: failures.length, seconds, sets, failures };
    writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  }
  if (total === 0) {
    console.error(`no cases: is ${corpusPath()} a corpus, and does --only name any?`);
    return 3;
  }
  return failures.length === 0 ? 0 : 1;
}

process.exitCode = await main();
