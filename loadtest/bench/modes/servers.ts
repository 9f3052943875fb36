/**
 * Gateways beside the yardstick under load, the comparison that most modes are made of: all run on one core, the generator on another,
 * and they take turns.
 */

import { GENERATOR_CORE } from '../cores.ts';
import { errorsOf, type Figure, limitNotes, ratioFigures, type Section, subjectFigures } from '../figures.ts';
import { Generator } from '../load/generator.ts';
import type { LoadWindow, ReviewsSpec } from '../load/protocol.ts';
import type { BenchPolicy } from '../policy.ts';
import { measureRounds, type RoundSubject } from '../rounds.ts';
import { type BenchRun, policyOf, reviewsSpec } from '../run.ts';
import { type Subject, startGatewaySubject, startYardstick } from '../subject.ts';

export const OURS = 'gateway';
export const THEIRS = 'gateway of --against';
export const YARDSTICK = 'yardstick';

/** A look at the gateway's answers, to give the yardstick's the same size. */
const PROBE_MS = 300;

export interface Servers {
  readonly generator: Generator;
  readonly subjects: readonly Subject[];
  readonly answerBytes: number;
  readonly policy: BenchPolicy;
}

/** Starts this checkout's gateway, that of --against, and a yardstick that answers as much as they do; ends them after `use`. */
export async function withServers<T>(
  run: BenchRun,
  kind: ReviewsSpec['kind'],
  use: (servers: Servers) => Promise<T>,
): Promise<T> {
  const { options } = run;
  const policy = policyOf(run);
  const args = ['--workers', String(options.workers)];
  const generator = new Generator(GENERATOR_CORE);
  const subjects: Subject[] = [];
  const open = async (subject: Subject): Promise<void> => {
    subjects.push(subject);
    const { name, urls } = subject;
    await generator.open({ name, urls, connections: options.connections, reviews: reviewsSpec(kind, policy) });
  };
  try {
    const profile = options.profile ?? undefined;
    await open(await startGatewaySubject({ name: OURS, policy, root: run.root, args, profile }));
    if (options.against !== null) {
      await open(await startGatewaySubject({ name: THEIRS, policy, root: options.against, args }));
    }
    const { answerBytes } = await generator.capacity(OURS, PROBE_MS);
    await open(await startYardstick(run.folder, answerBytes));
    return await use({ generator, subjects, answerBytes, policy });
  } finally {
    generator.stop();
    await Promise.all(subjects.map((subject) => subject.stop()));
  }
}

/** A subject that answers as fast as it can. */
export function capacitySubject(generator: Generator, { name, pid }: Subject): RoundSubject<LoadWindow> {
  return { name, pid, run: (ms) => generator.capacity(name, ms) };
}

/** Capacity beside the yardstick's: the modes `distinct` and `storm`. */
export function measureCapacity(run: BenchRun, kind: ReviewsSpec['kind']): Promise<Section> {
  const { options, warm } = run;
  return withServers(run, kind, async ({ generator, subjects, answerBytes, policy }) => {
    const plan = { rounds: options.rounds, windowMs: options.windowMs, warm };
    const measured = await measureRounds(
      subjects.map((subject) => capacitySubject(generator, subject)),
      plan,
    );
    const names = subjects.map(({ name }) => name);
    const of = (name: string) => measured[names.indexOf(name)] ?? [];
    const figures: Figure[] = names.flatMap((name) => subjectFigures(name, of(name)));
    for (const name of names) {
      if (name !== YARDSTICK) figures.push(...ratioFigures(`${name} to yardstick`, of(name), of(YARDSTICK)));
    }
    if (options.against !== null) figures.push(...ratioFigures(`${OURS} to ${THEIRS}`, of(OURS), of(THEIRS)));
    const spec = reviewsSpec(kind, policy);
    return {
      mode: kind,
      title: `${kind}: over HTTPS on one core, ${policy.description}, ${spec.count} ${kind} reviews, answers of ${answerBytes} bytes, ${options.connections} connections`,
      figures,
      notes: limitNotes(names, measured),
      errors: errorsOf(measured),
    };
  });
}
