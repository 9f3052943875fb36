/** From the start of the process to its ready line, with ten revisions and nothing kept from before. */
import { type Figure, figure, type Section } from '../figures.ts';
import { type BenchRun, policyOf } from '../run.ts';
import { ratios } from '../statistics.ts';
import { startGatewaySubject } from '../subject.ts';
import { OURS, THEIRS } from './servers.ts';

const REVISIONS = 10;

export async function measureColdStart(run: BenchRun): Promise<Section> {
  const { options, root } = run;
  const policy = policyOf(run, REVISIONS);
  const roots = [root, ...(options.against === null ? [] : [options.against])];
  const times = roots.map((): number[] => []);
  for (let round = 0; round < options.rounds; round++) {
    for (const [i, from] of roots.entries()) {
      const start = performance.now();
      const args = ['--workers', String(options.workers)];
      const subject = await startGatewaySubject({ name: OURS, policy, root: from, args, cores: null });
      times[i]?.push(performance.now() - start);
      await subject.stop();
    }
  }
  const [ours = [], theirs = []] = times;
  const figures: Figure[] = [figure(`${OURS}: from start to ready`, 'ms', ours)];
  if (options.against !== null) {
    figures.push(figure(`${THEIRS}: from start to ready`, 'ms', theirs));
    figures.push(figure(`${OURS} to ${THEIRS}, time`, '', ratios(ours, theirs)));
  }
  const title = `cold-start: ${REVISIONS} revisions, ${policy.description}, all cores, a new state folder each time`;
  return { mode: 'cold-start', title, figures, notes: [], errors: 0 };
}
